// Lists that run newest first, in sorted sets: the score is the time, the member is the id, so
// Redis orders them by time, then id. One list may be spread over several sets in different slots;
// a read merges them. A page is read from a position, never from an offset, so it costs the same at
// any depth: one command of O(log n + limit) for each set.
//
// The plain command compares times only. Members with the position's own time are filtered here. If
// the answer has only such members, a script finds the place among the many members of one time.
// The script alone would be enough, but it takes Redis 48 µs and the command 18 (10 members, by
// `INFO commandstats`), and a page of a creator's followers reads 32 sets.

import type { ListPosition } from '../../formats/cursor.ts';
import { answerOf, type RedisConnection } from './connection.ts';
import { Script } from './script.ts';

/**
 * Keys: a set. Arguments: time, id, limit. A binary search finds the start of the page among many
 * members of the same time. Members are compared as bytes, as Redis orders them: Lua's own
 * comparison follows the locale of the server.
 */
const READ_BELOW = new Script(`
local function is_below(a, b)
  for i = 1, math.min(#a, #b) do
    local x, y = a:byte(i), b:byte(i)
    if x ~= y then return x < y end
  end
  return #a < #b
end
local key, time, id, limit = KEYS[1], ARGV[1], ARGV[2], tonumber(ARGV[3])
local first = redis.call('ZCOUNT', key, '(' .. time, '+inf')
local last = first + redis.call('ZCOUNT', key, time, time)
while first < last do
  local middle = math.floor((first + last) / 2)
  local member = redis.call('ZRANGE', key, middle, middle, 'REV')[1]
  if is_below(member, id) then last = middle else first = middle + 1 end
end
return redis.call('ZRANGE', key, first, first + limit - 1, 'REV', 'WITHSCORES')`);

/** Read from each set in addition to twice its share of a page: nearly always enough. */
const SHARE_SLACK = 3;

/** The positions of one set below the start of the page, as far as they are read. */
interface Run {
  readonly key: string;
  readonly positions: ListPosition[];
  /** No position follows the last one. */
  isWhole: boolean;
}

/**
 * At most `limit` positions below `start` of the list over all `keys`, newest first. From each of
 * many sets it reads little more than the set's share of the page, and more only if that is not
 * enough: a page of 50 from 32 sets reads 256 members, and 50 from each set would be 1,664. Errors:
 * `store-unavailable`.
 */
export async function readNewestFirst(
  redis: RedisConnection,
  keys: readonly string[],
  start: ListPosition,
  limit: number,
): Promise<ListPosition[]> {
  const share = Math.min(limit, Math.ceil((2 * limit) / keys.length) + SHARE_SLACK);
  const extend = async (run: Run): Promise<void> => {
    const { positions, isWhole } = await readBelow(
      redis,
      run.key,
      run.positions.at(-1) ?? start,
      share,
    );
    run.positions.push(...positions);
    run.isWhole = isWhole;
  };
  const runs = keys.map((key): Run => ({ key, positions: [], isWhole: false }));
  let page: ListPosition[] = [];
  for (let short = runs; short.length > 0; ) {
    await Promise.all(short.map(extend));
    page = mergeRuns(runs, limit);
    short = runs.filter((run) => !run.isWhole && mayGoOn(run, page, limit));
  }
  return page;
}

/** The next positions of one set below `start`: about `limit`, at least one if there is any. */
async function readBelow(
  redis: RedisConnection,
  key: string,
  start: ListPosition,
  limit: number,
): Promise<Pick<Run, 'positions' | 'isWhole'>> {
  const { time, id } = start;
  // One of them may be the start itself.
  const readMax = limit + 1;
  const found = positionsOf(
    await answerOf(redis.zrevrangebyscore(key, time, '-inf', 'WITHSCORES', 'LIMIT', 0, readMax)),
  );
  const first = found.findIndex((position) => isBelow(position, start));
  if (first >= 0) return { positions: found.slice(first), isWhole: found.length < readMax };
  if (found.length < readMax) return { positions: [], isWhole: true };
  const positions = positionsOf(await READ_BELOW.run(redis, [key], [time, id, limit]));
  return { positions, isWhole: positions.length < limit };
}

/** As Redis orders members: by time, then by bytes. */
function isBelow(position: ListPosition, start: ListPosition): boolean {
  if (position.time !== start.time) return position.time < start.time;
  return Buffer.compare(Buffer.from(position.id), Buffer.from(start.id)) < 0;
}

/** Whether positions after the run's last one may belong into the page. */
function mayGoOn({ positions }: Run, page: readonly ListPosition[], limit: number): boolean {
  return page.length < limit || isNewer(positions.at(-1)!, page.at(-1)!);
}

function mergeRuns(runs: readonly Run[], limit: number): ListPosition[] {
  return runs.length === 1
    ? runs[0]!.positions.slice(0, limit)
    : merge(
        runs.map(({ positions }) => positions),
        limit,
      );
}

function positionsOf(answer: unknown): ListPosition[] {
  const flat = answer as string[];
  const positions: ListPosition[] = [];
  for (let i = 0; i < flat.length; i += 2) {
    positions.push({ id: flat[i]!, time: Number(flat[i + 1]) });
  }
  return positions;
}

/** Takes runs * limit comparisons; both are small. */
export function merge(runs: readonly (readonly ListPosition[])[], limit: number): ListPosition[] {
  const next = runs.map(() => 0);
  const merged: ListPosition[] = [];
  while (merged.length < limit) {
    let newest: ListPosition | undefined;
    let newestRun = 0;
    for (let run = 0; run < runs.length; run++) {
      const head = runs[run]![next[run]!];
      if (head !== undefined && (newest === undefined || isNewer(head, newest))) {
        newest = head;
        newestRun = run;
      }
    }
    if (newest === undefined) break;
    next[newestRun]!++;
    merged.push(newest);
  }
  return merged;
}

function isNewer(a: ListPosition, b: ListPosition): boolean {
  return a.time > b.time || (a.time === b.time && a.id > b.id);
}
