// The buyers of one creator, for telling new ones from those who return. A buyer of a drop is
// whoever had an order of it sold, whatever became of it later. Of all drops of a creator that a
// buyer bought from, the buyer is new in the one with the first sale, and returns in each other.
// Journals of different shards are read in any order, so a sale may turn out to be earlier than the
// one that was taken for the first: then the two change places. In the end it is the same in
// whatever order they were read.
//
// An open-addressed table in typed arrays: about 50 bytes for a buyer, 100 ns for a sale.

/**
 * When an order was sold, with whether that second has sums of its own: a number by which sales are
 * compared. 0: not sold.
 */
export function saleMark(time: number, isFine: boolean): number {
  return time * 2 + (isFine ? 1 : 0);
}
export function timeOfMark(mark: number): number {
  return Math.floor(mark / 2);
}
export function isFineMark(mark: number): boolean {
  return mark % 2 === 1;
}

export interface Sale {
  readonly dropId: string;
  readonly mark: number;
}

/** Where a buyer counts: as new at one sale, or as returning at it. */
export interface BuyerChange {
  readonly sale: Sale;
  readonly name: 'buyersNew' | 'buyersReturning';
  readonly value: 1 | -1;
}

const CAPACITY_FIRST = 1_024;
const FILL_MAX = 0.6;
/** Mixes the drop into a user's hash, so that pairs are spread. */
const DROP_FACTOR = 0x9e3779b1;

/** A set of pairs of 32-bit numbers with a drop's number, each with a slot. */
class Table {
  #capacity = CAPACITY_FIRST;
  low = new Uint32Array(CAPACITY_FIRST);
  high = new Uint32Array(CAPACITY_FIRST);
  /** The drop's number, from 1; 0: the slot is free. */
  drop = new Uint32Array(CAPACITY_FIRST);
  size = 0;
  /** Whether the drop is part of the key. */
  readonly #byDrop: boolean;

  constructor(byDrop: boolean) {
    this.#byDrop = byDrop;
  }

  get capacity(): number {
    return this.#capacity;
  }

  /** The slot of the key, or the free one where it belongs. */
  find(low: number, high: number, drop: number): number {
    const mask = this.#capacity - 1;
    const mixed = this.#byDrop ? low ^ Math.imul(drop, DROP_FACTOR) : low;
    for (let slot = mixed & mask; ; slot = (slot + 1) & mask) {
      const found = this.drop[slot]!;
      if (found === 0) return slot;
      if (this.low[slot] !== low || this.high[slot] !== high) continue;
      if (!this.#byDrop || found === drop) return slot;
    }
  }

  put(slot: number, low: number, high: number, drop: number): void {
    this.low[slot] = low;
    this.high[slot] = high;
    this.drop[slot] = drop;
    this.size += 1;
  }

  get isFull(): boolean {
    return this.size >= this.#capacity * FILL_MAX;
  }

  /** Doubles the table. `moved` gets each slot before and after. */
  grow(moved: (before: number, after: number) => void): void {
    const { low, high, drop } = this;
    this.#capacity *= 2;
    this.low = new Uint32Array(this.#capacity);
    this.high = new Uint32Array(this.#capacity);
    this.drop = new Uint32Array(this.#capacity);
    this.size = 0;
    for (let before = 0; before < drop.length; before++) {
      if (drop[before] === 0) continue;
      const after = this.find(low[before]!, high[before]!, drop[before]!);
      this.put(after, low[before]!, high[before]!, drop[before]!);
      moved(before, after);
    }
  }
}

export class Buyers {
  usedAt = 0;
  readonly #drops: string[] = [''];
  readonly #numbers = new Map<string, number>();
  /** Who has bought in which drop. */
  readonly #pairs = new Table(true);
  /** The first sale of each buyer: its drop, and in `#marks` its mark. */
  readonly #firsts = new Table(false);
  #marks = new Float64Array(CAPACITY_FIRST);

  get bytes(): number {
    return this.#pairs.capacity * 12 + this.#firsts.capacity * 20;
  }

  /**
   * An order was sold to the user with this hash. `changed` gets what that changes, if anything.
   */
  sold(low: number, high: number, sale: Sale, changed: (change: BuyerChange) => void): void {
    const drop = this.#numberOf(sale.dropId);
    const pair = this.#pairs.find(low, high, drop);
    if (this.#pairs.drop[pair] !== 0) return;
    this.#pairs.put(pair, low, high, drop);
    if (this.#pairs.isFull) this.#pairs.grow(() => undefined);
    const slot = this.#firsts.find(low, high, drop);
    const firstDrop = this.#firsts.drop[slot]!;
    if (firstDrop === 0) {
      this.#firsts.put(slot, low, high, drop);
      this.#marks[slot] = sale.mark;
      if (this.#firsts.isFull) this.#growFirsts();
      return changed({ sale, name: 'buyersNew', value: 1 });
    }
    const first: Sale = { dropId: this.#drops[firstDrop]!, mark: this.#marks[slot]! };
    if (!isBefore(sale, first)) return changed({ sale, name: 'buyersReturning', value: 1 });
    this.#firsts.drop[slot] = drop;
    this.#marks[slot] = sale.mark;
    changed({ sale, name: 'buyersNew', value: 1 });
    changed({ sale: first, name: 'buyersNew', value: -1 });
    changed({ sale: first, name: 'buyersReturning', value: 1 });
  }

  /**
   * A sale that was counted before. Such sales come in any order, those of one drop too, and end in
   * the state that they made when they were sold.
   */
  load(low: number, high: number, sale: Sale): void {
    const drop = this.#numberOf(sale.dropId);
    const pair = this.#pairs.find(low, high, drop);
    if (this.#pairs.drop[pair] === 0) {
      this.#pairs.put(pair, low, high, drop);
      if (this.#pairs.isFull) this.#pairs.grow(() => undefined);
    }
    const slot = this.#firsts.find(low, high, drop);
    const firstDrop = this.#firsts.drop[slot]!;
    if (firstDrop === 0) this.#firsts.put(slot, low, high, drop);
    else if (!isBefore(sale, { dropId: this.#drops[firstDrop]!, mark: this.#marks[slot]! })) return;
    this.#firsts.drop[slot] = drop;
    this.#marks[slot] = sale.mark;
    if (this.#firsts.isFull) this.#growFirsts();
  }

  #growFirsts(): void {
    const before = this.#marks;
    this.#marks = new Float64Array(before.length * 2);
    this.#firsts.grow((from, to) => {
      this.#marks[to] = before[from]!;
    });
  }

  #numberOf(dropId: string): number {
    let number = this.#numbers.get(dropId);
    if (number === undefined) {
      number = this.#drops.push(dropId) - 1;
      this.#numbers.set(dropId, number);
    }
    return number;
  }
}

/** At the same time, by the drops' ids. */
function isBefore(a: Sale, b: Sale): boolean {
  const [timeA, timeB] = [timeOfMark(a.mark), timeOfMark(b.mark)];
  return timeA === timeB ? a.dropId < b.dropId : timeA < timeB;
}
