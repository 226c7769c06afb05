// Consumer leases on Redis: one key for each consumer, with its holder. The key expires by itself.

import type { ConsumerLeases } from '../../ports/consumer-leases.ts';
import type { RedisConnection } from '../connection/connection.ts';
import { Script } from '../connection/script.ts';

const HOLD = new Script(`
  local holder = redis.call('GET', KEYS[1])
  if holder and holder ~= ARGV[1] then return 0 end
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
  return 1
`);
const RELEASE = new Script(`
  if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
`);

export class RedisConsumerLeases implements ConsumerLeases {
  readonly #redis: RedisConnection;

  constructor(options: { readonly redis: RedisConnection }) {
    this.#redis = options.redis;
  }

  async hold(consumer: string, holder: string, ms: number): Promise<boolean> {
    return (await HOLD.run(this.#redis, [keyOf(consumer)], [holder, ms])) === 1;
  }

  async release(consumer: string, holder: string): Promise<void> {
    await RELEASE.run(this.#redis, [keyOf(consumer)], [holder]);
  }
}

/** The key is in the slot of the consumer's positions. */
function keyOf(consumer: string): string {
  return `{consumer:${consumer}}:lease`;
}
