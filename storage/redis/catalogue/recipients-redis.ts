// Recipients on Redis: one hash in each bucket, with a field for each user, so that the rows of a
// thousand users are read with one command for each bucket. A row is its revision, a space and
// JSON. An endpoint's owner has a key of its own, named by the endpoint's hash.

import { decodeRecipient, encodeRecipient, endpointHash } from '../../formats/recipient.ts';
import type { Recipient, RecipientStore } from '../../ports/recipients.ts';
import { answerOf, type RedisConnection } from '../connection/connection.ts';
import { Script } from '../connection/script.ts';
import { CHANGE_BUCKETS, changeBucketOf, recipientsKey } from './catalogue-keys.ts';

/** ARGV: the user's id, the stored revision, the next one, and JSON. */
const REPLACE = new Script(`
  local row = redis.call('HGET', KEYS[1], ARGV[1])
  local revision = row and string.match(row, '^%d+') or '0'
  if revision ~= ARGV[2] then return 0 end
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[3] .. ' ' .. ARGV[4])
  return 1`);

/** ARGV: the user whose it is, and who gets it; empty for nobody. */
const MOVE_ENDPOINT = new Script(`
  if (redis.call('GET', KEYS[1]) or '') ~= ARGV[1] then return 0 end
  if ARGV[2] == '' then redis.call('DEL', KEYS[1]) else redis.call('SET', KEYS[1], ARGV[2]) end
  return 1`);

export class RedisRecipientStore implements RecipientStore {
  readonly #redis: RedisConnection;

  constructor({ redis }: { readonly redis: RedisConnection }) {
    this.#redis = redis;
  }

  async find(userId: string): Promise<Recipient | null> {
    const row = await answerOf(this.#redis.hget(keyOf(userId), userId));
    return row === null ? null : recipientOf(row);
  }

  async findAll(userIds: readonly string[]): Promise<ReadonlyMap<string, Recipient>> {
    const byBucket = Map.groupBy(userIds, changeBucketOf);
    const found = new Map<string, Recipient>();
    await Promise.all(
      Array.from(byBucket, async ([bucket, ids]) => {
        const rows = await answerOf(this.#redis.hmget(recipientsKey(bucket), ...ids));
        for (const row of rows) {
          if (row === null) continue;
          const recipient = recipientOf(row);
          found.set(recipient.userId, recipient);
        }
      }),
    );
    return found;
  }

  async any(): Promise<boolean> {
    const buckets = Array.from({ length: CHANGE_BUCKETS }, (_, bucket) => bucket);
    const found = await Promise.all(
      buckets.map(async (bucket) => await answerOf(this.#redis.exists(recipientsKey(bucket)))),
    );
    return found.includes(1);
  }

  async replace(recipient: Recipient): Promise<boolean> {
    const { userId, revision } = recipient;
    const args = [userId, revision - 1, revision, encodeRecipient(recipient)];
    return (await REPLACE.run(this.#redis, [keyOf(userId)], args)) === 1;
  }

  async remove(userId: string): Promise<void> {
    await answerOf(this.#redis.hdel(keyOf(userId), userId));
  }

  async endpointOwner(endpoint: string): Promise<string | null> {
    return await answerOf(this.#redis.get(endpointKey(endpoint)));
  }

  async moveEndpoint(endpoint: string, from: string | null, to: string | null): Promise<boolean> {
    const args = [from ?? '', to ?? ''];
    return (await MOVE_ENDPOINT.run(this.#redis, [endpointKey(endpoint)], args)) === 1;
  }
}

function keyOf(userId: string): string {
  return recipientsKey(changeBucketOf(userId));
}

function endpointKey(endpoint: string): string {
  return `push-endpoint:${endpointHash(endpoint)}`;
}

function recipientOf(row: string): Recipient {
  const space = row.indexOf(' ');
  return decodeRecipient(row.slice(space + 1), Number(row.slice(0, space)));
}
