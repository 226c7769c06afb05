// Makes order lists and feeds on Redis good from the journal, while they are in use (decision 025).
// Users are looked at some at a time, each whole; only what is missing is written.
//
// An id in a feed is a row's place, and read marks are kept beside the feed by id. So what is
// missing is put where it was in time, and the marks are left alone: they then say again what they
// said before the loss. A feed is only ever added to, so its length tells whether it changed
// between reading and writing it; then it is read again.

import { addToTotals, type DropTotals, emptyTotals } from '../../rows/drop-totals.ts';
import { StoreUnavailableError } from '../../ports/journal.ts';
import {
  expectedByUser,
  type ExpectedRows,
  storedNotificationName,
  missingOf,
  type MissingRows,
  type ExpectedNotification,
  notificationName,
} from '../../rows/missing-rows.ts';
import type { Missing, OrderChanges, RestoreOptions } from '../../ports/read-models.ts';
import { BLOCK_ROWS } from './bucket-calls.ts';
import { answerOf, type RedisConnection } from '../connection/connection.ts';
import { RedisPositions } from '../catalogue/consumer-positions-redis.ts';
import { DropStandings, totalsOfDrop } from './drop-standings.ts';
import { unpackRow } from './feed-redis.ts';
import { orderOfRow, packOrder, packNotification, unpackOrder } from './order-members.ts';
import { allDone } from './projection-redis.ts';
import { Script } from '../connection/script.ts';
import { BUCKETS, bucketOf, feedKey, feedPositionsKey, ordersKey } from './user-buckets.ts';

/** Read in one write and then compared: a fraction of a millisecond for Redis and for the node. */
const USERS_AT_ONCE = 64;
/** How often a user's feed is read again because it grew meanwhile. */
const TRIES_MAX = 20;
/** Orders whose standings leave in one write. */
const STANDINGS_AT_ONCE = 1024;

/**
 * Keys: a feed. Arguments: the length it should have, how many of its rows stay, and the rows that
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
  { journals, changesOf, write }: RestoreOptions,
): Promise<Missing[]> {
  const missing: Missing[] = [];
  for (const journal of journals) {
    const changes = await changesOf(journal);
    if (changes === null) continue;
    const lacking = new Map<string, number>();
    let notifications = 0;
    const users = [...(await expectedByUser(changes))];
    for (let i = 0; i < users.length; i += USERS_AT_ONCE) {
      for (const { orders, notifications: lostNotifications } of await restoreUsers(
        redis,
        users.slice(i, i + USERS_AT_ONCE),
        write,
      )) {
        for (const { dropId } of orders) lacking.set(dropId, (lacking.get(dropId) ?? 0) + 1);
        notifications += lostNotifications.length;
      }
    }
    const orders = await restoreStandings(redis, changes, lacking, write);
    if (write) await movePositions(redis, journal.shard, journal.sequence);
    missing.push({ shard: journal.shard, orders, notifications });
  }
  return missing;
}

interface UserRows {
  readonly userId: string;
  /** The whole feed, oldest first. */
  readonly feed: string[];
  /** Members of the list of orders, and when each was placed, in turns. */
  readonly orders: string[];
}

/** All rows of some users. One with very many costs as much as reading all of them. */
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
  // The orders of older rows are in the list, or whoever reads it does not see them.
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

/** Errors: `store-unavailable`, also where the feed grows each time it was read. */
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
    const members = orders.flatMap((order) => [order.createdAt, packOrder(order)]);
    // Rows change their places, so those whose orders are not in the list yet put them there first.
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
  throw new StoreUnavailableError(`the feed of ${userId} grows faster than it can be made good`);
}

/**
 * The feed with what is missing where it was in time, behind rows of the same moment: how many rows
 * stay where they are, and what follows them.
 */
function mergeInTime(
  { userId, feed }: UserRows,
  notifications: readonly ExpectedNotification[],
): { stay: number; end: string[] } {
  const missing = notifications.map((one) => ({
    at: one.at,
    row: packNotification(one.type, one.refundRequested, one.at, one.order),
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
 * Writes the standings of drops whose totals are not what the journal says; where a drop has gone
 * on meanwhile that is harmless. Resolves to how many orders are missing in the lists or in the
 * totals. `lacking` has those of the lists, by drop.
 */
async function restoreStandings(
  redis: RedisConnection,
  changes: readonly OrderChanges[],
  lacking: ReadonlyMap<string, number>,
  write: boolean,
): Promise<number> {
  let orders = 0;
  const wrong = new Set<string>();
  for (const [dropId, expected] of totalsByDrop(changes)) {
    const listed = await totalsOfDrop(redis, dropId);
    orders += Math.max(lacking.get(dropId) ?? 0, expected.orders - listed.orders);
    if (!isSame(expected, listed)) wrong.add(dropId);
  }
  if (!write || wrong.size === 0) return orders;
  let standings = new DropStandings();
  let count = 0;
  for (const { sequence, rows } of changes) {
    for (const { order } of rows) {
      if (!wrong.has(order.dropId)) continue;
      standings.add(order, sequence);
      count += 1;
    }
    if (count < STANDINGS_AT_ONCE) continue;
    await sendStandings(redis, standings);
    standings = new DropStandings();
    count = 0;
  }
  await sendStandings(redis, standings);
  return orders;
}

async function sendStandings(redis: RedisConnection, standings: DropStandings): Promise<void> {
  await allDone(standings.send(redis));
}

function totalsByDrop(changes: readonly OrderChanges[]): Map<string, DropTotals> {
  const drops = new Map<string, DropTotals>();
  const counted = new Set<string>();
  for (const { rows } of changes) {
    for (const { order } of rows) {
      if (counted.has(order.id)) continue;
      counted.add(order.id);
      let totals = drops.get(order.dropId);
      if (totals === undefined) {
        totals = emptyTotals();
        drops.set(order.dropId, totals);
      }
      addToTotals(totals, order.status, order.quantity);
    }
  }
  return drops;
}

function isSame(a: DropTotals, b: DropTotals): boolean {
  return a.orders === b.orders && a.heldUnits === b.heldUnits && a.soldUnits === b.soldUnits;
}

/**
 * Every bucket has all of the journal up to there now, and must know it: what the relay brings
 * again after a crash is told apart by that alone.
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
