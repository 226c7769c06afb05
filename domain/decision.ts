// What a decision is, and what all decisions have in common: who may, which order is meant, and how
// a refusal says at which version it was made.

import type { DropEvent } from '../contracts/drop-events.ts';
import type { DropView } from '../contracts/drops.ts';
import type { OrderView } from '../contracts/orders.ts';
import type { Refusal, RefusalCode } from '../contracts/refusals.ts';
import type { DropState } from './drop-state.ts';
import { parseOrderId } from './ids.ts';

export interface Decision {
  readonly ok: true;
  readonly events: readonly DropEvent[];
  /** The order the answer is about, or -1 where it is about the drop. */
  readonly ordinal: number;
  /** The order was there before, and is given again (O3). */
  readonly replayed: boolean;
  /** The first answer to the same request, which is the answer again (H11). */
  readonly first?: DropView | OrderView;
}

/**
 * Of what a drop takes in, exact as a number: whoever adds amounts up needs no other arithmetic.
 */
export const TOO_MUCH = `All units together must cost at most ${Number.MAX_SAFE_INTEGER}.`;
export const NO_EVENTS: readonly DropEvent[] = [];

export function aboutDrop(events: readonly DropEvent[]): Decision {
  return { ok: true, events, ordinal: -1, replayed: false };
}

export function aboutOrder(ordinal: number, ...events: DropEvent[]): Decision {
  return { ok: true, events, ordinal, replayed: false };
}

/** A refusal that says at which version it was decided (O8). */
export function refuse(state: DropState, code: RefusalCode, detail?: string): Refusal {
  return detail === undefined
    ? { ok: false, code, version: state.version }
    : { ok: false, code, version: state.version, detail };
}

export function ordinalIn(state: DropState, id: string): number {
  const parsed = parseOrderId(id);
  return parsed !== null && parsed.dropId === state.id && parsed.ordinal < state.orders.size
    ? parsed.ordinal
    : -1;
}

export function isBuyer(state: DropState, ordinal: number, userId: string): boolean {
  return state.findUser(userId) === state.orders.user(ordinal);
}

export function mayManage(
  state: Pick<DropState, 'creatorId'>,
  caller: { userId: string; operator: boolean },
): boolean {
  return caller.operator || caller.userId === state.creatorId;
}

/** The condition of the caller, which holds where there is none (H12). */
export function hasRevision(
  { revision }: DropState,
  ifMatch: readonly number[] | undefined,
): boolean {
  return ifMatch === undefined || ifMatch.includes(revision);
}

export function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 1;
}

export function isExactTotal(units: number, unitAmount: number): boolean {
  return Number.isSafeInteger(units * unitAmount);
}
