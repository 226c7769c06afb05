// Drift of each kind, planted in a real Redis beside its stores, and mended (L3).

import test from 'ava';
import { fnv1a } from '../../domain/ids.ts';
import {
  changeFollowing,
  FOLLOWER_BUCKETS,
  followersKey,
} from '../../storage/redis/catalogue/follows-redis-steps.ts';
import { RedisFeedStore } from '../../storage/redis/rows/feed-redis.ts';
import { allReadKey, bucketOf, oneReadKey } from '../../storage/redis/rows/user-buckets.ts';
import { RedisServer, redisInstalled } from '../servers/redis-server.ts';
import { reconcileContract, wholePass } from './contract/reconcile.ts';
import { connectRedisData, type RedisData, SPREAD_AT } from './redis-data.ts';

let server: RedisServer;
let data: RedisData;
let feed: RedisFeedStore;

const bucketKey = (userId: string, creatorId: string) =>
  followersKey(creatorId, fnv1a(userId) % FOLLOWER_BUCKETS);

if (redisInstalled) {
  test.before(async () => {
    server = await RedisServer.start();
    data = await connectRedisData(server.address);
    feed = new RedisFeedStore(data);
  });
  test.after.always(async () => {
    await data?.close();
    await server?.stop();
  });

  reconcileContract(() => ({ ...data, feed }));

  test.serial('L3: followers’ lists that drifted become what users follow', async (t) => {
    const { redis, follows } = data;
    const users = Array.from({ length: 12 }, (_, i) => `drift_u${i}`);
    for (const [i, userId] of users.entries()) await follows.follow(userId, 'drift_c', i);
    // The first are in bucket 0; of the others each is in a bucket of its own id.
    const [first] = users as [string];
    const spread = users
      .slice(SPREAD_AT)
      .filter((userId) => fnv1a(userId) % FOLLOWER_BUCKETS !== 0);
    const [lost, late, twice, moved] = spread as [string, string, string, string];
    await redis.zrem(followersKey('drift_c', 0), first);
    await redis.zrem(bucketKey(lost, 'drift_c'), lost);
    await redis.zadd(bucketKey(late, 'drift_c'), 77, late);
    await redis.zadd(followersKey('drift_c', 0), users.indexOf(twice), twice);
    const elsewhere = (fnv1a(moved) + 1) % FOLLOWER_BUCKETS || 1;
    await redis.zadd(followersKey('drift_c', elsewhere), users.indexOf(moved), moved);
    await redis.zadd(bucketKey('drift_nobody', 'drift_c'), 3, 'drift_nobody');
    await redis.zadd(followersKey('drift_alone', 0), 3, 'drift_nobody');

    const { mended, examples } = await wholePass(follows);
    t.deepEqual(
      examples,
      [
        ...[first, lost, late, twice, moved].map((userId) => `${userId} drift_c`),
        'drift_nobody drift_alone',
        'drift_nobody drift_c',
      ].toSorted(),
    );
    t.is(mended, 7);
    const page = { limit: 50, cursor: null };
    const { items } = await follows.listFollowers('drift_c', page);
    const wanted = users.map((userId, since) => ({ userId, since })).toReversed();
    t.deepEqual(items, wanted);
    t.is((await follows.counts('drift_c')).followers, users.length);
    t.is((await follows.counts('drift_alone')).followers, 0);
    t.is((await wholePass(follows)).mended, 0);
  });

  test.serial(
    'L3: a change that is under way is no drift, and is left to its own steps',
    async (t) => {
      const { parts, follows } = data;
      await changeFollowing(
        parts.changes,
        { userId: 'under_u', creatorId: 'under_c', since: 1 },
        true,
      );
      t.is((await wholePass(follows)).mended, 0);
      t.is((await follows.counts('under_c')).followers, 0);
      await follows.follow('under_u', 'under_c', 2);
      t.is((await follows.counts('under_c')).followers, 1);
    },
  );

  test.serial('L3: unread counts are what is in the feed and not marked', async (t) => {
    const { redis } = data;
    const row = (userId: string, n: number) => ({
      userId,
      type: 'order.confirmed' as const,
      data: { orderId: `d-${n}` },
      createdAt: n,
    });
    const rows = [1, 2, 3, 4].flatMap((n) => [row('marks_a', n), row('marks_b', n)]);
    await feed.append([{ shard: 2, sequence: 1, rows }]);
    await feed.markRead('marks_a', '2', 5);
    await feed.markAllRead('marks_b', 6, '2');
    const [a, b] = [bucketOf('marks_a'), bucketOf('marks_b')];
    await redis.zadd(oneReadKey(a, 'marks_a'), 2, '2:9', 2, '2:8', 7, '7:7');
    await redis.zadd(allReadKey(b, 'marks_b'), 40, '40:9');
    t.not(await feed.unreadCount('marks_a'), 3);

    const { mended, examples } = await wholePass(feed);
    t.is(mended, 2);
    t.deepEqual(examples, ['marks_a', 'marks_b']);
    t.is(await feed.unreadCount('marks_a'), 3);
    t.is(await feed.unreadCount('marks_b'), 0);
    await feed.append([{ shard: 2, sequence: 2, rows: [row('marks_b', 5)] }]);
    t.is(await feed.unreadCount('marks_b'), 1);
    t.is((await wholePass(feed)).mended, 0);
  });
} else {
  test.skip('reconciliation on Redis needs redis-server', () => {});
}
