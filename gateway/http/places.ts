// Counts who has how many of something that is bounded: live streams, replies that take long. Keys
// are users, addresses, or all together. Where a process has several gateway threads they share
// the counts, and no bound is passed over all of them.

import { SharedTable } from '../../actors/threads/shared-table.ts';

export interface Places {
  /** Takes one more of the key. False, and nothing is taken: there are `max` already. */
  take(key: string, max: number): boolean;
  /** Of what was taken, once each. */
  release(key: string): void;
}

/** Of one thread. */
export class OwnPlaces implements Places {
  readonly #counts = new Map<string, number>();

  take(key: string, max: number): boolean {
    const count = this.#counts.get(key) ?? 0;
    if (count >= max) return false;
    this.#counts.set(key, count + 1);
    return true;
  }

  release(key: string): void {
    const left = this.#counts.get(key)! - 1;
    if (left > 0) this.#counts.set(key, left);
    else this.#counts.delete(key);
  }
}

/** Of all threads that have the table. Where it is full nothing more is taken. */
export class SharedPlaces implements Places {
  readonly #table: SharedTable;

  constructor(table: SharedArrayBuffer) {
    this.#table = new SharedTable(table);
  }

  take(key: string, max: number): boolean {
    const table = this.#table;
    const { values, lock } = table;
    lock.acquire();
    let place = table.find(key);
    const count = place === -1 ? 0 : values[place]!;
    const isFree = count < max;
    if (isFree && place === -1) place = table.insert(0, false);
    if (isFree && place !== -1) values[place] = count + 1;
    lock.release();
    return isFree && place !== -1;
  }

  release(key: string): void {
    const table = this.#table;
    table.lock.acquire();
    const place = table.find(key);
    if (place !== -1) table.values[place]! -= 1;
    table.lock.release();
  }
}
