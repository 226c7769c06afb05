// The ledger's state on Redis: a hash for its head, one for the trees with their edges in two
// hashes beside it, one for salts, and a text for the last
// verification. They have one hash tag, so each change is one script.

import type { LedgerVerification } from '../../../contracts/ledger.ts';
import {
  type LedgerCommit,
  type LedgerHead,
  type LedgerKey,
  newLedgerHead,
  type NewLedger,
  newSalt,
  type StoredTree,
  type TreeName,
  type TreeSummary,
  type VerifiedLedgerStore,
} from '../../ports/ledger.ts';
import { answerOf, type RedisConnection } from '../connection/connection.ts';
import { ReplicatedWrites } from '../connection/replicated-writes.ts';
import { Script, type ScriptArgument } from '../connection/script.ts';

const HEAD = '{ledger}:head';
const TREES = '{ledger}:trees';
const TAILS = '{ledger}:tails';
const UPPERS = '{ledger}:uppers';
const SALTS = '{ledger}:salts';
const VERIFIED = '{ledger}:verified';

/** ARGV: id, secret and keys. */
const BEGIN = new Script(`
  if redis.call('EXISTS', KEYS[1]) == 0 then
    redis.call('HSET', KEYS[1], 'id', ARGV[1], 'secret', ARGV[2], 'keys', ARGV[3],
      'version', 0, 'checkpoint', '', 'signedAt', 0)
  end
  return 1
`);

/**
 * KEYS: head, trees, tails, uppers. ARGV: version, checkpoint, time, then of each tree its name,
 * its summary as JSON, tail and upper.
 */
const COMMIT = new Script(`
  if redis.call('HGET', KEYS[1], 'version') ~= ARGV[1] then return 0 end
  redis.call('HINCRBY', KEYS[1], 'version', 1)
  redis.call('HSET', KEYS[1], 'checkpoint', ARGV[2], 'signedAt', ARGV[3])
  for i = 4, #ARGV, 4 do
    redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 1])
    redis.call('HSET', KEYS[3], ARGV[i], ARGV[i + 2])
    redis.call('HSET', KEYS[4], ARGV[i], ARGV[i + 3])
  end
  return 1
`);

/** ARGV: the keys, then the ids of those so far. */
const REPLACE_KEYS = new Script(`
  local keys = redis.call('HGET', KEYS[1], 'keys')
  if not keys then return 0 end
  local present = cjson.decode(keys)
  if #present ~= #ARGV - 1 then return 0 end
  for i, key in ipairs(present) do
    if key.keyId ~= ARGV[i + 1] then return 0 end
  end
  redis.call('HSET', KEYS[1], 'keys', ARGV[1])
  return 1
`);

/** A tree as of one moment. ARGV: its name. */
const TREE = new Script(`
  return {redis.call('HGET', KEYS[1], ARGV[1]), redis.call('HGET', KEYS[2], ARGV[1]),
    redis.call('HGET', KEYS[3], ARGV[1])}
`);

/** ARGV: of each person the id and a new salt. */
const SALTS_OF = new Script(`
  local salts = {}
  for i = 1, #ARGV, 2 do
    redis.call('HSETNX', KEYS[1], ARGV[i], ARGV[i + 1])
    salts[#salts + 1] = redis.call('HGET', KEYS[1], ARGV[i])
  end
  return salts
`);

/** An empty salt is the mark of one that was forgotten. */
const FORGET = new Script(`return redis.call('HSET', KEYS[1], ARGV[1], '')`);

/** ARGV: a verification as JSON. */
const VERIFY = new Script(`return redis.call('SET', KEYS[1], ARGV[1])`);

export interface RedisLedgerStoreOptions {
  /** For writes, which may hold up what comes after them where there are replicas. */
  readonly redis: RedisConnection;
  /** For reads. Default: the same. */
  readonly reads?: RedisConnection;
  /** Replicas that must have a write before it counts. Default 0: the server alone. */
  readonly replicas?: number;
}

