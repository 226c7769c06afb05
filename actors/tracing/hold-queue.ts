// What waits for its time, in the order in which it came: added one by one, taken by whole buckets,
// so that adding costs an append to an array and nothing is removed one by one.

export class HoldQueue<Item> {
  readonly #bucketsMax: number;
  readonly #countMax: number;
  readonly #take: (items: readonly Item[]) => void;
  #current: Item[] = [];
  /** The oldest first. */
  #full: Item[][] = [];
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

  add(item: Item): void {
    if (this.#count >= this.#countMax) this.#hurry();
    this.#current.push(item);
    this.#count += 1;
  }

  turn(): void {
    this.#full.push(this.#current);
    this.#current = [];
    if (this.#full.length > this.#bucketsMax) this.#takeOldest();
  }

  takeAll(): void {
    this.turn();
    while (this.#full.length > 0) this.#takeOldest();
  }

  #hurry(): void {
    const before = this.#count;
    if (this.#full.length === 0) this.#full.push(this.#current.splice(0));
    while (this.#count === before) this.#takeOldest();
    this.hurried += before - this.#count;
  }

  #takeOldest(): void {
    const items = this.#full.shift()!;
    this.#count -= items.length;
    this.#take(items);
  }
}
