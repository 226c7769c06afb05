// The audit log on Redis: one stream whose ids are numbers that rise by one, a sorted set of the
// numbers of each creator's entries, and a hash of changes that are under way. All of it has one
// hash tag.

import { randomUUID } from 'node:crypto';
import type { AuditEntry, AuditFilter, NewAuditEntry } from '../../../contracts/audit.ts';
import type { Page, PageRequest } from '../../../contracts/paging.ts';
import {
  decodeAuditEntry,
  encodeAuditEntry,
  type StoredAuditEntry,
} from '../../formats/audit-entry.ts';
import type { AuditLog, BegunChange } from '../../ports/audit-log.ts';
import { readAuditPage } from '../../rows/audit-page.ts';
import { answerOf, type RedisConnection } from '../connection/connection.ts';
import { ReplicatedWrites } from '../connection/replicated-writes.ts';
import { Script, type ScriptArgument } from '../connection/script.ts';

const LOG = '{operators}:log';
const BEGUN = '{operators}:begun';
const ofCreator = (creatorId: string) => `{operators}:log:of:${creatorId}`;

/**
 * KEYS: the stream, the begun changes, the set of the creator or nothing. ARGV: the entry as JSON,
 * the id of the begun change or nothing. Answers the entry's number, or nil where the change is not
 * begun.
 */
const APPEND = new Script(`
  if ARGV[2] ~= '' and redis.call('HDEL', KEYS[2], ARGV[2]) == 0 then return nil end
  local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)
  local id = 1
  if last[1] then id = tonumber(string.match(last[1][1], '^(%d+)')) + 1 end
  redis.call('XADD', KEYS[1], id .. '-0', 'action', ARGV[1])
  if KEYS[3] then redis.call('ZADD', KEYS[3], id, id) end
  return id
`);

/** ARGV: the id of the begun change, and its entry as JSON. */
const BEGIN = new Script(`return redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])`);

/** KEYS: the stream, a creator's set. ARGV: below this number, how many. Answers rows of both. */
const BELOW_OF = new Script(`
  local ids = redis.call('ZRANGE', KEYS[2], '(' .. ARGV[1], '-inf', 'BYSCORE', 'REV',
    'LIMIT', 0, ARGV[2])
  local rows = {}
  for _, id in ipairs(ids) do
    local row = redis.call('XRANGE', KEYS[1], id .. '-0', id .. '-0')[1]
    if row then rows[#rows + 1] = row end
  end
  return rows
`);

/** KEYS: the stream, then sets of creators. ARGV: the newest number to remove, for each set too. */
const TRIM = new Script(`
  for i = 2, #KEYS do redis.call('ZREMRANGEBYSCORE', KEYS[i], '-inf', ARGV[1]) end
  return redis.call('XTRIM', KEYS[1], 'MINID', (tonumber(ARGV[1]) + 1) .. '-0')
`);

/** A row of the stream: its id, then names and values in turn. */
type Row = [string, string[]];

export interface RedisAuditLogOptions {
  /** For entries, which may hold up what comes after them where there are replicas. */
  readonly redis: RedisConnection;
  /** For all else. Default: the same. */
  readonly reads?: RedisConnection;
  /** Replicas that must have an entry before it counts. Default 0: the server alone. */
  readonly replicas?: number;
  readonly replicasTimeoutMs?: number;
}

export class RedisAuditLog implements AuditLog {
  readonly #entries: RedisConnection;
  readonly #redis: RedisConnection;
  readonly #replicated: ReplicatedWrites | null;

  constructor({ redis, reads = redis, replicas = 0, replicasTimeoutMs }: RedisAuditLogOptions) {
    this.#entries = redis;
    this.#redis = reads;
    this.#replicated =
      replicas === 0 ? null : new ReplicatedWrites({ redis, replicas, replicasTimeoutMs });
  }

  async append(entry: NewAuditEntry): Promise<AuditEntry> {
    return { ...entry, sequence: Number(await this.#append(entry, '')) };
  }

  async begin(entry: NewAuditEntry): Promise<string> {
    const id = randomUUID();
    await this.#write(BEGIN, [BEGUN], [id, JSON.stringify(entry)]);
    return id;
  }

  async finish(id: string, entry: NewAuditEntry): Promise<AuditEntry | null> {
    const sequence = await this.#append(entry, id);
    return sequence === null ? null : { ...entry, sequence: Number(sequence) };
  }

  async discard(id: string): Promise<void> {
    await answerOf(this.#redis.hdel(BEGUN, id));
  }

  async listBegun(before: number, limit: number): Promise<BegunChange[]> {
    const begun = Object.entries(await answerOf(this.#redis.hgetall(BEGUN)));
    return begun
      .map(([id, entry]) => ({ id, entry: JSON.parse(entry) as NewAuditEntry }))
      .filter(({ entry }) => entry.at < before)
      .slice(0, limit);
  }

  async list(filter: AuditFilter, page: PageRequest): Promise<Page<AuditEntry>> {
    const { creatorId } = filter;
    return await readAuditPage(
      async (below, limit) => {
        const rows =
          creatorId === undefined
            ? await answerOf(this.#redis.xrevrange(LOG, `(${below}-0`, '-', 'COUNT', limit))
            : await BELOW_OF.run(this.#redis, [LOG, ofCreator(creatorId)], [below, limit]);
        return (rows as Row[]).map(entryOf);
      },
      filter,
      page,
    );
  }

  async readFrom(sequence: number, limit: number): Promise<AuditEntry[]> {
    const rows = await answerOf(this.#redis.xrange(LOG, `${sequence}-0`, '+', 'COUNT', limit));
    return (rows as Row[]).map(entryOf);
  }

  async newest(): Promise<number> {
    const [row] = await answerOf(this.#redis.xrevrange(LOG, '+', '-', 'COUNT', 1));
    return row === undefined ? 0 : sequenceOf(row[0]);
  }

  async trim(before: number, limit: number): Promise<number> {
    // One more, so that the newest is never among those that go.
    const rows = (await answerOf(this.#redis.xrange(LOG, '-', '+', 'COUNT', limit + 1))) as Row[];
    const candidates = rows.slice(0, -1).map(entryOf);
    const kept = candidates.findIndex(({ at }) => at >= before);
    const old = kept === -1 ? candidates : candidates.slice(0, kept);
    if (old.length === 0) return 0;
    const creators = new Set(old.flatMap(({ creatorId }) => creatorId ?? []));
    const keys = [LOG, ...[...creators].map(ofCreator)];
    return Number(await TRIM.run(this.#redis, keys, [old.at(-1)!.sequence]));
  }

  #append(entry: NewAuditEntry, begunId: string): Promise<unknown> {
    const { creatorId } = entry;
    const keys = [LOG, BEGUN, ...(creatorId === null ? [] : [ofCreator(creatorId)])];
    const stored = JSON.stringify(encodeAuditEntry(entry));
    return this.#write(APPEND, keys, [stored, begunId]);
  }

  #write(
    script: Script,
    keys: readonly string[],
    args: readonly ScriptArgument[],
  ): Promise<unknown> {
    return this.#replicated === null
      ? script.run(this.#entries, keys, args)
      : this.#replicated.run(script, keys, args);
  }
}

function entryOf([id, fields]: Row): AuditEntry {
  const stored = JSON.parse(fields[1]!) as StoredAuditEntry;
  return decodeAuditEntry(sequenceOf(id), stored);
}

function sequenceOf(id: string): number {
  return Number(id.slice(0, id.indexOf('-')));
}
