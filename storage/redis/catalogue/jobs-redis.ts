// Jobs on Redis: one hash of all jobs as JSON, and sorted sets of their ids: all, of each state and
// of each caller by time, unfinished ones of each kind by when they are due, finished ones of each
// caller by their end, and by when they expire. All keys share a hash tag, and each change is one
// script.

import { JOB_STATES } from '../../../contracts/job-states.ts';
import type { Job, JobCount, JobState } from '../../../contracts/jobs.ts';
import type { Page, PageRequest } from '../../../contracts/paging.ts';
import type { KeyedRequest } from '../../../contracts/requests.ts';
import { decodeCursor, encodeCursor } from '../../formats/cursor.ts';
import { decodeJob, encodeJob } from '../../formats/job.ts';
import {
  FINISHED_JOBS_OF_CALLER_MAX,
  type JobBounds,
  type JobFilter,
  type JobStore,
} from '../../ports/jobs.ts';
import type { Answered } from '../../ports/requests.ts';
import { answerOf, type RedisConnection } from '../connection/connection.ts';
import { readNewestFirst } from '../connection/newest-first.ts';
import { Script, type ScriptArgument } from '../connection/script.ts';
import { onceScript, RedisRequests } from './requests-redis.ts';

const ROWS = '{jobs}:rows';
const ALL = '{jobs}:all';
const EXPIRY = '{jobs}:expiry';
/** Fields are a kind and a state, with a space between. */
const COUNTS = '{jobs}:counts';

/** The keys that a job of this kind and caller is in. */
function keysOf(kind: string, callerId: string): string[] {
  return [
    ROWS,
    ALL,
    EXPIRY,
    COUNTS,
    `{jobs}:due:${kind}`,
    callerKey(callerId),
    `{jobs}:open-of:${callerId}`,
    `{jobs}:finished-of:${callerId}`,
    ...JOB_STATES.map(stateKey),
  ];
}

const KEYS_COUNT = 8 + JOB_STATES.length;

/** Keys behind those of `keysOf` are of kept answers. */
const FUNCTIONS = `
  local function remove(id, job)
    redis.call('HDEL', KEYS[1], id)
    for i = 2, ${KEYS_COUNT} do
      if i ~= 4 then redis.call('ZREM', KEYS[i], id) end
    end
    redis.call('HINCRBY', KEYS[4], job.kind .. ' ' .. job.state, -1)
  end
  local function index(key, time, id)
    if time == cjson.null then redis.call('ZREM', key, id)
    else redis.call('ZADD', key, time, id) end
  end
  local function put(id, text, job)
    redis.call('HSET', KEYS[1], id, text)
    redis.call('ZADD', KEYS[2], job.createdAt, id)
    index(KEYS[3], job.expiresAt, id)
    redis.call('HINCRBY', KEYS[4], job.kind .. ' ' .. job.state, 1)
    index(KEYS[5], job.dueAt, id)
    redis.call('ZADD', KEYS[6], job.createdAt, id)
    index(KEYS[7], job.dueAt, id)
    index(KEYS[8], job.finishedAt, id)
    for i = 9, ${KEYS_COUNT} do
      if string.match(KEYS[i], ':(%a+)$') == job.state then
        redis.call('ZADD', KEYS[i], job.createdAt, id)
      else
        redis.call('ZREM', KEYS[i], id)
      end
    end
  end`;

/** ARGV: the id, the job as JSON, the two bounds. */
const ADD = new Script(`${FUNCTIONS}
  if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 1 then return 'exists' end
  if redis.call('ZCARD', KEYS[5]) >= tonumber(ARGV[3]) then return 'full' end
  if redis.call('ZCARD', KEYS[7]) >= tonumber(ARGV[4]) then return 'full' end
  put(ARGV[1], ARGV[2], cjson.decode(ARGV[2]))
  return 'added'
`);

/**
 * ARGV: the id, the job as JSON, and how many finished jobs of its caller are kept. Jobs of one
 * caller may be of several kinds: one that is removed is finished, so it is in no set of a kind.
 */
const REPLACE = new Script(`${FUNCTIONS}
  local stored = redis.call('HGET', KEYS[1], ARGV[1])
  if not stored then return 0 end
  local before, job = cjson.decode(stored), cjson.decode(ARGV[2])
  if before.revision ~= job.revision - 1 then return 0 end
  redis.call('HINCRBY', KEYS[4], before.kind .. ' ' .. before.state, -1)
  put(ARGV[1], ARGV[2], job)
  local beyond = redis.call('ZCARD', KEYS[8]) - tonumber(ARGV[3])
  if beyond > 0 then
    for _, id in ipairs(redis.call('ZRANGE', KEYS[8], 0, beyond - 1)) do
      remove(id, cjson.decode(redis.call('HGET', KEYS[1], id)))
    end
  end
  return 1
`);

