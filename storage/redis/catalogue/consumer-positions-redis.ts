// Positions in each shard's journal on Redis: one hash of shard and sequence for each consumer
// without rows of its own. The projections store their positions in the same way
// (`projection-redis.ts`).

import type { ConsumerPositions, ShardPosition } from '../../ports/consumer-positions.ts';
import { answerOf, type RedisConnection } from '../connection/connection.ts';
import { Script } from '../connection/script.ts';

const SAVE = new Script(`
  for i = 1, #ARGV, 2 do
    local kept = tonumber(redis.call('HGET', KEYS[1], ARGV[i]) or '0')
    if tonumber(ARGV[i + 1]) > kept then redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
  end
`);

export class RedisPositions {
  readonly #redis: RedisConnection;
  readonly #key: string;

  constructor(options: { readonly redis: RedisConnection; readonly key: string }) {
    this.#redis = options.redis;
    this.#key = options.key;
  }

  async load(shard: number): Promise<number> {
    const sequence = await answerOf(this.#redis.hget(this.#key, String(shard)));
    return sequence === null ? 0 : Number(sequence);
  }

  /** Stores all positions in one atomic step. No position goes back. */
  async save(positions: readonly ShardPosition[]): Promise<void> {
    if (positions.length === 0) return;
    const args = positions.flatMap(({ shard, sequence }) => [shard, sequence]);
    await SAVE.run(this.#redis, [this.#key], args);
  }

  /** All in one atomic step, which may take them back. */
  async replace(positions: readonly ShardPosition[]): Promise<void> {
    if (positions.length === 0) return;
    const fields = positions.flatMap(({ shard, sequence }) => [String(shard), sequence]);
    await answerOf(this.#redis.hset(this.#key, ...fields));
  }
}

export class RedisConsumerPositions implements ConsumerPositions {
  readonly #redis: RedisConnection;

  constructor(options: { readonly redis: RedisConnection }) {
    this.#redis = options.redis;
  }

  load(consumer: string, shard: number): Promise<number> {
    return this.#of(consumer).load(shard);
  }

  save(consumer: string, positions: readonly ShardPosition[]): Promise<void> {
    return this.#of(consumer).save(positions);
  }

  replace(consumer: string, positions: readonly ShardPosition[]): Promise<void> {
    return this.#of(consumer).replace(positions);
  }

  #of(consumer: string): RedisPositions {
    return new RedisPositions({ redis: this.#redis, key: positionsKey(consumer) });
  }
}

/** Other keys with the same hash tag can be changed in one step with the positions. */
export function positionsKey(consumer: string): string {
  return `{consumer:${consumer}}:positions`;
}
