// What waits for its time, in the order in which it came: added one by one, taken by whole buckets,
// so that adding costs an append to an array and nothing is removed one by one.

interface Bucket<Item> {
  readonly items: Item[];
  weight: number;
}

export class HoldQueue<Item> {
  readonly #bucketsMax: number;
  readonly #countMax: number;
  readonly #take: (items: readonly Item[]) => void;
  #current: Bucket<Item> = { items: [], weight: 0 };
  /** The oldest first. */
  #full: Bucket<Item>[] = [];
  #count = 0;
  /** Items that were taken before their time, for want of room. */
  hurried = 0;

  /** `delayTurns`: an item is taken at the turn with this number after it was added. */
  constructor(options: {
    readonly delayTurns: number;
    readonly countMax: number;
    readonly take: (items: readonly Item[]) => void;
  }) {
    this.#bucketsMax = options.delayTurns;
    this.#countMax = options.countMax;
    this.#take = options.take;
  }

  get count(): number {
    return this.#count;
  }

  /** `weight`: how many it counts for. */
  add(item: Item, weight = 1): void {
    if (this.#count >= this.#countMax) this.#hurry();
    this.#current.items.push(item);
    this.#current.weight += weight;
    this.#count += weight;
  }

  turn(): void {
    this.#full.push(this.#current);
    this.#current = { items: [], weight: 0 };
    if (this.#full.length > this.#bucketsMax) this.#takeOldest();
  }

  takeAll(): void {
    this.turn();
    while (this.#full.length > 0) this.#takeOldest();
  }

  #hurry(): void {
    const before = this.#count;
    if (this.#full.every(({ weight }) => weight === 0)) {
      this.#full.push(this.#current);
      this.#current = { items: [], weight: 0 };
    }
    while (this.#count === before) this.#takeOldest();
    this.hurried += before - this.#count;
  }

  #takeOldest(): void {
    const { items, weight } = this.#full.shift()!;
    this.#count -= weight;
    this.#take(items);
  }
}
