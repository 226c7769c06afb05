// What only a failing Redis can show: answers that come too late or never, a killed server, one
// that has no memory, no disk or no right to write, and replicas that fall behind.

import { rmSync } from 'node:fs';
import test, { type ExecutionContext } from 'ava';
import type { NewAuditEntry } from '../../contracts/audit.ts';
import type { Redis } from 'ioredis';
import type { Journal } from '../../storage/ports/journal.ts';
import { RedisAuditLog } from '../../storage/redis/catalogue/audit-log-redis.ts';
import { RedisVapidKeys } from '../../storage/redis/catalogue/vapid-keys-redis.ts';
import { RedisJournal } from '../../storage/redis/journal/journal-redis.ts';
import { logKey } from '../../storage/redis/connection/keys.ts';
import { ChildServer, freePort } from '../servers/child-server.ts';
import { redisInstalled, type RedisServer } from '../servers/redis-server.ts';
import { failsWith } from './contract/errors.ts';
import { backAgain, openConnection, startRedis } from './redis-fixture.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const redisTest = redisInstalled ? test : test.skip;
const ENTRY = Buffer.alloc(2_000, 1);

async function openJournal(t: ExecutionContext, server: RedisServer, commandTimeoutMs?: number) {
  const redis = await openConnection(t, server.address, commandTimeoutMs);
  return { redis: redis as Redis, journal: new RedisJournal({ redis }) };
}

/** Appends until Redis fails, which must be `store-unavailable`; tells what was acknowledged. */
async function fillUp(
  t: ExecutionContext,
  journal: Journal,
  shard: number,
  epoch: number,
  after = 0,
): Promise<{ acknowledged: number; message: string }> {
  for (let acknowledged = after; ; acknowledged++) {
    try {
      await journal.append(shard, epoch, acknowledged + 1, ENTRY);
    } catch (error) {
      t.is((error as { code?: string }).code, 'store-unavailable');
      return { acknowledged, message: (error as Error).message };
    }
  }
}

async function sequencesOf(journal: Journal, shard: number): Promise<number[]> {
  const sequences: number[] = [];
  for (;;) {
    const entries = await journal.read(shard, sequences.length, 256);
    if (entries.length === 0) return sequences;
    sequences.push(...entries.map(({ sequence }) => sequence));
  }
}

const upTo = (n: number): number[] => [...Array(n).keys()].map((i) => i + 1);

redisTest('J3: an append without an answer is unknown, and the next claim tells', async (t) => {
  const server = await startRedis(t);
  const { journal: hasty } = await openJournal(t, server, 500);
  const { journal: other } = await openJournal(t, server);
  const { epoch } = await other.claim(1, 'a');
  await other.append(1, epoch, 1, ENTRY);
  server.signal('SIGSTOP');
  await failsWith(t, 'store-unavailable', hasty.append(1, epoch, 2, ENTRY));
  await failsWith(t, 'store-unavailable', hasty.head(1));
  server.signal('SIGCONT');
  // Redis may take up the late append before this claim or after it, and then it is fenced.
  const claimed = await other.claim(1, 'b');
  t.is(claimed.epoch, epoch + 1);
  t.true([1, 2].includes(claimed.lastSequence));
  await failsWith(t, 'fenced', other.append(1, epoch, claimed.lastSequence + 1, ENTRY));
  await other.append(1, claimed.epoch, claimed.lastSequence + 1, Buffer.from('next'));
  t.deepEqual(await sequencesOf(other, 1), upTo(claimed.lastSequence + 1));
});

