// What the change stream has of drops on Redis. A drop's row is in a slot of its own, and the
// stream in those of its buckets. So the summary of the row is stored in the drop's bucket as well,
// and the script that changes it appends the record. Summaries are stored by every node; records
// begin once all rows have summaries (`drop-records-upgrade.ts`, decision 081).

import type { DropSummary, EntityChange } from '../../../contracts/changes.ts';
import type { DropView } from '../../../contracts/drops.ts';
import { dropChange, soldStep, type SummaryTerms, termsOf } from '../../rows/drop-summary.ts';
import { answerOf, type RedisConnection } from '../connection/connection.ts';
import { Script } from '../connection/script.ts';
import {
  ALL_DROPS_RECORDED_KEY,
  CHANGE_BUCKETS,
  changeBucketOf,
  changesKey,
  dropIdsKey,
  dropsRecordedKey,
  dropSummariesKey,
} from './catalogue-keys.ts';
import { APPEND_CHANGE } from './change-append.ts';
import type { RedisChangeStream } from './change-stream-redis.ts';

/**
 * A summary is text: version, step of the units sold, units sold, and the terms as JSON.
 * KEYS: summaries, ids, recorded, changes. ARGV: most records, id, version, step, sold, terms,
 * record, the version up to which what is stored is replaced.
 */
const PUT = new Script(`${APPEND_CHANGE}
local stored = redis.call('HGET', KEYS[1], ARGV[2])
local is_other = true
if stored then
  local version, step, _, terms = stored:match('^(%d+) (%d+) (%d+) (.*)$')
  if tonumber(version) > tonumber(ARGV[8]) then return 0 end
  is_other = step ~= ARGV[4] or terms ~= ARGV[6]
end
if is_other and redis.call('EXISTS', KEYS[3]) == 1 then
  append_change(KEYS[4], ARGV[1], ARGV[7])
end
redis.call('HSET', KEYS[1], ARGV[2], table.concat({ARGV[3], ARGV[4], ARGV[5], ARGV[6]}, ' '))
if not stored then redis.call('ZADD', KEYS[2], 0, ARGV[2]) end
return 1`);

const STORED = /^(\d+) \d+ (\d+) (.*)$/s;

export interface DropSummariesOptions {
  readonly redis: RedisConnection;
  readonly changes: RedisChangeStream;
}

/** Errors of all methods: `store-unavailable`. */
export class DropSummaries {
  readonly #redis: RedisConnection;
  readonly #changes: RedisChangeStream;

  constructor({ redis, changes }: DropSummariesOptions) {
    this.#redis = redis;
    this.#changes = changes;
  }

  /** Ignores a row whose version is not above the stored one. Atomic with the record. */
  put(row: DropView): Promise<void> {
    return this.#put(row, row.version - 1);
  }

  /** As `put`, but also in place of a summary up to `version`. */
  replace(row: DropView, version: number): Promise<void> {
    return this.#put(row, version);
  }

  async #put(row: DropView, replacedMax: number): Promise<void> {
    const { id, version, sold } = row;
    const bucket = changeBucketOf(id);
    const keys = [
      dropSummariesKey(bucket),
      dropIdsKey(bucket),
      dropsRecordedKey(bucket),
      changesKey(bucket),
    ];
    const texts = [JSON.stringify(termsOf(row)), JSON.stringify(dropChange(row))];
    await this.#changes.append(PUT, keys, [
      id,
      version,
      soldStep(sold),
      sold,
      ...texts,
      replacedMax,
    ]);
  }

  /** Lets changes of drops have records from now on, in all buckets. Idempotent. */
  async recordAll(): Promise<void> {
    for (let bucket = 0; bucket < CHANGE_BUCKETS; bucket++)
      await answerOf(this.#redis.set(dropsRecordedKey(bucket), '1'));
    await answerOf(this.#redis.set(ALL_DROPS_RECORDED_KEY, '1'));
  }
}

/** Errors: `store-unavailable`. */
export async function areDropsRecorded(redis: RedisConnection): Promise<boolean> {
  return (await answerOf(redis.exists(ALL_DROPS_RECORDED_KEY))) === 1;
}

/**
 * The summaries of a bucket as changes, in the order of the drops' ids: at most `limit`, of ids
 * above `after`. Errors: `store-unavailable`.
 */
export async function dropsAfter(
  redis: RedisConnection,
  bucket: number,
  after: string,
  limit: number,
): Promise<(EntityChange & { readonly kind: 'drop' })[]> {
  const start = after === '' ? '-' : `(${after}`;
  const ids = await answerOf(redis.zrangebylex(dropIdsKey(bucket), start, '+', 'LIMIT', 0, limit));
  if (ids.length === 0) return [];
  const texts = await answerOf(redis.hmget(dropSummariesKey(bucket), ...ids));
  return ids.map((dropId, i) => ({ kind: 'drop', dropId, drop: summaryOf(texts[i]!) }));
}

function summaryOf(text: string): DropSummary {
  const [, version, sold, terms] = STORED.exec(text)!;
  return {
    ...(JSON.parse(terms!) as SummaryTerms),
    sold: Number(sold),
    version: Number(version),
  };
}
