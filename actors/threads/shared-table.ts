// A table of numbers by key that all threads of a process share. Keys are kept as 64-bit hashes
// with a secret of the table, so that nobody can choose keys that meet; two that meet by chance
// would share their number. A key is in one of `WINDOW` places from its hash on, so that every look
// has a bound.
//
// All methods but `create` are for whoever holds `lock`.

import { randomBytes } from 'node:crypto';
import { assert } from '../../domain/assert.ts';
import { SharedLock } from './shared-lock.ts';

/** Places where a key may be. With a third of a table in use, one in 10^9 keys finds all taken. */
const WINDOW = 64;
/** The lock, the two halves of the secret, and the number of places that were ever used. */
const HEADER_BYTES = 64;
const LOCK = 0;
const SECRET = 1;
const USED = 3;
const FNV_PRIME = 0x01000193;
const OTHER_PRIME = 0x9e3779b1;

/** `places`: a power of two. Each takes 16 bytes, of which the system has none before its use. */
export function createSharedTable(places: number): SharedArrayBuffer {
  assert(places > 0 && (places & (places - 1)) === 0, 'a table has a power of two of places');
  const table = new SharedArrayBuffer(HEADER_BYTES + 16 * (places + WINDOW));
  new Uint8Array(table, 4 * SECRET, 8).set(randomBytes(8));
  return table;
}

export class SharedTable {
  readonly lock: SharedLock;
  readonly values: Float64Array;
  readonly #state: Int32Array;
  readonly #hashes: Int32Array;
  readonly #others: Int32Array;
  readonly #mask: number;
  #hash = 0;
  #other = 0;

  constructor(table: SharedArrayBuffer) {
    const size = (table.byteLength - HEADER_BYTES) / 16;
    this.#state = new Int32Array(table, 0, HEADER_BYTES / 4);
    this.values = new Float64Array(table, HEADER_BYTES, size);
    this.#hashes = new Int32Array(table, HEADER_BYTES + 8 * size, size);
    this.#others = new Int32Array(table, HEADER_BYTES + 12 * size, size);
    this.#mask = size - WINDOW - 1;
    this.lock = new SharedLock(this.#state, LOCK);
  }

  /** Keys that the table has room for, those included whose places may be used again. */
  get used(): number {
    return Atomics.load(this.#state, USED);
  }

  /** The place of the key; -1 where it has none. */
  find(key: string): number {
    this.#hashKey(key);
    const first = this.#hash & this.#mask;
    for (let place = first; place < first + WINDOW; place++) {
      const hash = this.#hashes[place]!;
      if (hash === 0) return -1;
      if (hash === this.#hash && this.#others[place] === this.#other) return place;
    }
    return -1;
  }

  /**
   * A place for the key that `find` did not find just now: one that was never used, or whose value
   * is at most `spent`. Where there is none, the place with the lowest value for `evict`; else -1.
   */
  insert(spent: number, evict: boolean): number {
    const first = this.#hash & this.#mask;
    let lowest = -1;
    for (let place = first; place < first + WINDOW; place++) {
      if (this.#hashes[place] === 0) {
        this.#state[USED]! += 1;
        return this.#take(place);
      }
      if (this.values[place]! <= spent) return this.#take(place);
      if (lowest === -1 || this.values[place]! < this.values[lowest]!) lowest = place;
    }
    return evict ? this.#take(lowest) : -1;
  }

  #take(place: number): number {
    this.#hashes[place] = this.#hash;
    this.#others[place] = this.#other;
    return place;
  }

  /** FNV-1a with a secret twice, mixed as MurmurHash3 does it at its end (A. Appleby). */
  #hashKey(key: string): void {
    let hash = this.#state[SECRET]!;
    let other = this.#state[SECRET + 1]!;
    for (let at = 0; at < key.length; at++) {
      const code = key.charCodeAt(at);
      hash = Math.imul(hash ^ code, FNV_PRIME);
      other = Math.imul(other ^ code, OTHER_PRIME);
    }
    const mixed = mix(hash ^ (other >>> 16));
    // 0 is a place that was never used.
    this.#hash = mixed === 0 ? 1 : mixed;
    this.#other = mix(other ^ mixed);
  }
}

function mix(value: number): number {
  let mixed = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
