// Identifiers. A new id sorts by its time of making; an order's id carries its drop and its ordinal
// there, so that it can be routed without an index (O10).

import { assert } from './assert.ts';

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'; // Crockford's base 32, in lower case
const TIME_LENGTH = 9; // 45 bits of milliseconds: until the year 3084
const RANDOM_BYTES = 10;

export const ID_RANDOM_BYTES = RANDOM_BYTES;

/** `prefix_` and 25 characters: 45 bits of time, then 80 random bits out of `random` (10 bytes). */
export function makeId(prefix: string, timeMs: number, random: Uint8Array): string {
  assert(random.length >= RANDOM_BYTES, 'an id needs 10 random bytes');
  let time = '';
  let rest = timeMs;
  for (let i = 0; i < TIME_LENGTH; i++) {
    time = ALPHABET.charAt(rest % 32) + time;
    rest = Math.floor(rest / 32);
  }
  let tail = '';
  for (let i = 0; i < RANDOM_BYTES; i += 5) {
    let high = random[i]! * 2 ** 12 + random[i + 1]! * 2 ** 4 + (random[i + 2]! >>> 4);
    let low = (random[i + 2]! & 15) * 2 ** 16 + random[i + 3]! * 2 ** 8 + random[i + 4]!;
    let four = '';
    for (let c = 0; c < 4; c++) {
      four = ALPHABET.charAt(low & 31) + four;
      low >>>= 5;
    }
    tail += four;
    four = '';
    for (let c = 0; c < 4; c++) {
      four = ALPHABET.charAt(high & 31) + four;
      high >>>= 5;
    }
    tail += four;
  }
  return `${prefix}_${time}${tail}`;
}

const ORDER_ID = /^([A-Za-z0-9_]{1,64})-([0-9a-z]{1,7})$/;

export function orderId(dropId: string, ordinal: number): string {
  return `${dropId}-${ordinal.toString(36)}`;
}

/** The drop and ordinal that an order id names, or null where it is no order id. */
export function parseOrderId(id: string): { dropId: string; ordinal: number } | null {
  const match = ORDER_ID.exec(id);
  if (match === null) return null;
  const ordinal = Number.parseInt(match[2]!, 36);
  // One spelling for each order: no leading zeros.
  return ordinal.toString(36) === match[2] ? { dropId: match[1]!, ordinal } : null;
}

/** FNV-1a, 32 bits, over the char codes: <http://www.isthe.com/chongo/tech/comp/fnv/>. */
export function fnv1a(text: string, seed = 0x811c9dc5): number {
  let hash = seed;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

export function shardOf(dropId: string, shardCount: number): number {
  return fnv1a(dropId) % shardCount;
}

/**
 * The reference an order is paid under, until the provider names another: derived, so that ordering
 * needs no call to the provider.
 */
export function paymentReference(id: string): string {
  return `pay_${id}`;
}

/** Shards of every cluster. Part of the stored format: a drop's journal is found by it. */
export const SHARD_COUNT = 256;

/**
 * Shards of a data directory that one node makes for itself; the directory keeps the number, since
 * it is part of the stored format as well. With nothing to spread over nodes few are better: orders
 * of many drops share an entry, and an entry costs the same whatever is in it.
 */
export const EMBEDDED_SHARD_COUNT = 8;
