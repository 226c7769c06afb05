// The program of the thread that feeds webhooks (composition/webhooks.ts). It opens connections of
// its own to read the journals.

import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { systemClock } from '../actors/clock.ts';
import { remoteWebhooks } from '../events/webhooks/remote-webhooks.ts';
import { WEBHOOK_CONSUMER } from '../events/webhooks/webhook-consumer.ts';
import { WebhookFeeder } from '../events/webhooks/webhook-feeder.ts';
import { SqliteSpillStore } from '../storage/sqlite/spill-sqlite.ts';
import { openArchive, readsArchive } from './archive.ts';
import { createLog } from './log.ts';
import { beginThread, CLUSTER_POLL_MS, leaseOf, openJournals } from './off-loop-parts.ts';
import type { WebhookThreadData } from './webhooks.ts';

const LAG_INTERVAL_MS = 1_000;

const { config, shardCount, port } = workerData as WebhookThreadData & {
  readonly port: MessagePort;
};
const log = createLog(config);
beginThread(log);
const reader = await openJournals(config, WEBHOOK_CONSUMER, log);
const lease = leaseOf(WEBHOOK_CONSUMER, config.nodeId, reader.leases);
const feeder = new WebhookFeeder({
  ...remoteWebhooks(port),
  paymentProvider: config.paymentProvider,
  shardCount,
  journal: readsArchive(reader.journal, openArchive(config)),
  snapshots: reader.snapshots,
  openSpill: () => new SqliteSpillStore(),
  lease,
  ...(lease !== null && { pollMs: CLUSTER_POLL_MS }),
  clock: systemClock,
  log,
});
feeder.start();
const reports = setInterval(() => parentPort!.postMessage(feeder.lag()), LAG_INTERVAL_MS);
parentPort!.once('message', () => void stop());

async function stop(): Promise<void> {
  clearInterval(reports);
  await feeder.stop();
  await reader.close();
  port.close();
}
