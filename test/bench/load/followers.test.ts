// Followers written directly must look like those written through the port, and the load must
// change something each time.

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import test from 'ava';
import {
  CREATOR_ID,
  Crowd,
  followInRedis,
  followThroughPort,
} from '../../../bench/load/fill-followers.ts';
import type { FollowJob, FollowResult } from '../../../bench/load/follow-load.ts';
import { LoadProcess } from '../../../bench/load/load-process.ts';
import { RedisFollowStore } from '../../../storage/redis/catalogue/follows-redis.ts';
import { followingKeys } from '../../../storage/redis/catalogue/catalogue-keys.ts';
import {
  FOLLOWER_BUCKETS,
  followersKey,
} from '../../../storage/redis/catalogue/follows-redis-steps.ts';
import { redisInstalled } from '../../servers/redis-server.ts';
import { connectRedisData } from '../../storage/redis-data.ts';
import { startRedis } from '../../storage/redis-fixture.ts';

const COUNT = 120;
const SPREAD_AT = 20;

if (redisInstalled) {
  test('followers written directly equal those written through the port', async (t) => {
    const server = await startRedis(t);
    const data = await connectRedisData(server.address);
    t.teardown(() => data.close());
    const { redis } = data;
    const follows = new RedisFollowStore({ ...data.parts, spreadAt: SPREAD_AT });
    const crowd = new Crowd(COUNT);
    const left = async () => {
      const keys = [
        ...Array.from({ length: FOLLOWER_BUCKETS }, (_, i) => followersKey(CREATOR_ID, i)),
        ...Array.from({ length: COUNT }, (_, i) => followingKeys(crowd.userId(i)).following),
      ];
      return await Promise.all(keys.map((key) => redis.zrange(key, 0, '-1', 'WITHSCORES')));
    };
    // One at a time, so that the same ones come first, before the followers are spread.
    for (let i = 0; i < COUNT; i++) {
      await follows.follow(crowd.userId(i), CREATOR_ID, crowd.since(i));
    }
    const byPort = await left();
    await redis.flushall();
    for (let i = 0; i < SPREAD_AT; i++) {
      await follows.follow(crowd.userId(i), CREATOR_ID, crowd.since(i));
    }
    await followInRedis(redis, crowd, SPREAD_AT);
    t.deepEqual(await left(), byPort);
  });

  test('a cursor made from a depth lists the followers behind it', async (t) => {
    const server = await startRedis(t);
    const data = await connectRedisData(server.address);
    t.teardown(() => data.close());
    const follows = new RedisFollowStore({ ...data.parts, spreadAt: SPREAD_AT });
    const crowd = new Crowd(COUNT);
    await followThroughPort(follows, crowd, CREATOR_ID, COUNT);
    for (const depth of [0, 1, 57, COUNT - 3]) {
      const cursor = crowd.cursor(depth);
      const page = await follows.listFollowers(CREATOR_ID, { limit: 3, cursor });
      const expected = [0, 1, 2].map((i) => crowd.userId(COUNT - 1 - depth - i));
      t.deepEqual(
        page.items.map(({ userId }) => userId),
        expected,
        `depth ${depth}`,
      );
    }
  });
} else {
  test.skip('followers put down directly need redis-server', () => {});
}

test('every user follows and unfollows in turn, across runs too', async (t) => {
  const seen = new Map<string, string[]>();
  const server = createServer((request, response) => {
    const user = request.headers.authorization!;
    seen.set(user, [...(seen.get(user) ?? []), `${request.method} ${request.url}`]);
    response.writeHead(204).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close().closeAllConnections());
  const load = new LoadProcess<FollowJob, FollowResult>({ generator: 'follow' });
  t.teardown(() => load.stop());
  const job = {
    host: '127.0.0.1',
    port: (server.address() as AddressInfo).port,
    creatorId: 'star',
    tokens: Array.from({ length: 10 }, (_, i) => `token-${i}`),
    connections: 4,
    seconds: 0.5,
  };
  const first = await load.run(job);
  const second = await load.run(job);
  const requests = [...seen.values()];
  t.is(seen.size, 10);
  t.is(first.failures + second.failures, 0);
  t.is(
    requests.reduce((sum, { length }) => sum + length, 0),
    first.answers + second.answers,
  );
  for (const [user, list] of seen) {
    for (const [i, request] of list.entries()) {
      t.is(request, `${i % 2 === 0 ? 'POST' : 'DELETE'} /v1/creators/star/follow`, user);
    }
  }
});
