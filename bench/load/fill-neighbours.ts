// Fills data directories for the scenario `neighbours`, in a process of its own:
//   fill-neighbours.ts drops DIRECTORY JOB    large sealed drops, and drops with paid orders
//   fill-neighbours.ts journal DIRECTORY JOB  orders in journals and snapshots, nothing archived
//   fill-neighbours.ts rows DIRECTORY JOB     rows in order lists and feeds, hardly any merged
// The job is JSON. Adds to a directory that has data.

import { randomUUID } from 'node:crypto';
import pino from 'pino';
import { systemClock } from '../../actors/clock.ts';
import { InProcessLiveBus } from '../../actors/live-bus.ts';
import { ShardHost } from '../../actors/shard/shard-host.ts';
import { turnOfOthers } from '../../actors/shard/recovery.ts';
import type { ShardReply } from '../../actors/shard/shard-reply.ts';
import type { DropCommand } from '../../contracts/commands.ts';
import type { PlacedOrder } from '../../contracts/orders.ts';
import { paymentReference } from '../../domain/ids.ts';
import { ProjectionsConsumer } from '../../events/lists/projections-consumer.ts';
import { PAYMENTS_CONSUMER } from '../../events/payments/payments-consumer.ts';
import { Relay } from '../../events/relay.ts';
import { sealDrop } from '../../storage/formats/sealed-drop.ts';
import { SqliteSpillStore } from '../../storage/sqlite/spill-sqlite.ts';
import { openSqliteStores } from '../../storage/sqlite/stores.ts';
import {
  idIn,
  NEIGHBOUR_CREATOR,
  type NeighbourDropsJob,
  paidDropId,
  sealedDropId,
  type StoredOrdersJob,
} from './neighbour-drops.ts';
import { soldDrop } from './sold-drop.ts';

const ORDERS_PER_CALL = 256;
/** Few, so that the journals have many entries. */
const ORDERS_PER_ENTRY = 64;
const ROWS_PER_BATCH = 1024;
const ROW_USERS = 1_000_000;
/** Of the rows; no journal has it. */
const ROW_SHARD = 1000;
const SALE_MS = 86_400_000;
const HOLD_SECONDS = 3600;

const [command, directory = '', text = '{}'] = process.argv.slice(2);
const stores = await openSqliteStores({ directory });
const log = pino({ level: 'warn' }, pino.destination(2));
const bus = new InProcessLiveBus();
if (command === 'drops') await fillDrops(JSON.parse(text) as NeighbourDropsJob);
else if (command === 'journal') await fillJournals(JSON.parse(text) as StoredOrdersJob);
else await fillRows(JSON.parse(text) as StoredOrdersJob);
await stores.close();
// Exits at once, although the shards have timers.
process.exit();

async function fillDrops(job: NeighbourDropsJob): Promise<void> {
  const { snapshots } = stores;
  for (let i = 0; i < job.sealedDrops; i++) {
    const state = soldDrop(sealedDropId(i), job.ordersPerSealedDrop);
    const { version } = state;
    if (!(await sealDrop({ snapshots, state, version, sequence: 0, pause: turnOfOthers })))
      throw new Error('a drop was not sealed');
  }
  const relay = new Relay({
    ...stores,
    consumers: [new ProjectionsConsumer({ ...stores, liveBus: bus })],
    openSpill: () => new SqliteSpillStore(),
    clock: systemClock,
    log,
  });
  const host = hostOf(relay);
  await host.start();
  for (let i = 0; i < job.paidDrops; i++)
    await sellPaid(host, paidDropId(i), job.ordersPerPaidDrop);
  await relay.caughtUp();
  await passPayments(host);
  await host.stop();
  await relay.stop();
}

