// The program of one consumer's thread (composition/off-loop-thread.ts). It opens connections of
// its own to read the journals or the change stream.

import { parentPort, workerData } from 'node:worker_threads';
import { systemClock } from '../actors/clock.ts';
import { assert } from '../domain/assert.ts';
import { positionsName } from '../events/changes/change-consumer.ts';
import { ChangeRunner } from '../events/changes/change-runner.ts';
import { PortQuestions } from '../events/port-questions.ts';
import type { ConsumerLag } from '../events/lane.ts';
import type { ConsumerLease } from '../events/off-loop/consumer-lease.ts';
import type { CreateChangeConsumer, CreateConsumer } from '../events/off-loop/create-consumer.ts';
import { OffLoopRunner } from '../events/off-loop/off-loop-runner.ts';
import { RemotePositions } from '../events/off-loop/remote-positions.ts';
import { SqliteSpillStore } from '../storage/sqlite/spill-sqlite.ts';
import { openArchive, readsArchive } from './archive.ts';
import { createLog } from './log.ts';
import {
  beginThread,
  CLUSTER_POLL_MS,
  leaseOf,
  openChanges,
  openJournals,
} from './off-loop-parts.ts';
import type { ThreadData, ThreadQuestion } from './off-loop-thread.ts';

const LAG_INTERVAL_MS = 1_000;

interface Running {
  lag(): ConsumerLag[];
  stop(): Promise<void>;
}

const data = workerData as ThreadData;
const log = createLog(data.config);
beginThread(log);
const { name, reads, options } = data.consumer;
const { nodeId } = data.config;
const questions = new PortQuestions<ThreadQuestion>(data.port);
const positions = new RemotePositions(questions);
const running = reads === 'events' ? await runOnEvents() : await runOnChanges();
const reports = setInterval(() => parentPort!.postMessage(running.lag()), LAG_INTERVAL_MS);
parentPort!.once('message', () => void stop());

async function stop(): Promise<void> {
  clearInterval(reports);
  await running.stop();
  data.port.close();
}

/** The `create` of the consumer's module. */
async function load<C>(): Promise<C> {
  const { create } = (await import(data.consumer.module)) as { create: C };
  return create;
}

function assertName(actual: string): void {
  assert(actual === name, `${data.consumer.module} makes ${actual}, not ${name}`);
}

async function runOnEvents(): Promise<Running> {
  const create = await load<CreateConsumer>();
  const tell = async (message: unknown) => void (await questions.ask({ told: message }));
  const consumer = await create({ options, positions, tell });
  assertName(consumer.name);
  const reader = await openJournals(data.config, name, log);
  const journal = readsArchive(reader.journal, openArchive(data.config));
  const openSpill = () => new SqliteSpillStore();
  const { shardCount } = data;
  const lease = leaseOf(name, nodeId, reader.leases);
  const parts = { ...reader, journal, ...polling(lease), openSpill, shardCount };
  const runner = new OffLoopRunner({ ...parts, consumer, clock: systemClock, log });
  runner.start();
  return {
    lag: () => runner.lag(),
    async stop() {
      await runner.stop();
      await reader.close();
      await consumer.close?.();
    },
  };
}

async function runOnChanges(): Promise<Running> {
  const create = await load<CreateChangeConsumer>();
  const consumer = await create({ options });
  assertName(consumer.name);
  const reader = await openChanges(data.config, name, log);
  const lease = leaseOf(positionsName(name), nodeId, reader.leases);
  const parts = { ...reader, ...polling(lease), positions };
  const runner = new ChangeRunner({ ...parts, consumer, clock: systemClock, log });
  runner.start();
  return {
    // In records, not in facts: it is no lag of the relay.
    lag: () => [],
    async stop() {
      await runner.stop();
      await reader.close();
    },
  };
}

/** In a cluster, where there is a lease, journals are polled less often. */
function polling(lease: ConsumerLease | null) {
  return lease === null ? { lease } : { lease, pollMs: CLUSTER_POLL_MS };
}
