// VAPID keys on Redis: one list, the newest first. Each change is one script. Browsers subscribe
// for years with a key, so a change counts only once as many replicas have it as for journal
// entries.

import { VAPID_KEYS_MAX, type VapidKey, type VapidKeyStore } from '../../ports/vapid-keys.ts';
import { answerOf, type RedisConnection } from '../connection/connection.ts';
import { ReplicatedWrites } from '../connection/replicated-writes.ts';
import { Script, type ScriptArgument } from '../connection/script.ts';

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

export interface RedisVapidKeysOptions {
  /** For writes, which may hold up what comes after them on their connection. */
  readonly redis: RedisConnection;
  /** For reads. Default: the same. */
  readonly reads?: RedisConnection;
  /** Replicas that must have a write before it counts. Default 0: the server alone. */
  readonly replicas?: number;
  /** How long the replicas may take. */
  readonly replicasTimeoutMs?: number;
}

export class RedisVapidKeys implements VapidKeyStore {
  readonly #redis: RedisConnection;
  readonly #reads: RedisConnection;
  readonly #replicated: ReplicatedWrites | null;

  constructor(options: RedisVapidKeysOptions) {
    const { redis, replicas = 0, replicasTimeoutMs } = options;
    this.#redis = redis;
    this.#reads = options.reads ?? redis;
    this.#replicated =
      replicas === 0 ? null : new ReplicatedWrites({ redis, replicas, replicasTimeoutMs });
  }

  async list(): Promise<readonly VapidKey[]> {
    const rows = await answerOf(this.#reads.lrange(KEY, 0, -1));
    return rows.map((row) => JSON.parse(row) as VapidKey);
  }

  async add(key: VapidKey, after: string | null): Promise<boolean> {
    const args = [JSON.stringify(key), after ?? '', VAPID_KEYS_MAX];
    return (await this.#write(ADD, args)) === 1;
  }

  async remove(keyId: string): Promise<boolean> {
    return (await this.#write(REMOVE, [keyId])) === 1;
  }

  #write(script: Script, args: readonly ScriptArgument[]): Promise<unknown> {
    return this.#replicated === null
      ? script.run(this.#redis, [KEY], args)
      : this.#replicated.run(script, [KEY], args);
  }
}
