// Operators' accounts on Redis: one hash, few fields. Each change is one script.

import {
  firstAddedFirst,
  OPERATOR_ACCOUNTS_MAX,
  type OperatorAccount,
  type OperatorAccountStore,
} from '../../ports/operator-accounts.ts';
import { answerOf, type RedisConnection } from '../connection/connection.ts';
import { Script } from '../connection/script.ts';

const KEY = '{operator-accounts}';

/** ARGV: the user's id, the account as JSON, the most accounts there may be. */
const PUT = new Script(`
  local isNew = redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0
  if isNew and redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[3]) then return 0 end
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
  return 1
`);

/** ARGV: the user's id, the account as JSON, its grant, the revision before. */
const REPLACE = new Script(`
  local row = redis.call('HGET', KEYS[1], ARGV[1])
  if not row then return 0 end
  local stored = cjson.decode(row)
  if stored.grantId ~= ARGV[3] or stored.revision ~= tonumber(ARGV[4]) then return 0 end
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
  return 1
`);

export class RedisOperatorAccounts implements OperatorAccountStore {
  readonly #redis: RedisConnection;

  constructor(options: { readonly redis: RedisConnection }) {
    this.#redis = options.redis;
  }

  async put(account: OperatorAccount): Promise<boolean> {
    const args = [account.userId, JSON.stringify(account), OPERATOR_ACCOUNTS_MAX];
    return (await PUT.run(this.#redis, [KEY], args)) === 1;
  }

  async replace(account: OperatorAccount): Promise<boolean> {
    const { userId, grantId, revision } = account;
    const args = [userId, JSON.stringify(account), grantId, revision - 1];
    return (await REPLACE.run(this.#redis, [KEY], args)) === 1;
  }

  async find(userId: string): Promise<OperatorAccount | null> {
    const row = await answerOf(this.#redis.hget(KEY, userId));
    return row === null ? null : (JSON.parse(row) as OperatorAccount);
  }

  async list(): Promise<readonly OperatorAccount[]> {
    const rows = await answerOf(this.#redis.hvals(KEY));
    return rows.map((row) => JSON.parse(row) as OperatorAccount).toSorted(firstAddedFirst);
  }

  async remove(userId: string): Promise<boolean> {
    return (await answerOf(this.#redis.hdel(KEY, userId))) === 1;
  }
}
