// When a shard held here goes to another node: at once where there is a reason that cannot wait,
// else when that node has been wanted for long enough; and after a move that was not done, later
// each time.

/**
 * How long another node must be wanted before a shard goes there: nodes that come and go move
 * nothing.
 */
const WANTED_FOR_MS = 1_000;
const MOVE_RETRY_FIRST_MS = 1_000;
const MOVE_RETRY_MAX_MS = 30_000;

export class DeparturePlan {
  #underWay = false;
  /** Since when another node is wanted; null: this one is. */
  #elsewhereSince: number | null = null;
  #failures = 0;
  #notBefore = -Infinity;

  get isUnderWay(): boolean {
    return this.#underWay;
  }

  /** This node should have the shard. */
  stay(): void {
    this.#elsewhereSince = null;
  }

  /**
   * Another node should have the shard: whether it is to go now. Times are of the monotonic clock.
   */
  isDue(now: number, cannotWait: boolean): boolean {
    this.#elsewhereSince ??= now;
    const dueAt = cannotWait ? this.#elsewhereSince : this.#elsewhereSince + WANTED_FOR_MS;
    return now >= Math.max(dueAt, this.#notBefore);
  }

  begin(): void {
    this.#underWay = true;
  }

  end(): void {
    this.#underWay = false;
  }

  /** The move ended at this time, and the shard is still here. */
  failed(endedAt: number): void {
    this.#notBefore =
      endedAt + Math.min(MOVE_RETRY_FIRST_MS * 2 ** this.#failures, MOVE_RETRY_MAX_MS);
    this.#failures += 1;
  }
}
