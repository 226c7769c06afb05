// Runs the shards of one node in a fresh process, without data or compiled code in memory. Both
// commands print one line of JSON:
//   `shard-life.ts place DIRECTORY ORDERS PARTS` places orders of one drop through the real shard
//   loop and SQLite journal, `ORDERS_PER_CALL` at a time, and exits like a crash: no last snapshot.
//   `shard-life.ts recover DIRECTORY ORDERS` claims and replays all shards, as a start does.

import pino from 'pino';
import { systemClock } from '../../actors/clock.ts';
import { InProcessLiveBus } from '../../actors/live-bus.ts';
import { ShardHost } from '../../actors/shard/shard-host.ts';
import type { DropCommand } from '../../contracts/commands.ts';
import { shardOf } from '../../domain/ids.ts';
import { openSqliteStores } from '../../storage/sqlite/stores.ts';

const DROP_ID = 'd_recovery';

export interface Placed {
  readonly seconds: number;
  /** The longest wait of a group of orders in each part, snapshots included. */
  readonly longestWaitsMs: readonly number[];
}

export interface Recovered {
  /** From the first claim until every shard serves, without the time to open the files. */
  readonly recoveryMs: number;
}

const ORDERS_PER_CALL = 256;
const DROP_LENGTH_MS = 3_600_000;
/** Stock left for orders after the recovery. */
const SPARE_STOCK = 1000;

const [command, directory = '', orders = '', parts = ''] = process.argv.slice(2);
const stores = await openSqliteStores({ directory });
const host = new ShardHost({
  ...stores,
  nodeId: 'bench',
  bus: new InProcessLiveBus(),
  clock: systemClock,
  log: pino({ level: 'warn' }, pino.destination(2)),
});
const done =
  command === 'place' ? await place(Number(orders), Number(parts)) : await recover(Number(orders));
await stores.close();
process.stdout.write(`${JSON.stringify(done)}\n`);
// Exits at once, although the shards have timers.
process.exit();

async function place(count: number, partCount: number): Promise<Placed> {
  await host.start();
  const startedAt = performance.now();
  await createDrop(count + SPARE_STOCK);
  const longestWaitsMs = new Array<number>(partCount).fill(0);
  for (let placed = 0; placed < count; placed += ORDERS_PER_CALL) {
    const part = Math.floor((placed / count) * partCount);
    const waitMs = await placeOrders(placed, Math.min(ORDERS_PER_CALL, count - placed));
    longestWaitsMs[part] = Math.max(longestWaitsMs[part]!, waitMs);
  }
  const seconds = (performance.now() - startedAt) / 1000;
  await markProjectionsCurrent();
  return { seconds, longestWaitsMs };
}

/**
 * Sets the consumer positions to the end: after a real crash, consumers are only moments behind.
 */
async function markProjectionsCurrent(): Promise<void> {
  const { id: shard, sequence } = host.shards[shardOf(DROP_ID, stores.shardCount)]!;
  await stores.readModels.store([{ shard, sequence, time: Date.now(), rows: [] }], () => false);
  await stores.consumerPositions.save('payments', [{ shard, sequence }]);
}

async function createDrop(stock: number): Promise<void> {
  const now = Date.now();
  const terms = {
    id: DROP_ID,
    productId: 'p_1',
    creatorId: 'creator',
    startsAt: now - 1,
    endsAt: now + DROP_LENGTH_MS,
    unitAmount: 100,
    currency: 'EUR',
    limitPerUser: 1,
    holdSeconds: 60,
    payment: 'instant',
  } as const;
  await host.execute([{ type: 'create-drop', dropId: DROP_ID, terms, stock }]);
}

/** Places orders of different users in one call. Resolves to the duration of the call. */
async function placeOrders(first: number, count: number): Promise<number> {
  const commands = Array.from({ length: count }, (_, i): DropCommand => {
    return {
      type: 'place-order',
      dropId: DROP_ID,
      userId: `user-${first + i}`,
      key: crypto.randomUUID(),
      quantity: 1,
    };
  });
  const sentAt = performance.now();
  const replies = await host.execute(commands);
  const waitMs = performance.now() - sentAt;
  const refused = replies.find((reply) => !reply.ok);
  if (refused !== undefined) throw new Error(`an order was refused: ${JSON.stringify(refused)}`);
  return waitMs;
}

async function recover(count: number): Promise<Recovered> {
  const startedAt = performance.now();
  await host.start();
  const recoveryMs = performance.now() - startedAt;
  const [reply] = await host.execute([{ type: 'get-drop', dropId: DROP_ID }]);
  if (!reply?.ok || !('sold' in reply.value) || reply.value.sold !== count)
    throw new Error('orders are missing');
  return { recoveryMs };
}
