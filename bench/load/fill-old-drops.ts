// Fills a data directory with drops that ended and are sealed, with orders of a few buyers each:
//   fill-old-drops.ts DIRECTORY JOB
// The job is JSON. Prints one line of JSON, when everything is sealed and in the read models, and
// ends.

import pino from 'pino';
import { type Clock, systemClock } from '../../actors/clock.ts';
import { InProcessLiveBus } from '../../actors/live-bus.ts';
import { ShardHost } from '../../actors/shard/shard-host.ts';
import { ProjectionsConsumer } from '../../events/lists/projections-consumer.ts';
import { Relay } from '../../events/relay.ts';
import { SqliteSpillStore } from '../../storage/sqlite/spill-sqlite.ts';
import { openSqliteStores } from '../../storage/sqlite/stores.ts';
import { oldBuyer, oldDropId, type OldDropsJob } from './old-drops.ts';

const DROPS_AT_ONCE = 100;
const SALE_MS = 3_600_000;
const SEALED_CHECK_INTERVAL_MS = 500;

const [directory = '', text = '{}'] = process.argv.slice(2);
const { drops, ordersPerDrop } = JSON.parse(text) as OldDropsJob;
const stores = await openSqliteStores({ directory });
const log = pino({ level: 'warn' }, pino.destination(2));
const bus = new InProcessLiveBus();
const saleAt = Date.now() - 10 * SALE_MS;
let wallNow = (): number => saleAt;
const clock: Clock = { ...systemClock, now: () => wallNow() };
const relay = new Relay({
  ...stores,
  consumers: [new ProjectionsConsumer({ ...stores, liveBus: bus })],
  openSpill: () => new SqliteSpillStore(),
  clock,
  log,
});
const host = new ShardHost({ ...stores, nodeId: 'bench', bus, facts: relay, clock, log });
await host.start();
for (let first = 0; first < drops; first += DROPS_AT_ONCE)
  await Promise.all(Array.from({ length: DROPS_AT_ONCE }, (_, i) => sell(first + i)));
// The drops end, and are sealed after their idle time.
wallNow = () => Date.now();
host.shards.forEach((shard) => shard.pump());
while (host.shards.some(({ dropCount }) => dropCount > 0))
  await new Promise((resolve) => setTimeout(resolve, SEALED_CHECK_INTERVAL_MS));
await relay.caughtUp();
await host.stop();
await relay.stop();
await stores.close();
process.stdout.write(`${JSON.stringify({ drops })}\n`);
process.exit();

async function sell(index: number): Promise<void> {
  const dropId = oldDropId(index);
  const terms = {
    id: dropId,
    productId: 'p_old',
    creatorId: 'creator',
    startsAt: saleAt,
    endsAt: saleAt + SALE_MS,
    unitAmount: 100,
    currency: 'EUR',
    limitPerUser: 10,
    holdSeconds: 60,
    payment: 'instant',
  } as const;
  const replies = await host.execute([
    { type: 'create-drop', dropId, terms, stock: ordersPerDrop },
    ...Array.from({ length: ordersPerDrop }, (_, ordinal) => ({
      type: 'place-order' as const,
      dropId,
      userId: oldBuyer(index, ordinal),
      key: crypto.randomUUID(),
      quantity: 1,
    })),
  ]);
  const refused = replies.find((reply) => !reply.ok);
  if (refused !== undefined) throw new Error(`refused: ${JSON.stringify(refused)}`);
}
