// Pauses of a drop during which its holds do not run (D8): a hold's deadline is where its time ends
// by a clock that stands still meanwhile. Deadlines of all holds keep their order, since that clock
// never goes back, so nothing is stored for an order.

/** From and to a moment, in milliseconds since the Unix epoch. `to` is null while it lasts. */
export interface HoldStop {
  readonly from: number;
  readonly to: number | null;
}

/** Of one drop: each deadline is computed over all of them. */
export const HOLD_STOPS_MAX = 32;

/**
 * When a hold ends that began at `since` and would end at `end` without the stops. A stop that
 * lasts counts as long as until `now`: with Infinity the hold has no end yet.
 */
export function deadlineAfter(
  stops: readonly HoldStop[],
  since: number,
  end: number,
  now: number,
): number {
  let deadline = end;
  for (const { from, to } of stops) {
    if (deadline <= from) break;
    deadline += Math.max(0, (to ?? now) - Math.max(from, since));
  }
  return deadline;
}

/** Stops, the last of which lasts, with its end at `now`; one without any length is left out. */
export function ended(stops: readonly HoldStop[], now: number): HoldStop[] | null {
  const last = stops.at(-1);
  if (last === undefined || last.to !== null) return [...stops];
  const before = stops.slice(0, -1);
  const all = last.from < now ? [...before, { from: last.from, to: now }] : before;
  return all.length === 0 ? null : all;
}
