// Handled webhook ids on Redis: sorted sets by the time of handling, in buckets by a hash of the
// id.

import { fnv1a } from '../../../domain/ids.ts';
import type { WebhookLog } from '../../ports/webhook-log.ts';
import { answerOf, type RedisConnection } from '../connection/connection.ts';
import { Script } from '../connection/script.ts';

/** Part of the stored format. */
const BUCKETS = 16;
/** Ids that one script removes, so that no server is blocked for long. */
const REMOVED_AT_ONCE_MAX = 1000;

const REMOVE = new Script(`
  local old = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', '(' .. ARGV[1], 'LIMIT', 0, ARGV[2])
  if #old > 0 then redis.call('ZREM', KEYS[1], unpack(old)) end
  return #old
`);

export class RedisWebhookLog implements WebhookLog {
  readonly #redis: RedisConnection;

  constructor(options: { readonly redis: RedisConnection }) {
    this.#redis = options.redis;
  }

  async has(webhookId: string): Promise<boolean> {
    return (await answerOf(this.#redis.zscore(keyOf(webhookId), webhookId))) !== null;
  }

  async add(webhookId: string, handledAt: number): Promise<void> {
    await answerOf(this.#redis.zadd(keyOf(webhookId), 'NX', handledAt, webhookId));
  }

  async removeBefore(time: number): Promise<void> {
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      let removed: unknown;
      do {
        removed = await REMOVE.run(this.#redis, [bucketKey(bucket)], [time, REMOVED_AT_ONCE_MAX]);
      } while (removed === REMOVED_AT_ONCE_MAX);
    }
  }
}

function keyOf(webhookId: string): string {
  return bucketKey(fnv1a(webhookId) % BUCKETS);
}

function bucketKey(bucket: number): string {
  return `{webhooks:${bucket}}:handled`;
}
