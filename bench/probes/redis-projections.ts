// Measures the projections on Redis: CPU microseconds an order, in this process and in
// redis-server. Starts its own redis-server. Run: node_modules/.bin/node
// bench/probes/redis-projections.ts

import { Redis } from 'ioredis';
import pino from 'pino';
import type { OrderView } from '../../contracts/orders.ts';
import type { NewNotification } from '../../contracts/notifications.ts';
import { connectRedis } from '../../storage/redis/connection/connection.ts';
import { RedisFeedStore } from '../../storage/redis/rows/feed-redis.ts';
import { RedisOrderListStore } from '../../storage/redis/rows/order-list-redis.ts';
import { RedisReadModels } from '../../storage/redis/rows/read-models-redis.ts';
import { RedisServer } from '../../test/servers/redis-server.ts';

/** Entries of one shard that the relay delivers in one batch. */
const BATCHES_AT_ONCE = 8;
const BATCH_ROWS = 50;
const USERS = 100_000;
const APPENDS_WARM_UP = 100;
const APPENDS = 250;
const DROP_ID = 'drop_1jxyzabcabcdefghijklmnop';

let ordinal = 0;
let sequence = 0;

function user(): string {
  return `user_${String(Math.floor(Math.random() * USERS)).padStart(25, '0')}`;
}

function order(): OrderView {
  ordinal += 1;
  return {
    id: `${DROP_ID}-${ordinal.toString(36)}`,
    dropId: DROP_ID,
    userId: user(),
    quantity: 1,
    status: 'confirmed',
    totalAmount: 12_900,
    currency: 'EUR',
    createdAt: 1_700_000_000_000 + Math.floor(ordinal / 60),
    holdExpiresAt: null,
    paymentReference: null,
    refundRequested: false,
    version: ordinal,
  };
}

function notificationOf(placed: OrderView): NewNotification {
  const { id, dropId, userId, quantity, totalAmount, currency, createdAt } = placed;
  const data = { orderId: id, dropId, quantity, totalAmount, currency };
  return { userId, type: 'order.confirmed', data, createdAt };
}

function batches(): { shard: number; sequence: number; rows: OrderView[] }[] {
  return Array.from({ length: BATCHES_AT_ONCE }, () => ({
    shard: 1,
    sequence: ++sequence,
    rows: Array.from({ length: BATCH_ROWS }, order),
  }));
}

async function serverCpuMicroseconds(redis: Redis): Promise<number> {
  const info = await redis.info('cpu');
  const seconds = (name: string) => Number(new RegExp(`${name}:([0-9.]+)`).exec(info)![1]);
  return (seconds('used_cpu_user') + seconds('used_cpu_sys')) * 1e6;
}

const server = await RedisServer.start();
const watch = new Redis(server.port);
const redis = await connectRedis({
  address: server.address,
  name: 'bench',
  log: pino({ level: 'silent' }),
});
const orderList = new RedisOrderListStore({ redis });
const feed = new RedisFeedStore({ redis });
const readModels = new RedisReadModels({ redis });

async function measure(what: string, append: (orders: ReturnType<typeof batches>) => unknown) {
  for (let i = 0; i < APPENDS_WARM_UP; i++) await append(batches());
  const made = Array.from({ length: APPENDS }, batches);
  const rows = APPENDS * BATCHES_AT_ONCE * BATCH_ROWS;
  const serverBefore = await serverCpuMicroseconds(watch);
  const before = process.cpuUsage();
  const startedAt = performance.now();
  for (const orders of made) await append(orders);
  const wall = (performance.now() - startedAt) * 1000;
  const { user: inUser, system } = process.cpuUsage(before);
  const inServer = (await serverCpuMicroseconds(watch)) - serverBefore;
  const figures = [(inUser + system) / rows, inServer / rows, wall / rows]
    .map((figure) => figure.toFixed(2).padStart(7))
    .join('');
  process.stdout.write(`${what.padEnd(16)}${figures}   CPU µs here, in redis-server; wall µs\n`);
}

function toFeed(orders: ReturnType<typeof batches>): Promise<unknown> {
  return feed.append(orders.map((batch) => ({ ...batch, rows: batch.rows.map(notificationOf) })));
}

function toReadModels(orders: ReturnType<typeof batches>): Promise<unknown> {
  const changes = orders.map((batch) => ({
    ...batch,
    time: 1_700_000_000_000,
    rows: batch.rows.map((placed) => ({
      order: placed,
      notificationType: 'order.confirmed' as const,
      refundRequested: false,
    })),
  }));
  return readModels.store(changes, () => false);
}

try {
  await measure('order list', (orders) => orderList.put(orders));
  await measure('feed', toFeed);
  await measure('each by itself', (orders) => Promise.all([orderList.put(orders), toFeed(orders)]));
  await measure('read models', toReadModels);
} finally {
  watch.disconnect();
  redis.disconnect();
  await server.stop();
}