/** ARGV: the id and the time. */
const REMOVE_EXPIRED = new Script(`${FUNCTIONS}
  local expiresAt = redis.call('ZSCORE', KEYS[3], ARGV[1])
  if not expiresAt or tonumber(expiresAt) > tonumber(ARGV[2]) then return 0 end
  remove(ARGV[1], cjson.decode(redis.call('HGET', KEYS[1], ARGV[1])))
  return 1
`);

const REPLACE_ONCE = onceScript(REPLACE, 'result == 1');

export class RedisJobStore implements JobStore {
  readonly requests: RedisRequests;
  readonly #redis: RedisConnection;
  readonly #finishedMax: number;

  constructor(options: { readonly redis: RedisConnection; readonly finishedMax?: number }) {
    this.#redis = options.redis;
    this.requests = new RedisRequests({ redis: options.redis, place: 'jobs' });
    this.#finishedMax = options.finishedMax ?? FINISHED_JOBS_OF_CALLER_MAX;
  }

  async add(job: Job, { ofKindMax, ofCallerMax }: JobBounds): Promise<'added' | 'exists' | 'full'> {
    const args = [job.id, encodeJob(job), ofKindMax, ofCallerMax];
    const added = await ADD.run(this.#redis, keysOf(job.kind, job.callerId), args);
    return added as 'added' | 'exists' | 'full';
  }

  async replace(job: Job): Promise<boolean> {
    const { keys, args } = this.#replacement(job);
    return (await REPLACE.run(this.#redis, keys, args)) === 1;
  }

  replaceOnce(request: KeyedRequest, job: Job, answer: string): Promise<Answered<string | null>> {
    return this.requests.once(REPLACE_ONCE, request, this.#replacement(job), answer);
  }

  #replacement(job: Job): { keys: string[]; args: ScriptArgument[] } {
    return {
      keys: keysOf(job.kind, job.callerId),
      args: [job.id, encodeJob(job), this.#finishedMax],
    };
  }

  async find(id: string): Promise<Job | null> {
    return (await this.#read([id]))[0] ?? null;
  }

  async list({ callerId, state }: JobFilter, page: PageRequest): Promise<Page<Job>> {
    const key =
      callerId !== undefined ? callerKey(callerId) : state !== undefined ? stateKey(state) : ALL;
    const start = decodeCursor('jobs', page.cursor);
    const positions = await readNewestFirst(this.#redis, [key], start, page.limit + 1);
    const shown = positions.slice(0, page.limit);
    const jobs = await this.#read(shown.map(({ id }) => id));
    return {
      // Another state: it was changed between the two reads.
      items: jobs.filter((job) => state === undefined || job.state === state),
      nextCursor: positions.length > shown.length ? encodeCursor('jobs', shown.at(-1)!) : null,
    };
  }

  async due(kind: string, time: number, limit: number): Promise<readonly Job[]> {
    const key = `{jobs}:due:${kind}`;
    return await this.#read(
      await answerOf(this.#redis.zrangebyscore(key, '-inf', time, 'LIMIT', 0, limit)),
    );
  }

  async removeExpired(time: number, limit: number): Promise<number> {
    const ids = await answerOf(this.#redis.zrangebyscore(EXPIRY, '-inf', time, 'LIMIT', 0, limit));
    let removed = 0;
    for (const { id, kind, callerId } of await this.#read(ids)) {
      const answer = await REMOVE_EXPIRED.run(this.#redis, keysOf(kind, callerId), [id, time]);
      removed += Number(answer);
    }
    return removed;
  }

  async counts(): Promise<readonly JobCount[]> {
    const fields = await answerOf(this.#redis.hgetall(COUNTS));
    return Object.entries(fields).flatMap(([field, text]) => {
      const [kind, state] = field.split(' ') as [string, JobState];
      return text === '0' ? [] : [{ kind, state, count: Number(text) }];
    });
  }

  /** In the order of the ids, without those that are gone. */
  async #read(ids: readonly string[]): Promise<Job[]> {
    if (ids.length === 0) return [];
    const rows = await answerOf(this.#redis.hmget(ROWS, ...ids));
    return rows.flatMap((row) => (row === null ? [] : [decodeJob(row)]));
  }
}

function stateKey(state: JobState): string {
  return `{jobs}:state:${state}`;
}

function callerKey(callerId: string): string {
  return `{jobs}:of:${callerId}`;
}
