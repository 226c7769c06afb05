// Decides when a held shard leaves for another node: at once for an urgent reason, else when the
// shard has been assigned to another node for long enough. After each failed move the next attempt
// waits longer.

/**
 * How long a shard must be assigned to another node before it leaves. So a node that joins and soon
 * leaves causes no moves.
 */
const ASSIGNED_MIN_MS = 1_000;
const MOVE_RETRY_FIRST_MS = 1_000;
const MOVE_RETRY_MAX_MS = 30_000;

export class DeparturePlan {
  #underWay = false;
  /** Since when the shard is assigned to another node; null while it is assigned to this node. */
  #elsewhereSince: number | null = null;
  #failures = 0;
  #notBefore = -Infinity;

  get isUnderWay(): boolean {
    return this.#underWay;
  }

  /** The shard is assigned to this node. */
  cancel(): void {
    this.#elsewhereSince = null;
  }

  /** The shard is assigned to another node: whether it leaves now. `now` is monotonic time. */
  isDue(now: number, urgent: boolean): boolean {
    this.#elsewhereSince ??= now;
    const dueAt = urgent ? this.#elsewhereSince : this.#elsewhereSince + ASSIGNED_MIN_MS;
    return now >= Math.max(dueAt, this.#notBefore);
  }

  begin(): void {
    this.#underWay = true;
  }

  end(): void {
    this.#underWay = false;
  }

  /** The move ended at this monotonic time, and this node still holds the shard. */
  failed(endedAt: number): void {
    this.#notBefore =
      endedAt + Math.min(MOVE_RETRY_FIRST_MS * 2 ** this.#failures, MOVE_RETRY_MAX_MS);
    this.#failures += 1;
  }
}
