// Repairs order lists and feeds on Redis from the journals, while they are in use (decision 025).
// It reads a few users at a time, each as a whole, and writes missing rows only.
//
// An id in a feed is the place of a row, and read marks are stored by id. So a missing row is
// inserted at its place in time, and the marks stay as they are: they are right again. A feed is
// append-only, so its length shows whether it changed between the read and the write. Then it is
// read again.

import type { DropTotals } from '../../rows/drop-totals.ts';
import { StoreUnavailableError } from '../../ports/journal.ts';
import {
  expectedByUser,
  type ExpectedRows,
  storedNotificationName,
  MissingCounts,
  missingOf,
  type MissingRows,
  type ExpectedNotification,
  notificationName,
} from '../../rows/missing-rows.ts';
import {
  type Missing,
  type OrderChanges,
  type ReplayedJournals,
  type RestoreOptions,
  USER_BUCKETS,
} from '../../ports/read-models.ts';
import { BLOCK_ROWS } from './bucket-calls.ts';
import { answerOf, type RedisConnection } from '../connection/connection.ts';
import { RedisPositions } from '../catalogue/consumer-positions-redis.ts';
import { DropStandings, totalsOfDrop } from './drop-standings.ts';
import { unpackRow } from './feed-redis.ts';
import { orderOfRow, packOrder, packNotification, unpackOrder } from './order-members.ts';
import { allDone } from './projection-redis.ts';
import { Script } from '../connection/script.ts';
import { BUCKETS, bucketOf, feedKey, feedPositionsKey, ordersKey } from './user-buckets.ts';

/** Users read in one write and compared: a fraction of a millisecond for Redis and the node. */
const USERS_AT_ONCE = 64;
/** How often a user's feed is read again because it grew meanwhile. */
const TRIES_MAX = 20;
/** Orders whose standings are sent in one write. */
const STANDINGS_AT_ONCE = 1024;

/**
 * Keys: a feed. Arguments: its expected length, the number of rows that stay, and the rows that
 * follow them.
 */
const REPLACE_END = new Script(`
  if redis.call('LLEN', KEYS[1]) ~= tonumber(ARGV[1]) then return 0 end
  local stay = tonumber(ARGV[2])
  if stay == 0 then redis.call('DEL', KEYS[1]) else redis.call('LTRIM', KEYS[1], 0, stay - 1) end
  for i = 3, #ARGV, 1000 do
    redis.call('RPUSH', KEYS[1], unpack(ARGV, i, math.min(i + 999, #ARGV)))
  end
  return 1
`);

/** As `ReadModels.restore`. */
export async function restoreRedis(
  redis: RedisConnection,
  { journals, write, pause, signal, compared }: RestoreOptions,
): Promise<Missing[]> {
  const counts = new MissingCounts(journals.journals);
  /** The number of orders that are missing in the lists, by drop. */
  const lacking = new Map<string, number>();
  for await (const { end, changes } of journals.users(USER_BUCKETS)) {
    const users = [...(await expectedByUser(changes, pause))];
    for (let i = 0; i < users.length; i += USERS_AT_ONCE) {
      signal.throwIfAborted();
      await pause();
      for (const missing of await restoreUsers(redis, users.slice(i, i + USERS_AT_ONCE), write)) {
        for (const { order } of missing.orders)
          lacking.set(order.dropId, (lacking.get(order.dropId) ?? 0) + 1);
        for (const { shard } of missing.notifications) counts.add('notifications', shard);
      }
    }
    compared?.(end / USER_BUCKETS);
  }
  const wrong = await compareTotals(redis, journals, lacking, counts, signal);
  if (!write) return counts.all();
  for (const journal of journals.journals) {
    const drops = wrong.get(journal.shard);
    if (drops !== undefined) await restoreStandings(redis, journals.changesOf(journal, drops));
    await movePositions(redis, journal.shard, journal.sequence);
  }
  return counts.all();
}

interface UserRows {
  readonly userId: string;
  /** The whole feed, oldest first. */
  readonly feed: string[];
  /** Members of the order list and the times when their orders were placed, alternating. */
  readonly orders: string[];
}

/** All rows of some users. A user with very many rows costs as much as reading them all. */
async function readUsers(redis: RedisConnection, userIds: readonly string[]): Promise<UserRows[]> {
  const reads = userIds.map(async (userId): Promise<UserRows> => {
    const bucket = bucketOf(userId);
    const [feed, orders] = await allDone([
      answerOf(redis.lrange(feedKey(bucket, userId), 0, -1)),
      answerOf(redis.zrange(ordersKey(bucket, userId), 0, -1, 'WITHSCORES')),
    ]);
    return { userId, feed: feed!, orders: orders! };
  });
  return await allDone(reads);
}

async function restoreUsers(
  redis: RedisConnection,
  users: readonly [userId: string, expected: ExpectedRows][],
  write: boolean,
): Promise<MissingRows[]> {
  const found = await readUsers(
    redis,
    users.map(([userId]) => userId),
  );
  const missing = found.map((rows, i) => missingOf(users[i]![1], presentRows(rows)));
  if (!write) return missing;
  await allDone(
    found.flatMap((rows, i) => {
      const { orders, notifications } = missing[i]!;
      return orders.length + notifications.length === 0
        ? []
        : restoreUser(redis, rows, users[i]![1]);
    }),
  );
  return missing;
}