async function sellPaid(host: ShardHost, dropId: string, orders: number): Promise<void> {
  await execute(host, [createDrop(dropId, 'provider', orders)]);
  for (let placed = 0; placed < orders; placed += ORDERS_PER_CALL) {
    const count = Math.min(ORDERS_PER_CALL, orders - placed);
    const replies = await execute(host, placeOrders(dropId, count));
    const settled = replies.map((reply): DropCommand => {
      const orderId = (reply as { value: PlacedOrder }).value.order.id;
      const reference = paymentReference(orderId);
      return { type: 'settle-payment', dropId, orderId, succeeded: true, reference };
    });
    await execute(host, settled);
  }
}

async function fillJournals({ orders }: StoredOrdersJob): Promise<void> {
  const host = hostOf();
  await host.start();
  const drops = host.shards.map(({ id }) => idIn(id, 'stored'));
  await execute(
    host,
    drops.map((dropId) => createDrop(dropId, 'instant', orders)),
  );
  for (let placed = 0; placed < orders; placed += ORDERS_PER_ENTRY * drops.length)
    await execute(
      host,
      drops.flatMap((dropId) => placeOrders(dropId, ORDERS_PER_ENTRY)),
    );
  // The read models are taken to have kept up.
  const ends = host.shards.map(({ id: shard, sequence }) => {
    return { shard, sequence, time: Date.now(), rows: [] };
  });
  await stores.readModels.store(ends, () => false);
  await passPayments(host);
  await host.stop();
}

async function fillRows({ orders }: StoredOrdersJob): Promise<void> {
  const dropId = idIn(0, 'rows');
  const startedAt = Date.now();
  for (let first = 0; first < orders; first += ROWS_PER_BATCH) {
    const time = startedAt + first;
    const rows = Array.from({ length: ROWS_PER_BATCH }, (_, i) => ({
      order: {
        id: `${dropId}-${(first + i).toString(36)}`,
        dropId,
        userId: `user_${Math.floor(Math.random() * ROW_USERS)}`,
        quantity: 1,
        status: 'confirmed' as const,
        totalAmount: 12_900,
        currency: 'EUR',
        createdAt: time,
        holdExpiresAt: null,
        paymentReference: null,
        refundRequested: false,
        version: first + i + 1,
      },
      notificationType: 'order.confirmed' as const,
      refundRequested: false,
    }));
    const sequence = first / ROWS_PER_BATCH + 1;
    await stores.readModels.store([{ shard: ROW_SHARD, sequence, time, rows }], () => false);
  }
  await stores.readModels.settled();
}

function hostOf(facts?: Relay): ShardHost {
  return new ShardHost({ ...stores, nodeId: 'bench', bus, facts, clock: systemClock, log });
}

function createDrop(dropId: string, payment: 'instant' | 'provider', stock: number): DropCommand {
  const terms = {
    id: dropId,
    productId: 'p_1',
    creatorId: NEIGHBOUR_CREATOR,
    startsAt: Date.now() - 1000,
    endsAt: Date.now() + SALE_MS,
    unitAmount: 100,
    currency: 'EUR',
    limitPerUser: 1000,
    holdSeconds: HOLD_SECONDS,
    payment,
  };
  return { type: 'create-drop', dropId, terms, stock };
}

/** Of a user each. */
function placeOrders(dropId: string, count: number): DropCommand[] {
  return Array.from({ length: count }, () => {
    const key = randomUUID();
    return { type: 'place-order', dropId, userId: `u_${key}`, key, quantity: 1 };
  });
}

async function execute(
  host: ShardHost,
  commands: readonly DropCommand[],
): Promise<readonly ShardReply[]> {
  const replies = await host.execute(commands);
  const refused = replies.find((reply) => !reply.ok);
  if (refused !== undefined) throw new Error(`a command was refused: ${JSON.stringify(refused)}`);
  return replies;
}

/** The payments of all orders so far were opened by the process that placed them. */
async function passPayments(host: ShardHost): Promise<void> {
  const ends = host.shards.map(({ id: shard, sequence }) => ({ shard, sequence }));
  await stores.consumerPositions.save(PAYMENTS_CONSUMER, ends);
}
