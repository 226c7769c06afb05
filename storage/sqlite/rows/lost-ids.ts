// The ids of notifications that no row has any more, for the rows that are restored. An assigned id
// takes one bit. The time that an id was assigned is known for each id of a small store, and for
// each of some ids of a large one.

import type { RowContents } from './projections-reader-program.ts';

/** Times in memory: 2 MiB. */
const TIMES_MAX = 1 << 18;

/** The ids from 1 to `idMax` that rows have. */
export class AssignedIds {
  readonly idMax: number;
  readonly #bits: Uint8Array;
  /** The latest time of ids with the same quotient by `#idsPerTime`. */
  readonly #times: Float64Array;
  readonly #idsPerTime: number;
  #count = 0;

  constructor(idMax: number) {
    this.idMax = idMax;
    this.#bits = new Uint8Array((idMax >>> 3) + 1);
    this.#idsPerTime = Math.ceil((idMax + 1) / TIMES_MAX);
    this.#times = new Float64Array(Math.ceil((idMax + 1) / this.#idsPerTime));
  }

  get freeCount(): number {
    return this.idMax - this.#count;
  }

  add({ ids, times }: Pick<RowContents, 'ids' | 'times'>): void {
    for (let i = 0; i < ids.length; i++) {
      const id = ids[i]!;
      if (id > this.idMax) continue;
      const at = Math.floor(id / this.#idsPerTime);
      this.#times[at] = Math.max(this.#times[at]!, times[i]!);
      if (this.has(id)) continue;
      this.#bits[id >>> 3]! |= 1 << (id & 7);
      this.#count += 1;
    }
  }

  has(id: number): boolean {
    return (this.#bits[id >>> 3]! & (1 << (id & 7))) !== 0;
  }

  /** The lowest free id above `id`; undefined without one. */
  freeAbove(id: number): number | undefined {
    for (let free = id + 1; free <= this.idMax; free++) {
      if (this.#bits[free >>> 3] === 0xff) free |= 7;
      else if (!this.has(free)) return free;
    }
    return undefined;
  }

  /** Call it after the last `add`: it answers the highest id assigned up to a time; 0 for none. */
  byTime(): (at: number) => number {
    const latest = this.#times;
    for (let i = 1; i < latest.length; i++) latest[i] = Math.max(latest[i]!, latest[i - 1]!);
    return (at) => {
      let [first, last] = [0, latest.length];
      while (first < last) {
        const middle = (first + last) >>> 1;
        if (latest[middle]! <= at) first = middle + 1;
        else last = middle;
      }
      let id = Math.min(first * this.#idsPerTime - 1, this.idMax);
      while (id > 0 && !this.has(id)) id -= 1;
      return Math.max(id, 0);
    };
  }
}

/** The lost ids, assigned from the lowest up. */
export class FreeIds {
  readonly #ids: AssignedIds;
  readonly #idAt: (at: number) => number;
  /** How many ids may be skipped. */
  #spare: number;
  #next: number | undefined;
  #following: number | undefined;

  constructor(ids: AssignedIds, needed: number) {
    this.#ids = ids;
    this.#idAt = ids.byTime();
    this.#spare = ids.freeCount - needed;
    this.#next = ids.freeAbove(0);
    this.#following = this.#after(this.#next);
  }

  /**
   * The next free id. If there are more free ids than needed, the one nearest to the rows of that
   * time. Undefined without a free id. Call it with rising times.
   */
  take(at: number): number | undefined {
    const near = this.#spare > 0 ? this.#idAt(at) : 0;
    while (this.#spare > 0 && this.#following !== undefined) {
      if (Math.abs(this.#following - near) >= Math.abs(this.#next! - near)) break;
      this.#skip();
      this.#spare -= 1;
    }
    const id = this.#next;
    this.#skip();
    return id;
  }

  #skip(): void {
    this.#next = this.#following;
    this.#following = this.#after(this.#next);
  }

  #after(id: number | undefined): number | undefined {
    return id === undefined ? undefined : this.#ids.freeAbove(id);
  }
}
