// The measurements of a cluster's chaos test: failover times, blackouts, moves and answers.

import type { Move } from '../../sdk/api.ts';
import type { Fault } from './cluster-faults.ts';
import type { OrderAttempt } from './history.ts';

export interface Figures {
  readonly faults: ReadonlyMap<string, number>;
  /** From each kill to the first order, new or replayed, of each drop of the killed node. */
  readonly failoverMs: readonly number[];
  /** The same, only for kills while Redis and NATS were running. */
  readonly undisturbedFailoverMs: readonly number[];
  readonly blackoutMs: readonly number[];
  readonly moves: ReadonlyMap<string, number>;
  readonly statuses: ReadonlyMap<number, number>;
}

/** A fault of Redis or NATS within this time of a kill disturbs the failover. */
const DISTURBED_WITHIN_MS = 6_000;

/**
 * The failover time of each lost drop; drops without a later order are omitted. The orders that are
 * replayed after the sale, in the second round, tell nothing about a drop that was sold out before.
 */
export function failovers(kill: Fault, attempts: readonly OrderAttempt[]): number[] {
  return kill.lostDrops.flatMap((dropId) => {
    let first = Infinity;
    for (const { where, dropId: requestedDrop } of attempts) {
      const isLater = where.beganAt > kill.beganAt && where.round === 1;
      if (requestedDrop !== dropId || !isLater || where.status !== 201) continue;
      first = Math.min(first, where.endedAt);
    }
    return first === Infinity ? [] : [first - kill.beganAt];
  });
}

export function figuresOf(
  faults: readonly Fault[],
  attempts: readonly OrderAttempt[],
  moves: readonly Move[],
  statuses: ReadonlyMap<number, number>,
): Figures {
  const kills = faults.filter(({ kind }) => kind === 'kill');
  const isUndisturbed = (kill: Fault): boolean =>
    !faults.some(
      ({ kind, beganAt, endedAt }) =>
        /^(redis|nats)/.test(kind) &&
        beganAt < kill.beganAt + DISTURBED_WITHIN_MS &&
        endedAt > kill.beganAt - DISTURBED_WITHIN_MS,
    );
  return {
    faults: counts(faults.map(({ kind }) => kind)),
    failoverMs: kills.flatMap((kill) => failovers(kill, attempts)),
    undisturbedFailoverMs: kills.filter(isUndisturbed).flatMap((kill) => failovers(kill, attempts)),
    blackoutMs: moves.flatMap(({ result, blackoutMs }) =>
      result === 'done' && blackoutMs !== null ? [blackoutMs] : [],
    ),
    moves: counts(moves.map(({ result }) => result)),
    statuses,
  };
}

function counts(names: readonly string[]): Map<string, number> {
  const found = new Map<string, number>();
  for (const name of names) found.set(name, (found.get(name) ?? 0) + 1);
  return found;
}

/** The nearest-rank percentile for a share from 0 to 1; null without values. */
export function percentile(values: readonly number[], share: number): number | null {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? null;
}

export function figureLines(figures: Figures): string[] {
  const { faults, failoverMs, undisturbedFailoverMs, blackoutMs, moves, statuses } = figures;
  return [
    `faults: ${listed(faults)}`,
    `failover, from kill -9 to the first order served: ${summary(failoverMs)}; ` +
      `with Redis and NATS there: ${summary(undisturbedFailoverMs)}`,
    `moves: ${listed(moves)}; blackout: ${summary(blackoutMs)}`,
    `answers: ${listed(new Map([...statuses].toSorted(([a], [b]) => a - b)))} (0: none)`,
  ];
}

function listed(found: ReadonlyMap<string | number, number>): string {
  return [...found].map(([name, count]) => `${count} ${name}`).join(', ') || 'none';
}

function summary(values: readonly number[]): string {
  if (values.length === 0) return 'none measured';
  const text = (share: number): string => `${percentile(values, share)} ms`;
  return `p50 ${text(0.5)}, p99 ${text(0.99)}, worst ${text(1)} (of ${values.length})`;
}
