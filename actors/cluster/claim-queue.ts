// The queue of shards that this node claims, a bounded number at a time. Which shards to claim, and
// the claim itself, are in `actors/cluster/ownership.ts`.

import type { Placement } from '../../storage/ports/placement.ts';

/**
 * Shards claimed and replayed at the same time. Bounded, so that after the loss of a node the
 * others go on serving (W3).
 */
const CLAIMS_AT_ONCE = 16;

export interface ShardClaim {
  readonly shard: number;
  /** The version of the placement record as last read; 0 without a record. */
  readonly expectedVersion: number;
}

export class ClaimQueue {
  readonly #claim: (claim: ShardClaim) => Promise<void>;
  readonly #underWay = new Set<number>();
  #waiting: ShardClaim[] = [];

  /** `claim` never rejects. */
  constructor(options: { readonly claim: (claim: ShardClaim) => Promise<void> }) {
    this.#claim = options.claim;
  }

  isUnderWay(shard: number): boolean {
    return this.#underWay.has(shard);
  }

  /** Replaces the waiting claims by those of the newest read of the placement. */
  replace(claims: ShardClaim[], placement: Placement): void {
    this.#waiting = liveFirst(claims, placement);
    this.#start();
  }

  /** Counts the shard as under way while `work` runs. The shard must not be under way already. */
  async during<T>(shard: number, work: () => Promise<T>): Promise<T> {
    this.#underWay.add(shard);
    try {
      return await work();
    } finally {
      this.#underWay.delete(shard);
    }
  }

  #start(): void {
    while (this.#underWay.size < CLAIMS_AT_ONCE) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      if (this.#underWay.has(next.shard)) continue;
      void this.during(next.shard, () => this.#claim(next)).finally(() => this.#start());
    }
  }
}

/** Shards that had a live drop when their node was lost come first (W3). */
function liveFirst(claims: ShardClaim[], placement: Placement): ShardClaim[] {
  const live = new Set(placement.lost.flatMap(({ liveShards }) => liveShards));
  const rank = ({ shard }: ShardClaim) => (live.has(shard) ? 0 : 1);
  return claims.sort((a, b) => rank(a) - rank(b) || a.shard - b.shard);
}
