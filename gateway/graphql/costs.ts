// What fields cost. A field without a cost of its own is free: it shows what is there already. The
// unit is a thing that is read, alone or among others of its kind.

import { PAGE_LIMIT_DEFAULT } from '../../contracts/bounds.ts';
import type { ConnectionArgs } from './connections.ts';

export const COSTS = {
  /** Loaded together with all others of its kind. */
  loaded: 1,
  /** A read of its own for each value that has the field. */
  read: 5,
  mutation: 10,
} as const;

/** A list is one read and its items, and what is asked of an item counts for each. */
export function costOfList({ first }: ConnectionArgs): { field: number; multiplier: number } {
  const count = Math.max(0, first ?? PAGE_LIMIT_DEFAULT);
  return { field: COSTS.read + count, multiplier: count };
}
