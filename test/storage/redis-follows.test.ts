// Follows on a real Redis: the contract, what a process leaves that stops between two slots, and
// what a page costs far down a long list.

import { setImmediate } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { fnv1a } from '../../domain/ids.ts';
import { encodeCursor } from '../../storage/formats/cursor.ts';
import { RedisFollowStore } from '../../storage/redis/catalogue/follows-redis.ts';
import {
  applyToBuckets,
  changeFollowing,
  FOLLOWER_BUCKETS,
  finishFollow,
  followersKey,
  knownKey,
  type PendingFollow,
  spreadKey,
} from '../../storage/redis/catalogue/follows-redis-steps.ts';
import { RedisServer, redisInstalled } from '../servers/redis-server.ts';
import { failsWith } from './contract/errors.ts';
import { followsContract } from './contract/follows.ts';
import { readAll } from './contract/paging.ts';
import { commandsOf } from './redis-commands.ts';
import { connectRedisData, partsOn, type RedisData } from './redis-data.ts';
import { diesAfter } from './redis-interrupted.ts';

const FOLLOWERS = 120_000;
const DEPTH = 100_000;
/** Of one change: decide, two buckets, finish. */
const COMMANDS_MAX = 4;

let server: RedisServer;
let data: RedisData;

/** The list, the count and the user's own view must say the same. */
async function agrees(t: ExecutionContext, store: RedisFollowStore, creatorId: string) {
  const followers = await readAll(t, (page) => store.listFollowers(creatorId, page), 10);
  t.is((await store.counts(creatorId)).followers, followers.length);
  t.is(new Set(followers.map(({ userId }) => userId)).size, followers.length);
  for (const { userId } of followers) t.true(await store.isFollowing(userId, creatorId));
  return followers.map(({ userId }) => userId);
}

