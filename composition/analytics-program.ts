// The program of the thread of analytics (composition/analytics.ts). It reads the journals by a
// connection of its own, and asks the main thread to store what they add.

import { parentPort, workerData } from 'node:worker_threads';
import { systemClock } from '../actors/clock.ts';
import { ANALYTICS_CONSUMER, AccountKeeper } from '../events/analytics/account-keeper.ts';
import { type AnalyticsQuestion, RemoteAnalytics } from '../events/analytics/remote-analytics.ts';
import { PortQuestions } from '../events/port-questions.ts';
import type { AnalyticsThreadData } from './analytics.ts';
import { openArchive, readsArchive } from './archive.ts';
import { createLog } from './log.ts';
import { beginThread, CLUSTER_POLL_MS, leaseOf, openJournals } from './off-loop-parts.ts';

const LAG_INTERVAL_MS = 1_000;

const { config, shardCount, port } = workerData as AnalyticsThreadData;
const log = createLog(config);
beginThread(log);
const store = new RemoteAnalytics(new PortQuestions<AnalyticsQuestion, unknown>(port));
const reader = await openJournals(config, ANALYTICS_CONSUMER, log);
const journal = readsArchive(reader.journal, openArchive(config));
const lease = leaseOf(ANALYTICS_CONSUMER, config.nodeId, reader.leases);
const keeper = new AccountKeeper({
  store,
  journal,
  shardCount,
  lease,
  // In a cluster, where there is a lease, journals are polled less often.
  ...(lease !== null && { pollMs: CLUSTER_POLL_MS }),
  clock: systemClock,
  log,
});
keeper.start();
const reports = setInterval(() => parentPort!.postMessage(keeper.lag()), LAG_INTERVAL_MS);
parentPort!.once('message', () => void stop());

async function stop(): Promise<void> {
  clearInterval(reports);
  await keeper.stop();
  await reader.close();
  port.close();
}
