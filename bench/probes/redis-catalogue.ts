// What changes and reads of products, users and follows cost on Redis: CPU microseconds for one, in
// this process and in redis-server. `node_modules/.bin/node bench/probes/redis-catalogue.ts`; it
// starts a redis-server of its own, which writes its file but does not sync it, so that the disk is
// left out.

import { Redis } from 'ioredis';
import pino from 'pino';
import { FEATURE_LEVEL, ReachedLevel } from '../../storage/ports/feature-level.ts';
import { RedisAccountStore } from '../../storage/redis/catalogue/accounts-redis.ts';
import { CatalogueCopy } from '../../storage/redis/catalogue/catalogue-copy.ts';
import { RedisCatalogue } from '../../storage/redis/catalogue/catalogue-redis.ts';
import { openEntityParts } from '../../storage/redis/catalogue/entity-parts.ts';
import { RedisFollowStore } from '../../storage/redis/catalogue/follows-redis.ts';
import { OmConnection } from '../../storage/redis/catalogue/om-connection.ts';
import { connectRedis } from '../../storage/redis/connection/connection.ts';
import { RedisServer } from '../../test/servers/redis-server.ts';

const AT_ONCE = 32;
const CALLS = 20_000;
const PRODUCTS = 500;

const server = await RedisServer.start({ settings: { appendfsync: 'no' } });
const watch = new Redis(server.port);
const log = pino({ level: 'silent' });
const connectOptions = { address: server.address, name: 'bench', log };
const redis = await connectRedis(connectOptions);
const om = await OmConnection.connect(connectOptions);
const parts = await openEntityParts({ redis, om });
await new CatalogueCopy({ ...parts, levels: new ReachedLevel(FEATURE_LEVEL), log }).advance();
const accounts = new RedisAccountStore({ ...parts, now: () => Date.now() });
const catalogue = new RedisCatalogue(parts);
const follows = new RedisFollowStore(parts);

async function serverCpuMicroseconds(): Promise<number> {
  const info = await watch.info('cpu');
  const seconds = (name: string) => Number(new RegExp(`${name}:([0-9.]+)`).exec(info)![1]);
  return (seconds('used_cpu_user') + seconds('used_cpu_sys')) * 1e6;
}

async function atOnce(count: number, work: (index: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

async function measure(what: string, count: number, work: (index: number) => Promise<unknown>) {
  const cpuBefore = process.cpuUsage();
  const serverBefore = await serverCpuMicroseconds();
  await atOnce(count, work);
  const { user, system } = process.cpuUsage(cpuBefore);
  const here = ((user + system) / count).toFixed(1);
  const there = (((await serverCpuMicroseconds()) - serverBefore) / count).toFixed(1);
  console.log(`${what.padEnd(24)} ${here.padStart(8)} µs here ${there.padStart(8)} µs in Redis`);
}

const product = (index: number) => ({
  id: `product_${index}`,
  creatorId: `creator_${index % 50}`,
  name: `Product ${index}`,
  description: 'It is said to be good. '.repeat(20),
  imageUrls: ['https://images.example.com/1.png'],
  createdAt: 1_700_000_000_000 + index,
  revision: 1,
});

const user = (index: number) => ({
  id: `user_${index}`,
  email: `user_${index}@example.com`,
  name: `User ${index}`,
  passwordHash: '$argon2id$v=19$'.padEnd(96, 'x'),
  roles: [],
  createdAt: 1_700_000_000_000 + index,
});

try {
  await atOnce(PRODUCTS, (i) => catalogue.addProduct(product(i)));
  for (const round of ['warm up: ', '']) {
    const count = round === '' ? CALLS : CALLS / 10;
    const base = round === '' ? 0 : 1_000_000;
    await measure(`${round}register`, count, (i) => accounts.addUser(user(base + i)));
    await measure(`${round}follow`, count, (i) =>
      follows.follow(`user_${base + i}`, 'creator_1', i),
    );
    await measure(`${round}unfollow`, count / 2, (i) =>
      follows.unfollow(`user_${base + i}`, 'creator_1'),
    );
    await measure(`${round}change a product`, count, (i) =>
      catalogue.changeProduct(`product_${i % PRODUCTS}`, { name: `Name ${i}` }),
    );
    await measure(`${round}find a product`, count, (i) =>
      catalogue.findProduct(`product_${i % PRODUCTS}`),
    );
    await measure(`${round}page of followers`, count / 4, () =>
      follows.listFollowers('creator_1', { limit: 50, cursor: null }),
    );
    await measure(`${round}is following`, count, (i) =>
      follows.isFollowing(`user_${base + i}`, 'creator_1'),
    );
  }
} finally {
  watch.disconnect();
  redis.disconnect();
  await om.close();
  await server.stop();
}
