// For how long the oldest unread record has waited, by what was unread at each look. All times are
// monotonic.

/** Moments that the oldest unread record is looked up in. */
const MOMENTS_MAX = 1_200;

export class UnreadMoments {
  #moments: { readonly at: number; readonly target: number }[] = [];

  /**
   * `taken`: records that were read since the start; `unread`: those that are there to be read. A
   * full pass counts none, although it leaves none unread: what an earlier look waits for is never
   * more than all that is unread now.
   */
  add(at: number, taken: number, unread: number): void {
    const end = taken + unread;
    if (unread === 0) {
      this.#moments = [];
      return;
    }
    if (this.#moments.some(({ target }) => target > end))
      this.#moments = this.#moments.map((one) => ({ ...one, target: Math.min(one.target, end) }));
    if (this.#moments.length < MOMENTS_MAX) this.#moments.push({ at, target: end });
  }

  ageMs(taken: number, now: number): number {
    while (this.#moments.length > 0 && this.#moments[0]!.target <= taken) this.#moments.shift();
    const [oldest] = this.#moments;
    return oldest === undefined ? 0 : now - oldest.at;
  }
}
