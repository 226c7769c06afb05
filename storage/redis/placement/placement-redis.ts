// The placement in Redis. It has one hash tag, and every method is one command, script or
// transaction, so that each is one atomic step. Sessions are fields of a hash with their end by
// Redis's own clock, not keys with PX. So clocks of nodes do not matter, one command reads all
// sessions, and an expired session differs from one that never existed.
//
// Names are stored as JSON text, which contains no line feed. So a row is JSON for Node, the
// scripts split it at line feeds, and no name can be split.

import {
  LIVE_SHARDS_MAX,
  LOST_SESSION_RETENTION_MS,
  LOST_SESSIONS_MAX,
  MOVES_RETAINED_MAX,
  type NodeSession,
  type Placement,
  type PlacementChange,
  type PlacementStore,
  SessionLostError,
  type ShardPlacement,
} from '../../ports/placement.ts';
import type { MoveRecord } from '../../../contracts/operator.ts';
import type { KeyedRequest } from '../../../contracts/requests.ts';
import type { Answered } from '../../ports/requests.ts';
import { onceScript, RedisRequests } from '../catalogue/requests-redis.ts';
import { answerOf, type RedisConnection, unavailable } from '../connection/connection.ts';
import { Script, type ScriptArgument } from '../connection/script.ts';

/** Node id to `[expiresAt, startedAt, incarnation, session]`. */
const SESSIONS = '{placement}:sessions';
/** Shard to `[shard, version, nodeId, incarnation]`. */
const SHARDS = '{placement}:shards';
/** Shard to `[shard, nodeId]`. */
const PINS = '{placement}:pins';
const DRAINED = '{placement}:drained';
/** Newest first. */
const MOVES = '{placement}:moves';
/** From level 1 on the value has words after the number, so that 9994b20 refuses to start. */
const SHARD_COUNT = '{placement}:shard-count';
/** The feature level reached; missing: 0. */
const LEVEL = '{placement}:level';

/** Nodes of level 0 leave the level out, and those below level 2 what their clock is. */
type StoredSession = Omit<NodeSession, 'level' | 'clockIsWrong'> &
  Partial<Pick<NodeSession, 'level' | 'clockIsWrong'>>;
const OLDEST = { level: 0, clockIsWrong: false };
type SessionRow = [
  expiresAt: number,
  startedAt: number,
  incarnation: string,
  session: StoredSession,
];
type ShardRow = [shard: number, version: number, nodeId: string, incarnation: string];
type PinRow = [shard: number, nodeId: string];

/** Functions of the scripts for sessions, which are in KEYS[1]. */
const SESSIONS_LUA = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function factsOf(session)
  local expiresAt, startedAt, incarnation =
    string.match(session, '^%[([^\\n]*),\\n([^\\n]*),\\n([^\\n]*),\\n')
  return tonumber(expiresAt), tonumber(startedAt), incarnation
end
local function lives(node, incarnation)
  local session = redis.call('HGET', KEYS[1], node)
  if not session then return false end
  local expiresAt, _, present = factsOf(session)
  return present == incarnation and expiresAt > now
end`;

/** Functions of the scripts for shards, which are in KEYS[2]. */
const SHARDS_LUA = `${SESSIONS_LUA}
local function holderOf(shard)
  local row = redis.call('HGET', KEYS[2], shard)
  if not row then return 0 end
  local version, node, incarnation =
    string.match(row, '^%[[^\\n]*\\n([^\\n]*),\\n([^\\n]*),\\n([^\\n]*)%]$')
  return tonumber(version), node, incarnation
end
local function place(shard, node, incarnation, version)
  local fields = {shard, string.format('%.0f', version), node, incarnation}
  redis.call('HSET', KEYS[2], shard, '[' .. table.concat(fields, ',\\n') .. ']')
  return version
end`;

/** Returns the incarnation of a later run, or an empty text, and the time. */
const RENEW = new Script(`${SESSIONS_LUA}
local node, incarnation, startedAt, ttl = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local session, lostKept, lostMax = ARGV[5], tonumber(ARGV[6]), tonumber(ARGV[7])

local present = redis.call('HGET', KEYS[1], node)
local isNew = true
if present then
  local presentExpiresAt, presentStartedAt, presentIncarnation = factsOf(present)
  isNew = presentIncarnation ~= incarnation
  local isLater = presentStartedAt > startedAt
    or (presentStartedAt == startedAt and presentIncarnation > incarnation)
  if isNew and isLater and presentExpiresAt > now then return {presentIncarnation, now} end
end
local fields = {string.format('%.0f', now + ttl), ARGV[3], incarnation, session}
redis.call('HSET', KEYS[1], node, '[' .. table.concat(fields, ',\\n') .. ']')
if not isNew then return {'', now} end

