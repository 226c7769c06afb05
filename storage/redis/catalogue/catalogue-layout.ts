// The phase of the catalogue's layout: users, products and follows are at the keys of feature level
// 0, in buckets, or partly in both. The phase is in Redis and only rises. Each process knows the
// phase of its last refresh. Stores are right with an old phase
// (docs/decisions/030-change-stream-on-redis.md): it only costs them reads. One node at a time
// leads the copy, under a lease with a fencing number.

import { answerOf, type RedisConnection } from '../connection/connection.ts';
import { Script } from '../connection/script.ts';

/**
 * `old`: written at the keys of level 0. `copying`: entities move, one by one. `copied`: all are in
 * buckets. `cleared`: the keys of level 0 are gone as well.
 */
const PHASES = ['old', 'copying', 'copied', 'cleared'] as const;
export type LayoutPhase = (typeof PHASES)[number];

/** A hash: `phase`, its start by Redis's clock, the lease, and the cursors of the copy. */
const LAYOUT = '{catalogue}:layout';

/** The time of this server in milliseconds. */
const NOW = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function text(number) return string.format('%.0f', number) end`;

/** KEYS: layout. ARGV: name, TTL. Answers the fencing number, 0 if another node leads. */
const LEAD = new Script(`${NOW}
local leader = redis.call('HGET', KEYS[1], 'leader')
local until_ms = tonumber(redis.call('HGET', KEYS[1], 'leaseUntil') or '0')
if leader ~= ARGV[1] then
  if leader and until_ms > now then return 0 end
  redis.call('HINCRBY', KEYS[1], 'fence', 1)
  redis.call('HSET', KEYS[1], 'leader', ARGV[1])
end
redis.call('HSET', KEYS[1], 'leaseUntil', text(now + ARGV[2]))
return tonumber(redis.call('HGET', KEYS[1], 'fence'))`);

/** KEYS: layout. ARGV: fencing number, TTL, fields to remove, then fields and values. */
const SAVE = new Script(`${NOW}
if redis.call('HGET', KEYS[1], 'fence') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'leaseUntil', text(now + ARGV[2]))
local last_removed = 3 + ARGV[3]
for i = 4, last_removed do redis.call('HDEL', KEYS[1], ARGV[i]) end
for i = last_removed + 1, #ARGV, 2 do redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
return 1`);

/** KEYS: layout. ARGV: fencing number, from (empty: none), to. */
const ADVANCE = new Script(`${NOW}
if redis.call('HGET', KEYS[1], 'fence') ~= ARGV[1] then return 0 end
if (redis.call('HGET', KEYS[1], 'phase') or '') ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], 'phase', ARGV[3], 'since', text(now))
return 1`);

/** KEYS: layout. Answers the age of the phase in milliseconds. */
const AGE = new Script(`${NOW}
return text(now - tonumber(redis.call('HGET', KEYS[1], 'since') or '0'))`);

/** Another node leads the copy. */
export class CopyLeaseLostError extends Error {
  readonly code = 'lease-lost';
}

export class CatalogueLayout {
  readonly #redis: RedisConnection;
  #phase: LayoutPhase;

  /** `phase`: the phase, if it is known already. */
  constructor(options: { readonly redis: RedisConnection; readonly phase?: LayoutPhase }) {
    this.#redis = options.redis;
    this.#phase = options.phase ?? 'old';
  }

  /** As of the last refresh. */
  get phase(): LayoutPhase {
    return this.#phase;
  }
  /** No entity is at the keys of level 0 only. */
  get isCopied(): boolean {
    return this.#phase === 'copied' || this.#phase === 'cleared';
  }

  /** Errors: `store-unavailable`. */
  async refresh(): Promise<LayoutPhase> {
    const found = (await answerOf(this.#redis.hget(LAYOUT, 'phase'))) ?? 'old';
    const phase = PHASES.find((each) => each === found);
    if (phase === undefined) throw new Error(`the catalogue has an unknown layout: ${found}`);
    if (PHASES.indexOf(phase) > PHASES.indexOf(this.#phase)) this.#phase = phase;
    return this.#phase;
  }

  /** The age of the present phase by Redis's clock. Errors: `store-unavailable`. */
  async phaseAgeMs(): Promise<number> {
    return Number(await AGE.run(this.#redis, [LAYOUT], []));
  }

  /** Acquires the lease of the copy; null if another node has it. Errors: `store-unavailable`. */
  async lead(name: string, leaseMs: number): Promise<CopyLead | null> {
    const fence = (await LEAD.run(this.#redis, [LAYOUT], [name, leaseMs])) as number;
    return fence === 0 ? null : new CopyLead({ redis: this.#redis, fence, leaseMs });
  }
}

/** Errors of all methods: `lease-lost` once another node leads; `store-unavailable`. */
export class CopyLead {
  readonly #redis: RedisConnection;
  readonly #fence: number;
  readonly #leaseMs: number;

  constructor(options: { redis: RedisConnection; fence: number; leaseMs: number }) {
    this.#redis = options.redis;
    this.#fence = options.fence;
    this.#leaseMs = options.leaseMs;
  }

  async advance(from: LayoutPhase, to: LayoutPhase): Promise<void> {
    const present = from === 'old' ? '' : from;
    check(await ADVANCE.run(this.#redis, [LAYOUT], [this.#fence, present, to]));
  }

  /** The cursor of a server's scan; null before its start. */
  async cursorOf(server: string): Promise<string | null> {
    return answerOf(this.#redis.hget(LAYOUT, cursorField(server)));
  }

  /** Also renews the lease. */
  async saveCursor(server: string, cursor: string): Promise<void> {
    await this.#save([], [cursorField(server), cursor]);
  }

  /** Also renews the lease. */
  async dropCursors(servers: readonly string[]): Promise<void> {
    await this.#save(servers.map(cursorField), []);
  }

  async #save(removed: readonly string[], set: readonly string[]): Promise<void> {
    const args = [this.#fence, this.#leaseMs, removed.length, ...removed, ...set];
    check(await SAVE.run(this.#redis, [LAYOUT], args));
  }
}

function check(answer: unknown): void {
  if (answer !== 1) throw new CopyLeaseLostError('another node leads the copy of the catalogue');
}

function cursorField(server: string): string {
  return `cursor:${server}`;
}
