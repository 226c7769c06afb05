// A queue of lines, one for each key, that takes one item of each line in turn: a long line holds
// up no short one. Within a line first comes first. Its users keep it bounded.

import { Queue } from '../queue.ts';

export class FairQueue<T> {
  /** In the order in which they are served; none is empty. */
  readonly #lines = new Map<string, Queue<T>>();

  push(key: string, item: T): void {
    let line = this.#lines.get(key);
    if (line === undefined) {
      line = new Queue();
      this.#lines.set(key, line);
    }
    line.push(item);
  }

  shift(): T | undefined {
    for (const [key, line] of this.#lines) {
      const item = line.shift();
      const isOnly = this.#lines.size === 1;
      if (line.length === 0) this.#lines.delete(key);
      else if (!isOnly) {
        this.#lines.delete(key);
        this.#lines.set(key, line);
      }
      return item;
    }
    return undefined;
  }

  clear(): void {
    this.#lines.clear();
  }
}