local all = redis.call('HGETALL', KEYS[1])
local lost = {}
for i = 1, #all, 2 do
  local expiresAt = factsOf(all[i + 1])
  if expiresAt <= now then lost[#lost + 1] = {all[i], expiresAt} end
end
table.sort(lost, function(a, b) return a[2] > b[2] end)
for i, found in ipairs(lost) do
  if i > lostMax or found[2] + lostKept <= now then redis.call('HDEL', KEYS[1], found[1]) end
end
return {'', now}`);

const END = new Script(`${SESSIONS_LUA}
local present = redis.call('HGET', KEYS[1], ARGV[1])
if not present then return 0 end
local _, _, incarnation = factsOf(present)
if incarnation ~= ARGV[2] then return 0 end
return redis.call('HDEL', KEYS[1], ARGV[1])`);

const CLAIM = new Script(`${SHARDS_LUA}
local shard, node, incarnation, expected = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local version, holder, holderIncarnation = holderOf(shard)
if version ~= expected or not lives(node, incarnation) then return false end
local isOwn = holder == node and holderIncarnation == incarnation
if holder and not isOwn and lives(holder, holderIncarnation) then return false end
return place(shard, node, incarnation, expected + 1)`);

const MOVE = new Script(`${SHARDS_LUA}
local shard, from, fromIncarnation = ARGV[1], ARGV[2], ARGV[3]
local to, toIncarnation, expected = ARGV[4], ARGV[5], tonumber(ARGV[6])
local version, holder, holderIncarnation = holderOf(shard)
if version ~= expected then return false end
if holder ~= from or holderIncarnation ~= fromIncarnation then return false end
if to == from and toIncarnation == fromIncarnation then return false end
if not lives(to, toIncarnation) then return false end
return place(shard, to, toIncarnation, expected + 1)`);

/**
 * KEYS: pins, drained. ARGV: the number of pins, a shard and its row (empty: no pin) for each, and
 * a node and `SADD` or `SREM` where one is drained or not any more.
 */
const CHANGE = new Script(`
local count = tonumber(ARGV[1])
for i = 2, 2 * count, 2 do
  if ARGV[i + 1] == '' then redis.call('HDEL', KEYS[1], ARGV[i])
  else redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
end
local node, command = ARGV[2 * count + 2], ARGV[2 * count + 3]
if node ~= '' then redis.call(command, KEYS[2], node) end
return 1`);

const CHANGE_ONCE = onceScript(CHANGE, 'true');

const RECORD = new Script(`
redis.call('LPUSH', KEYS[1], ARGV[1])
redis.call('LTRIM', KEYS[1], 0, tonumber(ARGV[2]) - 1)
return 1`);

/** KEYS[1] is the level, KEYS[2] the number of shards. */
const RAISE_LUA = `
local function raise(level)
  local reached = tonumber(redis.call('GET', KEYS[1]) or 0)
  if level <= reached then return reached end
  redis.call('SET', KEYS[1], level)
  local shards = redis.call('GET', KEYS[2])
  if shards and tonumber(shards) then
    redis.call('SET', KEYS[2], shards .. ' shards, feature level 1 or later')
  end
  return level
end`;

const FIX_SHARD_COUNT = new Script(`${RAISE_LUA}
if redis.call('SET', KEYS[2], ARGV[1], 'NX') then raise(tonumber(ARGV[2])) end
return tonumber(string.match(redis.call('GET', KEYS[2]), '^%d+'))`);

const RAISE_LEVEL = new Script(`${RAISE_LUA}
return raise(tonumber(ARGV[1]))`);

export interface RedisPlacementStoreOptions {
  readonly redis: RedisConnection;
  readonly lostSessionRetentionMs?: number;
}

export class RedisPlacementStore implements PlacementStore {
  readonly requests: RedisRequests;
  readonly #redis: RedisConnection;
  readonly #lostSessionRetentionMs: number;

  constructor(options: RedisPlacementStoreOptions) {
    this.#redis = options.redis;
    this.requests = new RedisRequests({ redis: options.redis, place: 'placement' });
    this.#lostSessionRetentionMs = options.lostSessionRetentionMs ?? LOST_SESSION_RETENTION_MS;
  }

  /**
   * A transaction, not a script: every node loads four times a second, and Lua would copy every
   * row, at six times the cost to Redis (docs/decisions/017).
   */
  async load(): Promise<Placement> {
    const reads = this.#redis
      .multi()
      .time()
      .get(LEVEL)
      .hvals(SESSIONS)
      .hvals(SHARDS)
      .hvals(PINS)
      .smembers(DRAINED);
    const [time, level, ...rows] = answersOf(await answerOf(reads.exec()));
    const now = millisecondsOf(time as [string, string]);
    const [stored, held, pins, drained] = (rows as string[][]).map(parsedRows) as [
      SessionRow[],
      ShardRow[],
      PinRow[],
      string[],
    ];
    const sessions: NodeSession[] = [];
    const lost: NodeSession[] = [];
    for (const [expiresAt, , , session] of stored) {
      if (expiresAt > now) sessions.push({ ...OLDEST, ...session });
      else if (expiresAt + this.#lostSessionRetentionMs > now) lost.push({ ...OLDEST, ...session });
    }
    const shards = new Map<number, ShardPlacement>();
    for (const [shard, version, nodeId, incarnation] of held) {
      shards.set(shard, { shard, nodeId, incarnation, version });
    }
    return {
      sessions,
      lost,
      shards,
      pins: new Map(pins),
      drained: new Set(drained),
      level: Number(level ?? 0),
    };
  }

  async time(): Promise<number> {
    return millisecondsOf((await answerOf(this.#redis.time())) as unknown as [string, string]);
  }

  async renewSession(session: NodeSession, ttlMs: number): Promise<number> {
    const { nodeId, incarnation, weight, leaving, clockIsWrong, startedAt, url, level } = session;
    const liveShards = session.liveShards.slice(0, LIVE_SHARDS_MAX);
    const bounded: NodeSession = {
      nodeId,
      incarnation,
      weight,
      leaving,
      clockIsWrong,
      startedAt,
      url,
      liveShards,
      level,
    };
    const answer = await RENEW.run(
      this.#redis,
      [SESSIONS],
      [
        JSON.stringify(nodeId),
        JSON.stringify(incarnation),
        startedAt,
        ttlMs,
        JSON.stringify(bounded),
        this.#lostSessionRetentionMs,
        LOST_SESSIONS_MAX,
      ],
    );
    const [later, time] = answer as [string, number];
    if (later !== '') throw new SessionLostError(`${nodeId} has a later run, ${later}`);
    return time;
  }

  async endSession(nodeId: string, incarnation: string): Promise<void> {
    await END.run(this.#redis, [SESSIONS], [JSON.stringify(nodeId), JSON.stringify(incarnation)]);
  }

  async claimShard(
    shard: number,
    nodeId: string,
    incarnation: string,
    expectedVersion: number,
  ): Promise<number | null> {
    const version = await CLAIM.run(
      this.#redis,
      [SESSIONS, SHARDS],
      [shard, JSON.stringify(nodeId), JSON.stringify(incarnation), expectedVersion],
    );
    return version as number | null;
  }

  async moveShard(
    shard: number,
    from: { nodeId: string; incarnation: string },
    to: { nodeId: string; incarnation: string },
    expectedVersion: number,
  ): Promise<number | null> {
    const runs = [from.nodeId, from.incarnation, to.nodeId, to.incarnation];
    const version = await MOVE.run(
      this.#redis,
      [SESSIONS, SHARDS],
      [shard, ...runs.map((name) => JSON.stringify(name)), expectedVersion],
    );
    return version as number | null;
  }

  async change(change: PlacementChange): Promise<void> {
    const { keys, args } = partsOf(change);
    await CHANGE.run(this.#redis, keys, args);
  }

  changeOnce(
    request: KeyedRequest,
    change: PlacementChange,
    answer: string,
  ): Promise<Answered<string>> {
    const answered = this.requests.once(CHANGE_ONCE, request, partsOf(change), answer);
    return answered as Promise<Answered<string>>;
  }

  async recordMove(record: MoveRecord): Promise<void> {
    await RECORD.run(this.#redis, [MOVES], [JSON.stringify(record), MOVES_RETAINED_MAX]);
  }

  async listMoves(limit: number): Promise<MoveRecord[]> {
    // For Redis, a negative index counts from the end: 0 to -1 would be everything.
    if (limit < 1) return [];
    const records = await answerOf(this.#redis.lrange(MOVES, 0, limit - 1));
    return records.map((record) => JSON.parse(record) as MoveRecord);
  }

  async fixShardCount(shardCount: number, levelOfNewStore = 0): Promise<number> {
    const keys = [LEVEL, SHARD_COUNT];
    return (await FIX_SHARD_COUNT.run(this.#redis, keys, [shardCount, levelOfNewStore])) as number;
  }

  async raiseLevel(level: number): Promise<number> {
    return (await RAISE_LEVEL.run(this.#redis, [LEVEL, SHARD_COUNT], [level])) as number;
  }
}

/** The keys and arguments of `CHANGE`. */
function partsOf({ pins = [], drained }: PlacementChange): {
  keys: string[];
  args: ScriptArgument[];
} {
  const rows = pins.flatMap(({ shard, nodeId }) => [
    shard,
    nodeId === null ? '' : JSON.stringify([shard, nodeId]),
  ]);
  const node = drained === undefined ? '' : JSON.stringify(drained.nodeId);
  const command = drained?.drained === true ? 'SADD' : 'SREM';
  return { keys: [PINS, DRAINED], args: [pins.length, ...rows, node, command] };
}

/** The answers of a transaction. Errors: `store-unavailable` if any command of it failed. */
function answersOf(results: [Error | null, unknown][] | null): unknown[] {
  return (results ?? [[new Error('the transaction did not run'), null]]).map(([error, answer]) => {
    if (error !== null) throw unavailable(error);
    return answer;
  });
}

/** `TIME` answers seconds and microseconds. */
function millisecondsOf([seconds, microseconds]: [string, string]): number {
  return Number(seconds) * 1000 + Math.floor(Number(microseconds) / 1000);
}

function parsedRows(rows: readonly string[]): unknown[] {
  return JSON.parse(`[${rows.join(',')}]`) as unknown[];
}
