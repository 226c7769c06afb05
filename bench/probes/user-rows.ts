// Measures how reading one user's lists grows with the rows of everybody: CPU microseconds for a
// page of a user with few orders, after each of the given numbers of rows, and CPU microseconds a
// row of writing them, merges included. Run: node_modules/.bin/node bench/probes/user-rows.ts
// 1000000 10000000, on SQLite. With `redis` as the first parameter it starts its own redis-server,
// whose CPU time counts as well.

import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import pino from 'pino';
import type { OrderView } from '../../contracts/orders.ts';
import type { FeedStore } from '../../storage/ports/feed.ts';
import type { OrderListStore } from '../../storage/ports/order-list.ts';
import type { OrderChanges, ReadModels } from '../../storage/ports/read-models.ts';
import { connectRedis } from '../../storage/redis/connection/connection.ts';
import { RedisFeedStore } from '../../storage/redis/rows/feed-redis.ts';
import { RedisOrderListStore } from '../../storage/redis/rows/order-list-redis.ts';
import { RedisReadModels } from '../../storage/redis/rows/read-models-redis.ts';
import { openSqliteStores } from '../../storage/sqlite/stores.ts';
import { RedisServer } from '../../test/servers/redis-server.ts';

const BATCH_ROWS = 1024;
const USERS = 1_000_000;
const LIGHT_USERS = 1000;
const ORDERS_OF_A_LIGHT_USER = 3;
const LIGHT_ROWS = LIGHT_USERS * ORDERS_OF_A_LIGHT_USER;
const READS_WARM_UP = 500;
const READS = 4000;
const DROP_ID = 'drop_1jxyzabcabcdefghijklmnop';
const FIRST_TIME = 1_700_000_000_000;
const FIRST_PAGE = { limit: 20, cursor: null };

let ordinal = 0;

function userId(number: number): string {
  return `user_${String(number).padStart(25, '0')}`;
}

/** The first rows are those of light users. They never order again. */
function nextOrder(): OrderView {
  const user = ordinal < LIGHT_ROWS ? ordinal % LIGHT_USERS : Math.floor(Math.random() * USERS);
  ordinal += 1;
  return {
    id: `${DROP_ID}-${ordinal.toString(36)}`,
    dropId: DROP_ID,
    userId: userId(ordinal <= LIGHT_ROWS ? USERS + user : user),
    quantity: 1,
    status: 'confirmed',
    totalAmount: 12_900,
    currency: 'EUR',
    createdAt: FIRST_TIME + ordinal,
    holdExpiresAt: null,
    paymentReference: null,
    refundRequested: false,
    version: ordinal,
  };
}

function nextBatch(): OrderChanges {
  const rows = Array.from({ length: BATCH_ROWS }, () => ({
    order: nextOrder(),
    notificationType: 'order.confirmed' as const,
    refundRequested: false,
  }));
  return { shard: 1, sequence: ordinal, time: FIRST_TIME + ordinal, rows };
}

interface Measured {
  readonly orderList: OrderListStore;
  readonly feed: FeedStore;
  readonly readModels: ReadModels;
  /** Resolves when all rows are in the files in which they are read for a while. */
  readonly settled: () => Promise<void>;
  /** Resolves when nothing is left to do in the background. */
  readonly merged: () => Promise<void>;
  /** CPU microseconds until now, of all processes. */
  readonly cpu: () => Promise<number>;
  readonly megabytes: () => Promise<number>;
  readonly close: () => Promise<void>;
}

function ownCpu(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

async function onSqlite(): Promise<Measured> {
  const directory = mkdtempSync(join(tmpdir(), 'livedrops-bench-'));
  const stores = await openSqliteStores({ directory });
  const { orderList, feed, readModels } = stores;
  return {
    orderList,
    feed,
    readModels,
    settled: () => readModels.settled(),
    merged: () => readModels.merged(),
    cpu: async () => ownCpu(),
    megabytes: async () => statSync(join(directory, 'projections.db')).size >> 20,
    async close() {
      await stores.close();
      rmSync(directory, { recursive: true });
    },
  };
}

async function onRedis(): Promise<Measured> {
  const server = await RedisServer.start({ settings: { appendonly: 'no' } });
  const watch = new Redis(server.port);
  const log = pino({ level: 'silent' });
  const redis = await connectRedis({ address: server.address, name: 'bench', log });
  const numberIn = async (section: string, name: string) =>
    Number(new RegExp(`${name}:([0-9.]+)`).exec(await watch.info(section))![1]);
  return {
    orderList: new RedisOrderListStore({ redis }),
    feed: new RedisFeedStore({ redis }),
    readModels: new RedisReadModels({ redis }),
    settled: async () => {},
    merged: async () => {},
    async cpu() {
      const user = await numberIn('cpu', 'used_cpu_user');
      const system = await numberIn('cpu', 'used_cpu_sys');
      return ownCpu() + (user + system) * 1e6;
    },
    megabytes: async () => (await numberIn('memory', 'used_memory')) / 2 ** 20,
    async close() {
      watch.disconnect();
      redis.disconnect();
      await server.stop();
    },
  };
}

/** Stores rows until there are `count`; the cost of making them is measured alone. */
async function fill({ readModels, settled, merged, cpu }: Measured, count: number) {
  const rowsBefore = ordinal;
  let making = 0;
  const before = await cpu();
  for (let left = count - ordinal; left > 0; left -= BATCH_ROWS) {
    const makingBefore = ownCpu();
    const batch = nextBatch();
    making += ownCpu() - makingBefore;
    await readModels.store([batch], () => false);
  }
  await settled();
  const stored = await cpu();
  await merged();
  const written = ordinal - rowsBefore;
  const storing = ((stored - before - making) / written).toFixed(2);
  const merging = (((await cpu()) - stored) / written).toFixed(2);
  process.stdout.write(
    `${String(ordinal).padStart(11)} rows: ${storing} CPU µs a row until they are settled,` +
      ` ${merging} until they are merged\n`,
  );
}

function report(what: string, figure: number, unit: string): void {
  process.stdout.write(`${what.padStart(40)} ${figure.toFixed(1).padStart(9)} ${unit}\n`);
}

async function read(
  { cpu }: Measured,
  what: string,
  run: (user: string) => Promise<unknown>,
): Promise<void> {
  const anyLightUser = () => userId(USERS + Math.floor(Math.random() * LIGHT_USERS));
  for (let i = 0; i < READS_WARM_UP; i++) await run(anyLightUser());
  const before = await cpu();
  for (let i = 0; i < READS; i++) await run(anyLightUser());
  report(what, ((await cpu()) - before) / READS, 'CPU µs');
}

async function readAll(measured: Measured): Promise<void> {
  const { orderList, feed } = measured;
  await read(measured, 'orders of a light user', (user) => orderList.listByUser(user, FIRST_PAGE));
  await read(measured, 'their feed', (user) => feed.list(user, { unread: false }, FIRST_PAGE));
  await read(measured, 'their unread count', (user) => feed.unreadCount(user));
}

const parameters = process.argv.slice(2);
const isRedis = parameters[0] === 'redis';
const counts = (isRedis ? parameters.slice(1) : parameters).map(Number);
const measured = isRedis ? await onRedis() : await onSqlite();
try {
  for (const count of counts.length > 0 ? counts : [1_000_000, 10_000_000]) {
    await fill(measured, count);
    await readAll(measured);
    report('stored', await measured.megabytes(), 'MiB');
  }
} finally {
  await measured.close();
}
