// Groups connections by the second in which their tokens end (N9). Buckets replace a timer for each
// connection: fifty thousand connections cost one timer, and once a second a check of each distinct
// second.

export class ExpiryBuckets<Item> {
  readonly #buckets = new Map<number, Set<Item>>();

  get isEmpty(): boolean {
    return this.#buckets.size === 0;
  }

  /**
   * `second`: seconds since the Unix epoch, a whole number. The next `take` also returns seconds
   * that were already past.
   */
  add(item: Item, second: number): void {
    const bucket = this.#buckets.get(second);
    if (bucket === undefined) this.#buckets.set(second, new Set([item]));
    else bucket.add(item);
  }

  remove(item: Item, second: number): void {
    const bucket = this.#buckets.get(second);
    if (bucket === undefined) return;
    bucket.delete(item);
    if (bucket.size === 0) this.#buckets.delete(second);
  }

  /** Removes and returns at most `limit` items whose second is `now` or earlier. */
  take(now: number, limit: number): Item[] {
    const items: Item[] = [];
    for (const [second, bucket] of this.#buckets) {
      if (second > now) continue;
      for (const item of bucket) {
        if (items.length === limit) return items;
        items.push(item);
        bucket.delete(item);
      }
      this.#buckets.delete(second);
    }
    return items;
  }
}
