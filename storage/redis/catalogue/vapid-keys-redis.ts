// VAPID keys on Redis: one list, the newest first. Each change is one script.

import { VAPID_KEYS_MAX, type VapidKey, type VapidKeyStore } from '../../ports/vapid-keys.ts';
import { answerOf, type RedisConnection } from '../connection/connection.ts';
import { Script } from '../connection/script.ts';

const KEY = '{vapid-keys}';

/** ARGV: the key as JSON, the id of the newest so far or nothing, the most keys there may be. */
const ADD = new Script(`
  local newest = redis.call('LINDEX', KEYS[1], 0)
  local id = newest and cjson.decode(newest).keyId or ''
  if id ~= ARGV[2] or redis.call('LLEN', KEYS[1]) >= tonumber(ARGV[3]) then return 0 end
  redis.call('LPUSH', KEYS[1], ARGV[1])
  return 1
`);

/** ARGV: the id. */
const REMOVE = new Script(`
  for _, row in ipairs(redis.call('LRANGE', KEYS[1], 1, -1)) do
    if cjson.decode(row).keyId == ARGV[1] then return redis.call('LREM', KEYS[1], 1, row) end
  end
  return 0
`);

export class RedisVapidKeys implements VapidKeyStore {
  readonly #redis: RedisConnection;

  constructor(options: { readonly redis: RedisConnection }) {
    this.#redis = options.redis;
  }

  async list(): Promise<readonly VapidKey[]> {
    const rows = await answerOf(this.#redis.lrange(KEY, 0, -1));
    return rows.map((row) => JSON.parse(row) as VapidKey);
  }

  async add(key: VapidKey, after: string | null): Promise<boolean> {
    const args = [JSON.stringify(key), after ?? '', VAPID_KEYS_MAX];
    return (await ADD.run(this.#redis, [KEY], args)) === 1;
  }

  async remove(keyId: string): Promise<boolean> {
    return (await REMOVE.run(this.#redis, [KEY], [keyId])) === 1;
  }
}
