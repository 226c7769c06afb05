// The order of a user's orders (O9): by time, then by ordinal, both as numbers. Orders of two drops
// may have both in common: they are ordered by their ids as texts, and so are ids without an
// ordinal.

import { parseOrderId } from '../../domain/ids.ts';
import type { ListPosition } from './cursor.ts';

const NO_ORDINAL = -1;

export function orderPosition(order: {
  readonly createdAt: number;
  readonly id: string;
}): ListPosition {
  return { time: order.createdAt, id: order.id };
}

/** Less than 0 if `a` is older than `b`, 0 only for the same position. */
export function compareOrderPositions(a: ListPosition, b: ListPosition): number {
  if (a.time !== b.time) return a.time - b.time;
  if (a.id === b.id) return 0;
  return ordinalOf(a.id) - ordinalOf(b.id) || (a.id < b.id ? -1 : 1);
}

function ordinalOf(id: string): number {
  return parseOrderId(id)?.ordinal ?? NO_ORDINAL;
}