if (redisInstalled) {
  test.before(async () => {
    server = await RedisServer.start();
    data = await connectRedisData(server.address);
    // So that no script below needs a second command because Redis does not know it yet.
    for (let i = 0; i < 64; i++) await data.follows.follow(`user_first${i}`, 'creator_first', i);
  });
  test.after.always(async () => {
    await data?.close();
    await server?.stop();
  });

  followsContract(() => data.stores);

  test('F4: followers past the first ones are spread over buckets', async (t) => {
    const sizes = await Promise.all(
      Array.from({ length: FOLLOWER_BUCKETS }, (_, bucket) =>
        data.redis.zcard(followersKey('creator_first', bucket)),
      ),
    );
    t.is(
      sizes.reduce((sum, size) => sum + size, 0),
      64,
    );
    t.true(sizes.filter((size) => size > 0).length > FOLLOWER_BUCKETS / 2);
    t.true(Math.max(...sizes) < 16);
    t.is((await agrees(t, data.follows, 'creator_first')).length, 64);
  });

  test('F4: once followers are spread, only the bucket of each stores a change', async (t) => {
    const creatorId = 'creator_rush';
    const firstKnown = knownKey(followersKey(creatorId, 0));
    for (let i = 0; i < 8; i++) await data.follows.follow(`user_early${i}`, creatorId, i);
    const before = await data.redis.zcard(firstKnown);
    // Users of bucket 0 itself aside: there is one in each 32.
    const users = Array.from({ length: 200 }, (_, i) => `user_rush${i}`).filter(
      (userId) => fnv1a(userId) % FOLLOWER_BUCKETS !== 0,
    );
    for (const change of ['follow', 'unfollow', 'follow'] as const) {
      await Promise.all(users.map((userId, i) => data.follows[change](userId, creatorId, i)));
      t.is(await data.redis.zcard(firstKnown), before, change);
    }
    t.is((await agrees(t, data.follows, creatorId)).length, users.length + 8);
  });

  test('F3: a step older than an unfollow in the first bucket changes nothing', async (t) => {
    const { redis } = data;
    const creatorId = 'creator_left';
    const users = Array.from({ length: 10 }, (_, i) => `user_left${i}`).filter(
      (userId) => fnv1a(userId) % FOLLOWER_BUCKETS !== 0,
    );
    const paused = await Promise.all(users.map((userId) => decide(userId, creatorId, 1)));
    for (const { pending } of paused) await applyToBuckets(redis, pending!, 4);
    t.is((await data.follows.counts(creatorId)).followers, users.length);
    for (const userId of users) await data.follows.unfollow(userId, creatorId);
    for (const { pending } of paused) await applyToBuckets(redis, pending!, 4);
    t.is((await data.follows.counts(creatorId)).followers, 0);
  });

  test('F3: a change that died between two steps is finished when it is repeated', async (t) => {
    for (const { creatorId, change, commands, userId } of await crashes('repeated')) {
      const { followers } = await data.follows.counts(creatorId);
      await dies(change, commands, userId, creatorId);
      // Only the first step changes something, and the call that died had done it.
      const changed = await data.follows[change](userId, creatorId, 100);
      t.is(changed, commands === 0, userId);
      const step = change === 'follow' ? 1 : -1;
      t.is((await data.follows.counts(creatorId)).followers, followers + step, userId);
      await agrees(t, data.follows, creatorId);
    }
  });

  test('F3: a change that died between two steps is finished by the next look', async (t) => {
    const healer = new RedisFollowStore({ ...data.parts, spreadAt: 4, abandonedAfterMs: 0 });
    for (const { creatorId, change, commands, userId } of await crashes('seen')) {
      const { followers } = await healer.counts(creatorId);
      await dies(change, commands, userId, creatorId);
      t.is(await healer.isFollowing(userId, creatorId), (change === 'follow') === commands > 0);
      const step = commands === 0 ? 0 : change === 'follow' ? 1 : -1;
      t.is((await healer.counts(creatorId)).followers, followers + step, userId);
      await agrees(t, data.follows, creatorId);
    }
    t.deepEqual(await data.redis.keys('*:following:user_creator_seen*:pending'), []);
  });

  test('F3: steps that come late, repeated and in any order end at the last change', async (t) => {
    const { redis } = data;
    const creatorId = 'creator_orders';
    const orders = permutations([0, 1, 2, 3, 4]);
    const outcomes = await Promise.all(
      orders.map(async (order, i) => {
        const userId = `user_order${i}`;
        const steps: PendingFollow[] = [];
        for (let change = 0; change < order.length; change++) {
          const since = change % 2 === i % 2 ? change : null;
          const { pending } = await decide(userId, creatorId, since);
          if (pending !== null) steps.push(pending);
        }
        for (const at of order) {
          const step = steps[at % steps.length]!;
          await applyToBuckets(redis, step, 4);
          await finishFollow(redis, step);
          if (at % 2 === 0) await setImmediate();
        }
        return (await data.follows.isFollowing(userId, creatorId)) ? [userId] : [];
      }),
    );
    const expected = outcomes.flat().toSorted();
    t.true(expected.length > 0 && expected.length < orders.length);
    t.deepEqual((await agrees(t, data.follows, creatorId)).toSorted(), expected);
    t.deepEqual(await redis.keys('*:following:user_order*:pending'), []);
  });

  test('F3: finishing an older change leaves the note of a newer one', async (t) => {
    const { redis } = data;
    const pair = ['user_note', 'creator_note'] as const;
    const older = await decide(...pair, 5);
    await applyToBuckets(redis, older.pending!, 4);
    await decide(...pair, null);
    await finishFollow(redis, older.pending!);
    t.is((await data.follows.counts('creator_note')).followers, 1);
    t.false(await data.follows.unfollow(...pair));
    t.is((await data.follows.counts('creator_note')).followers, 0);
  });

  test('F3: a step too old to compare is refused; a repeated change succeeds', async (t) => {
    const { redis } = data;
    const change = await decide('user_old', 'creator_old', 5);
    const pending = change.pending!;
    const old = { ...pending, revision: pending.revision - 11 * 60_000_000 };
    await failsWith(t, 'store-unavailable', applyToBuckets(redis, old, 4));
    t.is((await data.follows.counts('creator_old')).followers, 0);
    t.false(await data.follows.follow('user_old', 'creator_old', 9));
    t.deepEqual(await agrees(t, data.follows, 'creator_old'), ['user_old']);
  });

  test('F3: following and unfollowing at once from many sides settles exactly', async (t) => {
    const users = Array.from({ length: 12 }, (_, i) => `user_storm${i}`);
    const changes = Array.from({ length: 10 }, (_, n) =>
      users.map((userId, i) =>
        (n * 7 + i) % 3 === 0
          ? data.follows.unfollow(userId, 'creator_storm')
          : data.follows.follow(userId, 'creator_storm', n),
      ),
    );
    await Promise.all(changes.flat());
    const following = await Promise.all(
      users.map((userId) => data.follows.isFollowing(userId, 'creator_storm')),
    );
    const expected = users.filter((_, i) => following[i]);
    t.deepEqual((await agrees(t, data.follows, 'creator_storm')).toSorted(), expected.toSorted());
  });

  test('F2: a page is whole where many of its followers share a bucket or a time', async (t) => {
    const creatorId = 'creator_skewed';
    const members = Array.from({ length: 400 }, (_, i) => {
      const bucket = i < 200 || i % 3 === 0 ? 5 : 1 + ((i * 7) % (FOLLOWER_BUCKETS - 1));
      return { id: `user_skewed${i}`, time: i < 60 ? 0 : Math.floor(i / 2), bucket };
    });
    await data.redis.set(spreadKey(creatorId), 1);
    for (const { bucket, time, id } of members) {
      await data.redis.zadd(followersKey(creatorId, bucket), time, id);
    }
    const expected = members
      .toSorted((a, b) => b.time - a.time || (a.id < b.id ? 1 : -1))
      .map(({ id }) => id);
    for (const length of [1, 7, 50, 100]) {
      const found = await readAll(t, (page) => data.follows.listFollowers(creatorId, page), length);
      t.deepEqual(
        found.map(({ userId }) => userId),
        expected,
        `pages of ${length}`,
      );
    }
  });

  test.serial('F2: a page at depth 100,000 costs as many commands as the first', async (t) => {
    const creatorId = 'creator_deep';
    const ids = await fill(creatorId);
    const page = (cursor: string | null) => ({ limit: 100, cursor });
    const pageAt = (depth: number) => {
      const { id, time } = ids[depth - 1]!;
      return page(encodeCursor('followers', { id, time }));
    };
    const read = (request: { limit: number; cursor: string | null }) =>
      commandsOf(server, () => data.follows.listFollowers(creatorId, request));
    await read(page(null));
    const first = await read(page(null));
    const deep = await read(pageAt(DEPTH));
    t.deepEqual(
      first.answer.items.map(({ userId }) => userId),
      ids.slice(0, 100).map(({ id }) => id),
    );
    t.deepEqual(
      deep.answer.items.map(({ userId }) => userId),
      ids.slice(DEPTH, DEPTH + 100).map(({ id }) => id),
    );
    t.is(first.calls('zrevrangebyscore'), FOLLOWER_BUCKETS);
    t.is(first.calls('evalsha'), 0);
    t.true(deep.calls('zrevrangebyscore') <= FOLLOWER_BUCKETS * 2);
    // That the followers are spread is known from the read before.
    t.is(first.calls('exists'), 0);
    t.is(deep.calls('exists'), 0);
    // A bucket has more followers of the same time than are read at once, so scripts seek among
    // them: one range each, and a few looks.
    t.true(deep.calls('evalsha') <= FOLLOWER_BUCKETS, `${deep.calls('evalsha')} scripts`);
    t.true(deep.calls('zrange') <= FOLLOWER_BUCKETS * 8, `${deep.calls('zrange')} ranges`);
    t.is((await data.follows.counts(creatorId)).followers, FOLLOWERS);
  });
} else {
  test.skip('follows on Redis need redis-server', () => {});
}

