// A first-in-first-out queue whose `shift` is cheap at any length. Its users keep it bounded. A
// long array moves all its items at each `shift`: to empty one of 100,000 takes from 0.4 to 31
// seconds of the event loop, depending on where V8 holds it, and this queue 5 to 9 milliseconds.
// node -e "const a = Array.from({ length: 1e5 }, Object); console.time();
//   while (a.length) a.shift(); console.timeEnd()"

/** The array is compacted once this many items are shifted and they are at least half of it. */
const COMPACT_AT = 1_024;

export class Queue<T> {
  #items: (T | undefined)[] = [];
  #head = 0;

  get length(): number {
    return this.#items.length - this.#head;
  }

  push(item: T): void {
    this.#items.push(item);
  }

  peek(): T | undefined {
    return this.#items[this.#head];
  }

  shift(): T | undefined {
    if (this.#head === this.#items.length) return undefined;
    const item = this.#items[this.#head];
    this.#items[this.#head] = undefined;
    this.#head += 1;
    if (this.#head >= COMPACT_AT && this.#head * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }

  clear(): void {
    this.#items = [];
    this.#head = 0;
  }
}