export class RedisLedgerStore implements VerifiedLedgerStore {
  readonly #redis: RedisConnection;
  readonly #reads: RedisConnection;
  readonly #replicated: ReplicatedWrites | null;

  constructor({ redis, reads = redis, replicas = 0 }: RedisLedgerStoreOptions) {
    this.#redis = redis;
    this.#reads = reads;
    this.#replicated = replicas === 0 ? null : new ReplicatedWrites({ redis, replicas });
  }

  async verification(): Promise<LedgerVerification | null> {
    const text = await answerOf(this.#reads.get(VERIFIED));
    return text === null ? null : (JSON.parse(text) as LedgerVerification);
  }

  async noteVerification(verification: LedgerVerification): Promise<void> {
    await this.#write(VERIFY, [VERIFIED], [JSON.stringify(verification)]);
  }

  async head(): Promise<LedgerHead | null> {
    const row = await answerOf(this.#reads.hgetall(HEAD));
    if (row['id'] === undefined) return null;
    return {
      id: row['id'],
      secret: row['secret']!,
      keys: JSON.parse(row['keys']!) as LedgerKey[],
      version: Number(row['version']),
      checkpoint: row['checkpoint']!,
      signedAt: Number(row['signedAt']),
    };
  }

  async begin(ledger: NewLedger): Promise<LedgerHead> {
    const { id, secret, keys } = newLedgerHead(ledger);
    await this.#write(BEGIN, [HEAD], [id, secret, JSON.stringify(keys)]);
    return (await this.head())!;
  }

  async trees(): Promise<readonly TreeSummary[]> {
    const rows = await answerOf(this.#reads.hvals(TREES));
    return rows.map((row) => JSON.parse(row) as TreeSummary);
  }

  async tree(name: TreeName): Promise<StoredTree | null> {
    const rows = await TREE.runForBytes(this.#reads, [TREES, TAILS, UPPERS], [name]);
    const [summary, tail, upper] = rows as readonly (Buffer | null)[];
    if (summary === null || summary === undefined) return null;
    return { ...(JSON.parse(summary.toString()) as TreeSummary), tail: tail!, upper: upper! };
  }

  async commit(version: number, { checkpoint, signedAt, trees }: LedgerCommit): Promise<boolean> {
    const args = trees.flatMap(({ tail, upper, ...summary }) => [
      summary.name,
      JSON.stringify(summary),
      Buffer.from(tail),
      Buffer.from(upper),
    ]);
    const keys = [HEAD, TREES, TAILS, UPPERS];
    return (await this.#write(COMMIT, keys, [version, checkpoint, signedAt, ...args])) === 1;
  }

  async replaceKeys(keys: readonly LedgerKey[], present: readonly string[]): Promise<boolean> {
    return (await this.#write(REPLACE_KEYS, [HEAD], [JSON.stringify(keys), ...present])) === 1;
  }

  async salts(people: readonly string[]): Promise<readonly string[]> {
    const args = people.flatMap((person) => [person, newSalt()]);
    const salts = (await this.#write(SALTS_OF, [SALTS], args)) as string[];
    return salts.map((salt) => salt || newSalt());
  }

  async presentSalts(people: readonly string[]): Promise<readonly (string | null)[]> {
    if (people.length === 0) return [];
    const salts = await answerOf(this.#reads.hmget(SALTS, ...people));
    return salts.map((salt) => salt || null);
  }

  async forgetSalt(person: string): Promise<void> {
    await this.#write(FORGET, [SALTS], [person]);
  }

  #write(
    script: Script,
    keys: readonly string[],
    args: readonly ScriptArgument[],
  ): Promise<unknown> {
    return this.#replicated === null
      ? script.run(this.#redis, keys, args)
      : this.#replicated.run(script, keys, args);
  }
}
