// API keys on Redis: one hash of all keys as JSON by their id, one of their ids by the hash of
// their text, one of their last uses, and a set of ids for each owner. All share a hash tag, and
// each change is one script. One server has all of them, which is enough: a gateway asks for a key
// that is in use about once a second, however many calls it makes.

import { decodeApiKey, encodeApiKey, newestKeyFirst } from '../../formats/api-key.ts';
import {
  API_KEYS_PER_OWNER_MAX,
  type ApiKeyStore,
  type StoredApiKey,
} from '../../ports/api-keys.ts';
import type { RedisConnection } from '../connection/connection.ts';
import { Script } from '../connection/script.ts';

const ROWS = '{api-keys}:rows';
const IDS = '{api-keys}:ids';
const USED = '{api-keys}:used';

/** KEYS of all scripts: rows, ids, uses and, where an owner matters, the owner's ids. */
function keysOf(ownerId?: string): string[] {
  return [ROWS, IDS, USED, ...(ownerId === undefined ? [] : [`{api-keys}:of:${ownerId}`])];
}

/** ARGV: the id, the hash, the key as JSON, and the bound. */
const ADD = new Script(`
  if redis.call('SCARD', KEYS[4]) >= tonumber(ARGV[4]) then return 0 end
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
  redis.call('HSET', KEYS[2], ARGV[2], ARGV[1])
  redis.call('SADD', KEYS[4], ARGV[1])
  return 1
`);

/** ARGV: the hash. Answers the key as JSON and its last use. */
const FIND = new Script(`
  local id = redis.call('HGET', KEYS[2], ARGV[1])
  if not id then return {} end
  return {redis.call('HGET', KEYS[1], id), redis.call('HGET', KEYS[3], id) or ''}
`);

/** Answers each key as JSON, followed by its last use. */
const LIST = new Script(`
  local found = {}
  for _, id in ipairs(redis.call('SMEMBERS', KEYS[4])) do
    found[#found + 1] = redis.call('HGET', KEYS[1], id)
    found[#found + 1] = redis.call('HGET', KEYS[3], id) or ''
  end
  return found
`);

/** ARGV: the id, or nothing for all of the owner. Answers how many there were. */
const REMOVE = new Script(`
  local ids = ARGV[1] and {ARGV[1]} or redis.call('SMEMBERS', KEYS[4])
  local removed = 0
  for _, id in ipairs(ids) do
    if redis.call('SREM', KEYS[4], id) == 1 then
      local key = cjson.decode(redis.call('HGET', KEYS[1], id))
      redis.call('HDEL', KEYS[2], key.hash)
      redis.call('HDEL', KEYS[1], id)
      redis.call('HDEL', KEYS[3], id)
      removed = removed + 1
    end
  end
  return removed
`);

/** ARGV: the id and the time. */
const MARK_USED = new Script(`
  if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then return end
  local used = tonumber(redis.call('HGET', KEYS[3], ARGV[1]) or 0)
  if used < tonumber(ARGV[2]) then redis.call('HSET', KEYS[3], ARGV[1], ARGV[2]) end
`);

export class RedisApiKeyStore implements ApiKeyStore {
  readonly #redis: RedisConnection;

  constructor(options: { readonly redis: RedisConnection }) {
    this.#redis = options.redis;
  }

  async add(key: StoredApiKey): Promise<boolean> {
    const args = [key.id, key.hash, encodeApiKey(key), API_KEYS_PER_OWNER_MAX];
    return (await ADD.run(this.#redis, keysOf(key.ownerId), args)) === 1;
  }

  async findByHash(hash: string): Promise<StoredApiKey | null> {
    return keysIn(await FIND.run(this.#redis, keysOf(), [hash]))[0] ?? null;
  }

  async list(ownerId: string): Promise<readonly StoredApiKey[]> {
    return keysIn(await LIST.run(this.#redis, keysOf(ownerId), [])).toSorted(newestKeyFirst);
  }

  async remove(ownerId: string, id: string): Promise<boolean> {
    return (await REMOVE.run(this.#redis, keysOf(ownerId), [id])) === 1;
  }

  async removeAll(ownerId: string): Promise<void> {
    await REMOVE.run(this.#redis, keysOf(ownerId), []);
  }

  async markUsed(id: string, at: number): Promise<void> {
    await MARK_USED.run(this.#redis, keysOf(), [id, at]);
  }
}

/** Pairs of a key and its last use. */
function keysIn(answer: unknown): StoredApiKey[] {
  const texts = answer as readonly string[];
  const keys: StoredApiKey[] = [];
  for (let i = 0; i < texts.length; i += 2) {
    const used = texts[i + 1]!;
    keys.push(decodeApiKey(texts[i]!, used === '' ? null : Number(used)));
  }
  return keys;
}