redisTest(
  'J4: whatever was acknowledged before Redis was killed is there afterwards',
  async (t) => {
    const server = await startRedis(t);
    const { redis, journal } = await openJournal(t, server);
    const shards = [1, 2, 3, 4, 5, 6, 7, 8];
    let last = shards.map(() => 0);
    for (const expected of [30, 90]) {
      const filled = shards.map(async (shard, i) => {
        const { epoch } = await journal.claim(shard, 'a');
        return (await fillUp(t, journal, shard, epoch, last[i])).acknowledged;
      });
      while ((await journal.head(1)).lastSequence < expected);
      await server.halt('SIGKILL');
      const acknowledged = await Promise.all(filled);
      await server.resume();
      await backAgain(redis);
      const heads = await Promise.all(shards.map((shard) => journal.head(shard)));
      last = heads.map(({ lastSequence }) => lastSequence);
      for (const [i, shard] of shards.entries()) {
        // One append of each shard was on its way.
        t.true(last[i] === acknowledged[i] || last[i] === acknowledged[i]! + 1);
        t.deepEqual(await sequencesOf(journal, shard), upTo(last[i]!));
      }
    }
    t.deepEqual(await journal.claim(1, 'b'), { epoch: 3, lastSequence: last[0]! });
  },
);

redisTest('J7: without memory nothing is acknowledged, and service returns with it', async (t) => {
  const { redis, journal } = await openJournal(t, await startRedis(t));
  const { epoch } = await journal.claim(1, 'a');
  const { used_memory: used } = Object.fromEntries(
    (await redis.info('memory')).split('\r\n').map((line) => line.split(':')),
  ) as Record<string, string>;
  await redis.config('SET', 'maxmemory', String(Number(used) + (1 << 20)));
  const { acknowledged, message } = await fillUp(t, journal, 1, epoch);
  t.regex(message, /OOM/);
  t.true(acknowledged > 5);
  await redis.config('SET', 'maxmemory', '1');
  await failsWith(t, 'store-unavailable', journal.claim(1, 'a'));
  t.deepEqual(await journal.head(1), { epoch, lastSequence: acknowledged });
  t.deepEqual(await sequencesOf(journal, 1), upTo(acknowledged));
  // What makes room is allowed.
  await journal.trim(1, acknowledged - 1);
  t.deepEqual(await journal.head(1), { epoch, lastSequence: acknowledged });
  await redis.config('SET', 'maxmemory', '0');
  await journal.append(1, epoch, acknowledged + 1, ENTRY);
  t.is((await journal.claim(1, 'a')).lastSequence, acknowledged + 1);
});

redisTest(
  'J7: with a full disk nothing is acknowledged, and service returns with room',
  async (t) => {
    const directory = temporaryDirectory();
    t.teardown(() => rmSync(directory, { recursive: true, force: true }));
    const port = await freePort();
    // The largest size of a file stands for the end of the disk.
    const where = `--port ${port} --bind 127.0.0.1 --dir ${directory}`;
    const settings = `${where} --appendonly yes --appendfsync always`;
    const limited = new ChildServer({
      command: 'sh',
      args: ['-c', `trap "" XFSZ; ulimit -f 200; exec redis-server ${settings}`],
      ready: /Ready to accept connections/,
    });
    await limited.start();
    t.teardown(() => limited.stop());
    const address = { nodes: [{ host: '127.0.0.1', port }], cluster: false };
    const redis = await openConnection(t, address);
    const journal = new RedisJournal({ redis });
    const { epoch } = await journal.claim(1, 'a');
    const { acknowledged } = await fillUp(t, journal, 1, epoch);
    t.true(acknowledged > 5);
    // Redis ends rather than break the promise of `appendfsync always`.
    await failsWith(t, 'store-unavailable', journal.append(1, epoch, acknowledged + 1, ENTRY));
    await limited.stop();

    await startRedis(t, { port, settings: { dir: directory } });
    await backAgain(redis);
    const claimed = await journal.claim(1, 'a');
    t.deepEqual(claimed, { epoch: epoch + 1, lastSequence: acknowledged });
    await journal.append(1, claimed.epoch, acknowledged + 1, ENTRY);
    t.deepEqual(await sequencesOf(journal, 1), upTo(acknowledged + 1));
  },
);

