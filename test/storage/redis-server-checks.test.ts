// What a start refuses of Redis, and how it says so.

import test from 'ava';
import type { Redis } from 'ioredis';
import pino from 'pino';
import { checkRedisServers, WeakRedisError } from '../../storage/redis/connection/server-checks.ts';
import { RedisServerWatch } from '../../storage/redis/connection/server-watch.ts';
import { eventually } from '../end-to-end/sale-client.ts';
import { RedisClusterServers, redisInstalled } from '../servers/redis-server.ts';
import { failsWith } from './contract/errors.ts';
import { openConnection, silent, startRedis } from './redis-fixture.ts';

const redisTest = redisInstalled ? test : test.skip;
const strict = { acceptWeak: false, log: silent };
const WATCHED_MAX_MS = 30_000;

async function problemsOf(work: Promise<unknown>): Promise<readonly string[]> {
  try {
    await work;
    return [];
  } catch (error) {
    if (error instanceof WeakRedisError) return error.problems;
    throw error;
  }
}

redisTest('J1: a Redis that keeps what it acknowledged is accepted', async (t) => {
  const redis = await openConnection(t, (await startRedis(t)).address);
  t.deepEqual(await problemsOf(checkRedisServers(redis, strict)), []);
});

redisTest('J1: every setting that loses orders is named, with what would be right', async (t) => {
  const server = await startRedis(t, {
    settings: {
      appendonly: 'no',
      appendfsync: 'everysec',
      'no-appendfsync-on-rewrite': 'yes',
      'maxmemory-policy': 'allkeys-lru',
    },
  });
  const redis = await openConnection(t, server.address);
  const problems = await problemsOf(checkRedisServers(redis, strict));
  const expected = [
    'appendonly no; right would be yes',
    'appendfsync everysec; right would be always',
    'no-appendfsync-on-rewrite yes; right would be no',
    'maxmemory-policy allkeys-lru; right would be noeviction',
  ];
  t.is(problems.length, expected.length);
  for (const [i, text] of expected.entries()) {
    t.true(problems[i]!.includes(`127.0.0.1:${server.port} has ${text}`), problems[i]);
  }
  const error = await t.throwsAsync(checkRedisServers(redis, strict));
  t.is((error as { code?: string }).code, 'weak-store');
  for (const problem of problems) t.true(error.message.includes(problem));
});

redisTest('J1: a weak Redis that was accepted is warned of, once for each cause', async (t) => {
  const server = await startRedis(t, { settings: { appendfsync: 'no', appendonly: 'no' } });
  const redis = await openConnection(t, server.address);
  const lines: string[] = [];
  const log = pino({ level: 'warn' }, { write: (line: string) => lines.push(line) });
  await checkRedisServers(redis, { acceptWeak: true, log });
  t.is(lines.length, 2);
  t.true(lines[0]!.includes('appendonly no'));
});

redisTest(
  'J1: where CONFIG is forbidden, INFO is asked, and what it hides is a problem',
  async (t) => {
    const server = await startRedis(t);
    const admin = await openConnection(t, server.address);
    await admin.acl('SETUSER', 'app', 'on', '>secret', '~*', '+@all', '-config');
    const address = { ...server.address, username: 'app', password: 'secret' };
    const problems = await problemsOf(checkRedisServers(await openConnection(t, address), strict));
    t.is(problems.length, 2);
    t.regex(problems[0]!, /does not tell its appendfsync \(CONFIG is refused: NOPERM.*always/);
    t.regex(problems[1]!, /no-appendfsync-on-rewrite/);
    await admin.config('SET', 'appendonly', 'no');
    const more = await problemsOf(checkRedisServers(await openConnection(t, address), strict));
    t.true(more.some((problem) => problem.includes('has appendonly no')));
  },
);

redisTest('J1: a replica is refused, and a server that is away is no weak one', async (t) => {
  const server = await startRedis(t);
  const redis = (await openConnection(t, server.address)) as Redis;
  await redis.replicaof('127.0.0.1', 1);
  const problems = await problemsOf(checkRedisServers(redis, strict));
  t.is(problems.length, 1);
  t.regex(problems[0]!, /is a slave; right would be the master/);
  await server.halt();
  await failsWith(
    t,
    'store-unavailable',
    checkRedisServers(redis, { ...strict, acceptWeak: true }),
  );
});

redisTest(
  'L5: a setting that is changed while a node runs is told, and the end of it',
  async (t) => {
    const server = await startRedis(t);
    const redis = (await openConnection(t, server.address)) as Redis;
    const lines: string[] = [];
    const log = pino({ level: 'info' }, { write: (line: string) => lines.push(line) });
    const watch = new RedisServerWatch({ redis, found: [], log, intervalMs: 20 });
    t.teardown(() => watch.stop());
    watch.start();
    t.false(watch.isWeak);
    const told = async (count: number): Promise<void> => {
      const seen = await eventually(
        () => Promise.resolve(lines.length),
        (length) => length === count,
        WATCHED_MAX_MS,
      );
      t.is(seen, count, 'each is told once');
    };
    await redis.config('SET', 'appendfsync', 'everysec');
    await told(1);
    t.true(lines[0]!.includes('appendfsync everysec; right would be always'));
    await redis.config('SET', 'maxmemory-policy', 'allkeys-lru');
    await told(2);
    t.true(watch.isWeak);
    await server.halt();
    t.true(watch.isWeak, 'what is known stays while Redis is away');
    await server.resume();
    await told(3);
    t.true(lines[2]!.includes('right again'));
    t.false(watch.isWeak);
  },
);

redisTest('J1: of a Redis Cluster every master is looked at', async (t) => {
  const servers = await RedisClusterServers.start();
  t.teardown(() => servers.stop());
  const redis = await openConnection(t, servers.address);
  t.deepEqual(await problemsOf(checkRedisServers(redis, strict)), []);
  const weak = servers.nodes[2]!;
  const direct = await openConnection(t, weak.address);
  await direct.config('SET', 'appendfsync', 'everysec');
  const problems = await problemsOf(checkRedisServers(redis, strict));
  t.is(problems.length, 1);
  t.true(problems[0]!.includes(`127.0.0.1:${weak.port} has appendfsync everysec`));
});
