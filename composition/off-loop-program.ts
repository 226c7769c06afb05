// The body of the thread of one consumer (composition/off-loop-thread.ts). It opens connections of
// its own for reading the journals.

import { randomUUID } from 'node:crypto';
import { setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { systemClock } from '../actors/clock.ts';
import type { EventConsumer } from '../events/consumer.ts';
import { ConsumerLease } from '../events/off-loop/consumer-lease.ts';
import { OffLoopRunner } from '../events/off-loop/off-loop-runner.ts';
import { RemotePositions } from '../events/off-loop/remote-positions.ts';
import type { ConsumerPositions } from '../storage/ports/consumer-positions.ts';
import { openSqliteJournalReader } from '../storage/sqlite/journal/journal-reader.ts';
import { SqliteSpillStore } from '../storage/sqlite/spill-sqlite.ts';
import { createLog } from './node-core.ts';
import type { ThreadData } from './off-loop-thread.ts';

/** Of `nice`: the loop that sells comes first where both want a core. */
const PRIORITY = 10;
const LAG_INTERVAL_MS = 1_000;
/** A cluster has many shards, and everybody's Redis is asked. */
const CLUSTER_POLL_MS = 1_000;

/** What a module of an off-loop consumer exports as `create`. */
export type CreateConsumer = (context: {
  readonly options: unknown;
  readonly positions: ConsumerPositions;
}) => EventConsumer | Promise<EventConsumer>;

const data = workerData as ThreadData;
const log = createLog(data.config);
try {
  // On Linux this is the calling thread's alone.
  setPriority(0, PRIORITY);
} catch (error) {
  log.info({ err: error }, 'the thread of a consumer has the usual priority');
}
const positions = new RemotePositions(data.port);
const { module, options } = data.consumer;
const { create } = (await import(module)) as { create: CreateConsumer };
const consumer = await create({ options, positions });
const stores = await openStores();
const runner = new OffLoopRunner({
  ...stores,
  consumer,
  shardCount: data.shardCount,
  openSpill: () => new SqliteSpillStore(),
  clock: systemClock,
  log,
});
const reports = setInterval(() => parentPort!.postMessage(runner.lag()), LAG_INTERVAL_MS);
parentPort!.once('message', () => void stop());
runner.start();

async function stop(): Promise<void> {
  clearInterval(reports);
  await runner.stop();
  await stores.close();
  data.port.close();
}

async function openStores() {
  const { store, nodeId, dataDirectory } = data.config;
  if (store.kind !== 'redis') {
    return { ...openSqliteJournalReader(dataDirectory), lease: null, pollMs: undefined };
  }
  const { openRedisJournalReader } = await import('../storage/redis/journal/journal-reader.ts');
  const reader = await openRedisJournalReader({
    address: store,
    name: `${nodeId}-${consumer.name}`,
    log,
  });
  const holder = `${nodeId}/${randomUUID()}`;
  const { leases } = reader;
  const lease = new ConsumerLease({ consumer: consumer.name, holder, leases, clock: systemClock });
  return { ...reader, lease, pollMs: CLUSTER_POLL_MS };
}
