// Live drops in the order in which they started. An array with a binary search: adding one to ten
// thousand moves pointers for a microsecond, and reading the newest needs no sort.

export interface LiveDrop {
  readonly dropId: string;
  readonly creatorId: string;
  readonly productId: string;
  readonly startsAt: number;
  readonly endsAt: number;
}

export class DropsByStart {
  /** The oldest first. */
  readonly #drops: LiveDrop[] = [];

  /** Negative where `a` started first. Drops of one time are in the order of their ids. */
  static #compare(a: LiveDrop, b: LiveDrop): number {
    if (a.startsAt !== b.startsAt) return a.startsAt - b.startsAt;
    return a.dropId < b.dropId ? -1 : Number(a.dropId > b.dropId);
  }

  get oldest(): LiveDrop | undefined {
    return this.#drops[0];
  }

  add(drop: LiveDrop): void {
    this.#drops.splice(this.#indexOf(drop), 0, drop);
  }

  /** Adds a drop where it is among the newest `limit`, which stay. Returns false otherwise. */
  addNewest(drop: LiveDrop, limit: number): boolean {
    if (this.#drops.length >= limit) {
      if (DropsByStart.#compare(drop, this.#drops[0]!) < 0) return false;
      this.#drops.shift();
    }
    this.add(drop);
    return true;
  }

  /** The drop must be there. */
  remove(drop: LiveDrop): void {
    this.#drops.splice(this.#indexOf(drop), 1);
  }

  /** At most `limit` drops that end after `now` and that `wanted` accepts, the newest first. */
  newest(limit: number, now: number, wanted: (drop: LiveDrop) => boolean = () => true): LiveDrop[] {
    const found: LiveDrop[] = [];
    for (let i = this.#drops.length - 1; i >= 0 && found.length < limit; i--) {
      const drop = this.#drops[i]!;
      if (drop.endsAt > now && wanted(drop)) found.push(drop);
    }
    return found;
  }

  /** Where the drop is, or belongs. */
  #indexOf(drop: LiveDrop): number {
    let low = 0;
    let high = this.#drops.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (DropsByStart.#compare(this.#drops[middle]!, drop) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
