// Random choices from a seed: mulberry32, 32 bits of state, by Tommy Ettinger
// <https://gist.github.com/tommyettinger/46a874533244883189143505d203312c>. Not for secrets.

export class Random {
  #state: number;

  constructor(options: { readonly seed: number }) {
    this.#state = options.seed | 0;
  }

  /** 0 or more, below 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number from `min` to `max`, both inclusive. */
  integer(min: number, max: number): number {
    return min + Math.floor(this.next() * (max - min + 1));
  }

  chance(share: number): boolean {
    return this.next() < share;
  }

  /** `undefined` only for an empty list. */
  pick<T>(list: readonly T[]): T | undefined {
    return list[Math.floor(this.next() * list.length)];
  }
}

/** Returns every kind once, in random order, before it repeats a kind. */
export class Bag<T> {
  readonly #random: Random;
  readonly #kinds: readonly T[];
  #left: T[] = [];

  constructor(random: Random, kinds: readonly T[]) {
    this.#random = random;
    this.#kinds = kinds;
  }

  take(): T {
    if (this.#left.length === 0) this.#left = [...this.#kinds];
    const [taken] = this.#left.splice(this.#random.integer(0, this.#left.length - 1), 1);
    return taken!;
  }
}
