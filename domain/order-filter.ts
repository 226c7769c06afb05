// Lets a gateway answer "sold out" by itself (H7) without breaking replays (O3): a bitmap of the
// fingerprints of all orders of a sold-out drop. A pair of user and key that is not in the bitmap
// has no order; for a pair in the bitmap the gateway asks the owner. Valid only at its own version.

import type { OrderFilter } from '../contracts/orders.ts';
import type { DropState } from './drop-state.ts';
import { fnv1a } from './ids.ts';
import { textHash } from './text-index.ts';

/** With 16 bits an order, at most one of 16 pairs without an order costs a request to the owner. */
const BITS_PER_ORDER = 16;
/**
 * 512 KiB, so that a filter fits into one message between nodes. With more than 262,144 orders more
 * pairs without an order cost a request to the owner.
 */
const BITS_MAX = 2 ** 22;

/**
 * A hash of 32 bits of (user, key). Two pairs may share a fingerprint: that costs a request to the
 * owner, never a wrong answer.
 */
export function orderFingerprint(userId: string, key: string): number {
  return textHash(key, fnv1a(userId));
}

export function filterHas(filter: OrderFilter, fingerprint: number): boolean {
  const bit = fingerprint & (filter.bitmap.length * 8 - 1);
  return (filter.bitmap[bit >>> 3]! & (1 << (bit & 7))) !== 0;
}

/** Takes about 5 ms for a million orders: it reads hashes that the order table stores already. */
export function orderFilter(state: DropState): OrderFilter {
  let bits = 64;
  while (bits < state.orders.size * BITS_PER_ORDER && bits < BITS_MAX) bits *= 2;
  const bitmap = new Uint8Array(bits / 8);
  let left = state.orders.size;
  for (const segment of state.orders.keys.segments) {
    const count = Math.min(left, segment.hashes.length);
    for (let at = 0; at < count; at++) {
      const bit = segment.hashes[at]! & (bits - 1);
      bitmap[bit >>> 3]! |= 1 << (bit & 7);
    }
    left -= count;
  }
  return { version: state.version, bitmap };
}