type Change = 'follow' | 'unfollow';

/** The first step of a change alone. */
async function decide(userId: string, creatorId: string, since: number | null) {
  const change = await changeFollowing(data.parts.changes, { userId, creatorId, since }, true);
  return change!;
}

/**
 * Every place where a change can die, for a small creator and for one whose followers are spread,
 * each with a user of its own, who is ready for it.
 */
async function crashes(name: string) {
  const creators = [`creator_${name}_small`, `creator_${name}_large`];
  for (let i = 0; i < 5; i++) await data.follows.follow(`user_${name}${i}`, creators[1]!, i);
  const found: { creatorId: string; change: Change; commands: number; userId: string }[] = [];
  for (const creatorId of creators) {
    for (const change of ['follow', 'unfollow'] as const) {
      for (let commands = 0; commands < COMMANDS_MAX; commands++) {
        const userId = `user_${creatorId}_${change}${commands}`;
        if (change === 'unfollow') await data.follows.follow(userId, creatorId, commands);
        found.push({ creatorId, change, commands, userId });
      }
    }
  }
  return found;
}

/** A change whose process dies after so many commands; it may have been done by then. */
async function dies(
  change: Change,
  commands: number,
  userId: string,
  creatorId: string,
): Promise<void> {
  const parts = partsOn(data.parts, diesAfter(data.redis, commands));
  const dying = new RedisFollowStore({ ...parts, spreadAt: 4 });
  await Promise.allSettled([dying[change](userId, creatorId, 100)]);
}

/** Followers as the store would have put them, a thousand at each time; newest first. */
async function fill(creatorId: string): Promise<{ id: string; time: number }[]> {
  const ids: { id: string; time: number }[] = [];
  const members = Array.from({ length: FOLLOWER_BUCKETS }, (): (string | number)[] => []);
  for (let i = 0; i < FOLLOWERS; i++) {
    const id = `user_deep${String(i).padStart(6, '0')}`;
    const time = Math.floor(i / 1000);
    ids.push({ id, time });
    members[i % FOLLOWER_BUCKETS]!.push(time, id);
  }
  const { redis } = data;
  await redis.set(spreadKey(creatorId), 1);
  await Promise.all(
    members.map((flat, bucket) => redis.zadd(followersKey(creatorId, bucket), ...flat)),
  );
  return ids.toReversed();
}

function permutations(items: readonly number[]): number[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((item) =>
    permutations(items.filter((other) => other !== item)).map((rest) => [item, ...rest]),
  );
}
