// A small consumer of changes: the number of each creator's followers, in memory that outlives its
// runner, as a database would.

import type { ChangeConsumer } from '../../../events/changes/change-consumer.ts';
import type { EntityChange } from '../../../contracts/changes.ts';
import type { ChangeRecord } from '../../../storage/ports/change-stream.ts';

export class FollowerCounter implements ChangeConsumer {
  readonly name = 'follower-counter';
  /** Who follows whom, by bucket: `<user> <creator>`. */
  readonly #follows = new Map<number, Set<string>>();
  readonly #passes = new Map<number, Set<string>>();
  readonly consumed: ChangeRecord[] = [];
  fullPasses = 0;
  /** Called after the effect of each batch; a test that rejects here loses the position only. */
  afterEffect: () => Promise<void> = async () => {};

  async consume(records: readonly ChangeRecord[]): Promise<void> {
    for (const { bucket, change } of records) apply(setOf(this.#follows, bucket), change);
    this.consumed.push(...records);
    await this.afterEffect();
  }

  async beginFullPass(bucket: number): Promise<void> {
    this.fullPasses += 1;
    this.#passes.set(bucket, new Set());
  }

  async addEntities(bucket: number, entities: readonly EntityChange[]): Promise<void> {
    for (const entity of entities) apply(this.#passes.get(bucket)!, entity);
    await this.afterEffect();
  }

  async endFullPass(bucket: number): Promise<void> {
    this.#follows.set(bucket, this.#passes.get(bucket)!);
  }

  followersOf(creatorId: string): number {
    let count = 0;
    for (const follows of this.#follows.values())
      for (const follow of follows) if (follow.endsWith(` ${creatorId}`)) count += 1;
    return count;
  }
}

function apply(follows: Set<string>, change: EntityChange): void {
  if (change.kind !== 'follow') return;
  const key = `${change.userId} ${change.creatorId}`;
  if (change.since === null) follows.delete(key);
  else follows.add(key);
}

function setOf(sets: Map<number, Set<string>>, bucket: number): Set<string> {
  const set = sets.get(bucket) ?? new Set<string>();
  sets.set(bucket, set);
  return set;
}