redisTest(
  'J7: a server that became a replica takes no append, until it is one no more',
  async (t) => {
    const { redis, journal } = await openJournal(t, await startRedis(t));
    const { epoch } = await journal.claim(1, 'a');
    await redis.replicaof('127.0.0.1', await freePort());
    const { message } = await fillUp(t, journal, 1, epoch);
    t.regex(message, /READONLY/);
    await redis.replicaof('NO', 'ONE');
    await journal.append(1, epoch, 1, ENTRY);
    t.deepEqual(await sequencesOf(journal, 1), [1]);
  },
);

redisTest('R1: with replicas asked for, a VAPID key counts when they have it', async (t) => {
  const server = await startRedis(t);
  const { redis } = await openJournal(t, server);
  const key = { keyId: 'a', publicKey: 'public', privateKey: 'private', createdAt: 1_000 };
  const strict = new RedisVapidKeys({ redis, replicas: 1, replicasTimeoutMs: 50 });
  await failsWith(t, 'store-unavailable', strict.add(key, null));
  await failsWith(t, 'store-unavailable', strict.remove('another'));
  t.true(await new RedisVapidKeys({ redis }).add({ ...key, keyId: 'b' }, 'a'));
});

redisTest(
  'X5: with replicas asked for, an entry of the log counts when they have it',
  async (t) => {
    const server = await startRedis(t);
    const { redis } = await openJournal(t, server);
    const entry: NewAuditEntry = {
      at: 1_000,
      actor: { kind: 'operator', id: 'olga', keyId: null },
      action: 'drain',
      target: null,
      creatorId: null,
      params: {},
      changes: [],
      outcome: 'done',
      result: 'Done.',
      address: null,
      requestId: null,
    };
    const strict = new RedisAuditLog({ redis, replicas: 1, replicasTimeoutMs: 50 });
    await failsWith(t, 'store-unavailable', strict.append(entry));
    await failsWith(t, 'store-unavailable', strict.begin(entry));
    const [{ id } = { id: '' }] = await strict.listBegun(2_000, 10);
    await failsWith(t, 'store-unavailable', strict.finish(id, entry));
    t.is((await new RedisAuditLog({ redis }).append(entry)).sequence, 3);
  },
);

redisTest('J2: with replicas asked for, an append counts when they have it', async (t) => {
  const server = await startRedis(t, { settings: { 'repl-diskless-sync-delay': '0' } });
  const replica = await startRedis(t);
  const { redis } = await openJournal(t, server);
  const { redis: copy } = await openJournal(t, replica);
  await copy.replicaof('127.0.0.1', server.port);
  await redis.set('first', '1');
  t.is(await redis.wait(1, 4_000), 1);

  const patient = { replicas: 1, replicasTimeoutMs: 4_500 };
  const hasty = { replicas: 1, replicasTimeoutMs: 50 };
  const journal = new RedisJournal({ redis, ...patient });
  const shards = upTo(40);
  await Promise.all(shards.map((shard) => journal.claim(shard, 'a')));
  await Promise.all(shards.map((shard) => journal.append(shard, 1, 1, ENTRY)));
  t.is(await copy.xlen(logKey(40)), 1);
  const [, calls] = /cmdstat_wait:calls=(\d+)/.exec(await redis.info('commandstats'))!;
  t.true(Number(calls) < 20, `${calls} times a connection waited`);
  await failsWith(t, 'conflict', journal.append(1, 1, 3, ENTRY));
  await failsWith(t, 'fenced', journal.append(1, 2, 2, ENTRY));

  replica.signal('SIGSTOP');
  const late = new RedisJournal({ redis, ...hasty });
  await failsWith(t, 'store-unavailable', late.append(1, 1, 2, ENTRY));
  // A repeat writes nothing, and on a connection that never wrote it waits all the same.
  const fresh = await openConnection(t, server.address);
  const repeated = new RedisJournal({ redis: fresh, ...hasty }).append(1, 1, 2, ENTRY);
  await failsWith(t, 'store-unavailable', repeated);
  replica.signal('SIGCONT');
  await new RedisJournal({ redis: fresh, ...patient }).append(1, 1, 2, ENTRY);
  t.is(await copy.xlen(logKey(1)), 2);
});
