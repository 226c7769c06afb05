// Lets a gateway refuse orders of a sold-out drop by itself (H7) without breaking replays (O3): a
// bitmap of the fingerprints of all users who have an order in the drop. A user who is not in it
// has none; the orders of others go to the owner, who knows their keys, and names the order that
// stands in their way (O6a). Valid only at its own version.
//
// Gateways that do not know filters by user ask for one of the pairs of user and key.

import type { OrderFilter } from '../contracts/orders.ts';
import type { DropState } from './drop-state.ts';
import { fnv1a } from './ids.ts';
import { textHash } from './text-index.ts';

/** With 16 bits an entry, at most one of 16 users without an order costs a request to the owner. */
const BITS_PER_ENTRY = 16;
/**
 * 512 KiB, so that a filter fits into one message between nodes. With more than 262,144 entries
 * more users without an order cost a request to the owner.
 */
const BITS_MAX = 2 ** 22;

/**
 * Whether the user may have an order that the owner must be asked about. Two fingerprints may be
 * the same: that costs a request to the owner, never a wrong answer.
 */
export function mayHaveOrder(filter: OrderFilter, userId: string, key: string): boolean {
  const fingerprint = filter.by === 'user' ? textHash(userId, 0) : textHash(key, fnv1a(userId));
  const bit = fingerprint & (filter.bitmap.length * 8 - 1);
  return (filter.bitmap[bit >>> 3]! & (1 << (bit & 7))) !== 0;
}

/** Takes about 5 ms for a million entries: it reads hashes that the drop stores already. */
export function orderFilter(state: DropState, by: OrderFilter['by']): OrderFilter {
  const index = by === 'user' ? state.users : state.orders.keys;
  let bits = 64;
  while (bits < index.size * BITS_PER_ENTRY && bits < BITS_MAX) bits *= 2;
  const bitmap = new Uint8Array(bits / 8);
  let left = index.size;
  for (const segment of index.segments) {
    const count = Math.min(left, segment.hashes.length);
    for (let at = 0; at < count; at++) {
      const bit = segment.hashes[at]! & (bits - 1);
      bitmap[bit >>> 3]! |= 1 << (bit & 7);
    }
    left -= count;
  }
  return by === undefined
    ? { version: state.version, bitmap }
    : { version: state.version, by, bitmap };
}