function presentRows({ userId, feed, orders }: UserRows) {
  const versions = new Map<string, number>();
  const add = (id: string, version: number): void => {
    if (version > (versions.get(id) ?? 0)) versions.set(id, version);
  };
  for (let i = 0; i < orders.length; i += 2) {
    const order = unpackOrder(userId, Number(orders[i + 1]), orders[i]!);
    add(order.id, order.version);
  }
  // Readers of the list see the orders of older rows only in the list.
  for (const row of feed.slice(-BLOCK_ROWS)) {
    const order = orderOfRow(userId, row);
    if (order !== null) add(order.id, order.version);
  }
  const names = new Set(
    feed.map((row, i) => storedNotificationName(unpackRow(userId, i + 1, row, null))),
  );
  return {
    versionOf: ({ id }: { id: string }) => versions.get(id) ?? 0,
    hasNotification: (one: ExpectedNotification) => names.has(notificationName(one)),
  };
}

/** Errors: `store-unavailable`, also if the feed grows after each read. */
async function restoreUser(
  redis: RedisConnection,
  first: UserRows,
  expected: ExpectedRows,
): Promise<void> {
  const { userId } = first;
  const bucket = bucketOf(userId);
  let rows = first;
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const { orders, notifications } = missingOf(expected, presentRows(rows));
    const members = orders.flatMap(({ order }) => [order.createdAt, packOrder(order)]);
    // Rows move, so the orders of the last rows are written into the list first.
    const shifted = notifications.length === 0 ? [] : rows.feed.slice(-BLOCK_ROWS);
    for (const order of [
      ...notifications.map((one) => one.order),
      ...shifted.flatMap((row) => orderOfRow(userId, row) ?? []),
    ]) {
      members.push(order.createdAt, packOrder(order));
    }
    if (members.length === 0) return;
    await answerOf(redis.zadd(ordersKey(bucket, userId), ...members));
    if (notifications.length === 0) return;
    const { stay, end } = mergeInTime(rows, notifications);
    const args = [rows.feed.length, stay, ...end];
    if ((await REPLACE_END.run(redis, [feedKey(bucket, userId)], args)) === 1) return;
    rows = (await readUsers(redis, [userId]))[0]!;
  }
  throw new StoreUnavailableError(`the feed of ${userId} grows faster than it can be repaired`);
}

/**
 * The feed with the missing rows inserted by time, after rows of the same time: the number of rows
 * that stay in place, and the rows that follow them.
 */
function mergeInTime(
  { userId, feed }: UserRows,
  notifications: readonly ExpectedNotification[],
): { stay: number; end: string[] } {
  const missing = notifications.map((one) => ({
    at: one.at,
    row: packNotification(one.type, one.refundRequested, one.at, one.told),
  }));
  const end: string[] = [];
  let stay = 0;
  let next = 0;
  for (let i = 0; i < feed.length; i++) {
    const row = feed[i]!;
    const { createdAt } = unpackRow(userId, i + 1, row, null);
    while (next < missing.length && missing[next]!.at < createdAt) end.push(missing[next++]!.row);
    if (end.length === 0) stay += 1;
    else end.push(row);
  }
  while (next < missing.length) end.push(missing[next++]!.row);
  return { stay, end };
}

/**
 * Counts the orders that are missing in the lists or in the totals. Resolves to the drops whose
 * totals differ from the journal, by shard.
 */
async function compareTotals(
  redis: RedisConnection,
  journals: ReplayedJournals,
  lacking: ReadonlyMap<string, number>,
  counts: MissingCounts,
  signal: AbortSignal,
): Promise<Map<number, Set<string>>> {
  const wrong = new Map<number, Set<string>>();
  for (const expected of journals.drops()) {
    signal.throwIfAborted();
    const { shard, dropId } = expected;
    const listed = await totalsOfDrop(redis, dropId);
    const missing = Math.max(lacking.get(dropId) ?? 0, expected.orders - listed.orders);
    counts.add('orders', shard, missing);
    if (isSame(expected, listed)) continue;
    const drops = wrong.get(shard) ?? new Set();
    wrong.set(shard, drops.add(dropId));
  }
  return wrong;
}

/** Writes the standings again. This is harmless if the drop has changed meanwhile. */
async function restoreStandings(
  redis: RedisConnection,
  changes: AsyncIterable<OrderChanges>,
): Promise<void> {
  let standings = new DropStandings();
  let count = 0;
  for await (const { sequence, rows } of changes) {
    for (const { order } of rows) standings.add(order, sequence);
    count += rows.length;
    if (count < STANDINGS_AT_ONCE) continue;
    await sendStandings(redis, standings);
    standings = new DropStandings();
    count = 0;
  }
  await sendStandings(redis, standings);
}

async function sendStandings(redis: RedisConnection, standings: DropStandings): Promise<void> {
  await allDone(standings.send(redis));
}

function isSame(a: DropTotals, b: DropTotals): boolean {
  return a.orders === b.orders && a.heldUnits === b.heldUnits && a.soldUnits === b.soldUnits;
}

/**
 * Stores in every bucket that it has the journal up to this sequence. Only this position tells the
 * bucket that rows which the relay delivers again after a crash are not new.
 */
async function movePositions(
  redis: RedisConnection,
  shard: number,
  sequence: number,
): Promise<void> {
  const buckets = Array.from(
    { length: BUCKETS },
    (_, bucket) => new RedisPositions({ redis, key: feedPositionsKey(bucket) }),
  );
  await allDone(buckets.map((positions) => positions.save([{ shard, sequence }])));
}
