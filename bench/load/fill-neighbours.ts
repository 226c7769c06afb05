// Fills data directories for the scenario `neighbours`, in a process of its own:
//   fill-neighbours.ts drops DIRECTORY JOB    large sealed drops, and drops with paid orders
//   fill-neighbours.ts journal DIRECTORY JOB  orders in journals and snapshots, nothing archived
//   fill-neighbours.ts rows DIRECTORY JOB     rows in order lists and feeds, hardly any merged
//   fill-neighbours.ts products DIRECTORY JOB products that are searched
// The job is JSON. Adds to a directory that has data.

import pino from 'pino';
import { systemClock } from '../../actors/clock.ts';
import { InProcessLiveBus } from '../../actors/live-bus.ts';
import { turnOfOthers } from '../../actors/shard/recovery.ts';
import type { DropCommand } from '../../contracts/commands.ts';
import type { PlacedOrder } from '../../contracts/orders.ts';
import { EMBEDDED_SHARD_COUNT, paymentReference } from '../../domain/ids.ts';
import { ProjectionsConsumer } from '../../events/lists/projections-consumer.ts';
import { PAYMENTS_CONSUMER } from '../../events/payments/payments-consumer.ts';
import { Relay } from '../../events/relay.ts';
import { sealDrop } from '../../storage/formats/sealed-drop.ts';
import type { ShardPosition } from '../../storage/ports/consumer-positions.ts';
import { SqliteSpillStore } from '../../storage/sqlite/spill-sqlite.ts';
import { openSqliteStores } from '../../storage/sqlite/stores.ts';
import {
  idIn,
  type NeighbourDropsJob,
  paidDropId,
  sealedDropId,
  type StoredOrdersJob,
} from './neighbour-drops.ts';
import { SearchCatalogue } from './search-catalogue.ts';
import type { SearchedProductsJob } from './searches.ts';
import { soldDrop } from './sold-drop.ts';
import { dropToSell, execute, placeOrders, sellStored, storedHost } from './stored-orders.ts';

const ORDERS_PER_CALL = 256;
/** Few, so that the journals have many entries. */
const ORDERS_PER_ENTRY = 64;
const ROWS_PER_BATCH = 1024;
const PRODUCTS_AT_ONCE = 512;
const ROW_USERS = 1_000_000;
/** Of the rows; no journal has it. */
const ROW_SHARD = 1000;

const [command, directory = '', text = '{}'] = process.argv.slice(2);
const stores = await openSqliteStores({ directory });
const log = pino({ level: 'warn' }, pino.destination(2));
const bus = new InProcessLiveBus();
if (command === 'drops') await fillDrops(JSON.parse(text) as NeighbourDropsJob);
else if (command === 'journal') await fillJournals(JSON.parse(text) as StoredOrdersJob);
else if (command === 'products') await fillProducts(JSON.parse(text) as SearchedProductsJob);
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
  const host = storedHost(stores, relay);
  await host.start();
  for (let i = 0; i < job.paidDrops; i++)
    await sellPaid(host, paidDropId(i), job.ordersPerPaidDrop);
  await relay.caughtUp();
  await passPayments(host.shards.map(({ id: shard, sequence }) => ({ shard, sequence })));
  await host.stop();
  await relay.stop();
}

async function sellPaid(
  host: ReturnType<typeof storedHost>,
  dropId: string,
  orders: number,
): Promise<void> {
  await execute(host, [dropToSell(dropId, 'provider', orders)]);
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
  const ends = await sellStored(stores, {
    orders,
    ordersPerEntry: ORDERS_PER_ENTRY,
    shards: Array.from({ length: EMBEDDED_SHARD_COUNT }, (_, shard) => shard),
    name: 'stored',
  });
  // The read models are taken to have kept up.
  const batches = ends.map((end) => ({ ...end, time: Date.now(), rows: [] }));
  await stores.readModels.store(batches, () => false);
  await passPayments(ends);
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

async function fillProducts({ products }: SearchedProductsJob): Promise<void> {
  const catalogue = new SearchCatalogue();
  const add = async (number: number) => {
    const { id, creatorId, name, description } = catalogue.product(number, products);
    const texts = { name, description, imageUrls: [] };
    await stores.catalogue.addProduct({ id, creatorId, ...texts, createdAt: 1, revision: 1 });
  };
  for (let first = 0; first < products; first += PRODUCTS_AT_ONCE) {
    const length = Math.min(PRODUCTS_AT_ONCE, products - first);
    await Promise.all(Array.from({ length }, (_, number) => add(first + number)));
  }
}

/** The payments of all orders so far were opened by the process that placed them. */
async function passPayments(ends: readonly ShardPosition[]): Promise<void> {
  await stores.consumerPositions.save(PAYMENTS_CONSUMER, ends);
}
