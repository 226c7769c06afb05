// What pages, counts, follows and unfollows of creators with few and with very many followers cost
// at the port, side by side: CPU microseconds, of Redis too, and the median time of one call.
//   node_modules/.bin/node bench/probes/follow-lists.ts sqlite|redis [followers...]
// It starts its own redis-server, which writes nothing to disk. Ten million take some 4 GB there.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { Redis } from 'ioredis';
import pino from 'pino';
import { FEATURE_LEVEL, ReachedLevel } from '../../storage/ports/feature-level.ts';
import type { FollowStore } from '../../storage/ports/follows.ts';
import { CatalogueCopy } from '../../storage/redis/catalogue/catalogue-copy.ts';
import { openEntityParts } from '../../storage/redis/catalogue/entity-parts.ts';
import { RedisFollowStore } from '../../storage/redis/catalogue/follows-redis.ts';
import { OmConnection } from '../../storage/redis/catalogue/om-connection.ts';
import { connectRedis } from '../../storage/redis/connection/connection.ts';
import { openSqliteStores } from '../../storage/sqlite/stores.ts';
import { RedisServer } from '../../test/servers/redis-server.ts';
import { Crowd, followInRedis, followThroughPort } from '../load/fill-followers.ts';
import { median } from '../measure.ts';

/** On Redis followers beyond these are written directly, in the form that the port writes. */
const THROUGH_PORT = 2_000;
const PAGE_LENGTH = 50;
/** Calls of each kind in a round, and rounds in turns. */
const CALLS = 200;
const ROUNDS = 6;

interface Opened {
  readonly follows: FollowStore;
  readonly fill: (crowd: Crowd, creatorId: string) => Promise<void>;
  /** CPU microseconds of servers beside this process. */
  readonly serverCpu: () => Promise<number>;
  readonly close: () => Promise<void>;
}

async function onSqlite(): Promise<Opened> {
  const directory = mkdtempSync(join(tmpdir(), 'livedrops-follow-lists-'));
  const stores = await openSqliteStores({ directory });
  return {
    follows: stores.follows,
    async fill(crowd, creatorId) {
      const database = new Database(join(directory, 'catalogue.db'));
      const add = database.prepare('insert into follows values (?, ?, ?)');
      database.transaction(() => {
        for (let i = 0; i < crowd.count; i++) add.run(creatorId, crowd.since(i), crowd.userId(i));
        database
          .prepare('insert or replace into follow_counts (user_id, followers) values (?, ?)')
          .run(creatorId, crowd.count);
      })();
      database.pragma('wal_checkpoint(truncate)');
      database.close();
    },
    serverCpu: async () => 0,
    async close() {
      await stores.close();
      rmSync(directory, { recursive: true });
    },
  };
}

async function onRedis(): Promise<Opened> {
  const server = await RedisServer.start({ settings: { appendonly: 'no', save: '' } });
  const watch = new Redis(server.port);
  const log = pino({ level: 'silent' });
  const options = { address: server.address, name: 'bench', log };
  const redis = await connectRedis(options);
  const om = await OmConnection.connect(options);
  const parts = await openEntityParts({ redis, om });
  await new CatalogueCopy({ ...parts, levels: new ReachedLevel(FEATURE_LEVEL), log }).advance();
  const follows = new RedisFollowStore(parts);
  return {
    follows,
    async fill(crowd, creatorId) {
      await followThroughPort(follows, crowd, creatorId, Math.min(crowd.count, THROUGH_PORT));
      await followInRedis(redis, crowd, THROUGH_PORT, creatorId);
    },
    async serverCpu() {
      const info = await watch.info('cpu');
      const seconds = (name: string) => Number(new RegExp(`${name}:([0-9.]+)`).exec(info)![1]);
      return (seconds('used_cpu_user') + seconds('used_cpu_sys')) * 1e6;
    },
    async close() {
      watch.disconnect();
      redis.disconnect();
      await om.close();
      await server.stop();
    },
  };
}

interface Figures {
  readonly cpu: number[];
  readonly ms: number[];
}

const [store = 'redis', ...counts] = process.argv.slice(2);
const sizes = counts.length === 0 ? [1_000, 1_000_000] : counts.map(Number);
const opened = store === 'sqlite' ? await onSqlite() : await onRedis();
const { follows } = opened;
const crowds = sizes.map((count) => ({ creatorId: `creator-${count}`, crowd: new Crowd(count) }));
try {
  for (const { creatorId, crowd } of crowds) {
    const began = performance.now();
    await opened.fill(crowd, creatorId);
    const seconds = ((performance.now() - began) / 1000).toFixed(0);
    console.log(`${creatorId}: filled in ${seconds} s`);
  }
  const figures = new Map<string, Figures>();
  for (let round = 0; round <= ROUNDS; round++) {
    for (const { creatorId, crowd } of crowds) {
      const page = (depth: number) =>
        follows.listFollowers(creatorId, { limit: PAGE_LENGTH, cursor: crowd.cursor(depth) });
      const within = (from: number, to: number) => (i: number) =>
        page(Math.floor((crowd.count - PAGE_LENGTH) * (from + ((to - from) * i) / CALLS)));
      const fan = (i: number) => `fan-${round}-${i}`;
      const calls: Record<string, (i: number) => Promise<unknown>> = {
        'first page': () => page(0),
        'page in the middle': within(0.4, 0.6),
        'last pages': within(0.98, 1),
        count: () => follows.counts(creatorId),
        follow: (i) => follows.follow(fan(i), creatorId, Date.now()),
        unfollow: (i) => follows.unfollow(fan(i), creatorId),
      };
      for (const [name, call] of Object.entries(calls)) {
        const key = `${name}|${crowd.count}`;
        const found = figures.get(key) ?? { cpu: [], ms: [] };
        figures.set(key, found);
        const server = await opened.serverCpu();
        const own = process.cpuUsage();
        const times: number[] = [];
        for (let i = 0; i < CALLS; i++) {
          const began = performance.now();
          await call(i);
          times.push(performance.now() - began);
        }
        const { user, system } = process.cpuUsage(own);
        // The first round warms up.
        if (round === 0) continue;
        found.cpu.push((user + system + (await opened.serverCpu()) - server) / CALLS);
        found.ms.push(median(times));
      }
    }
  }
  for (const [key, { cpu, ms }] of figures) {
    const [name, count] = key.split('|') as [string, string];
    const least = `${name}|${sizes[0]!}`;
    const ratio = median(cpu) / median(figures.get(least)!.cpu);
    console.log(
      `${store} ${name.padEnd(20)} ${Number(count).toLocaleString('en').padStart(12)} followers` +
        `${median(cpu).toFixed(0).padStart(7)} µs CPU ${median(ms).toFixed(3).padStart(8)} ms` +
        `${ratio.toFixed(2).padStart(7)} times`,
    );
  }
} finally {
  await opened.close();
}
