// The program of the thread that keeps a node's search index (composition/search.ts). It reads the
// change stream on connections of its own.

import { parentPort, workerData } from 'node:worker_threads';
import { systemClock } from '../actors/clock.ts';
import { SearchKeeper } from '../events/search/search-keeper.ts';
import { openSearchWriter } from '../storage/sqlite/search/search-writer-sqlite.ts';
import { createLog } from './log.ts';
import { beginThread, openChanges } from './off-loop-parts.ts';
import { REBUILD, type SearchThreadData } from './search.ts';

const NAME = 'search';
const REPORT_INTERVAL_MS = 500;
/**
 * What changed is found within this time and some milliseconds (Q4: within a second). A cluster has
 * many buckets, which an idle node asks for their ends each time.
 */
const POLL_MS = 400;

const { config, folder } = workerData as SearchThreadData;
const log = createLog(config);
beginThread(log);
const writer = await openSearchWriter({ folder });
const changes = await openChanges(config, NAME, log);
const keeper = new SearchKeeper({
  writer,
  changes: changes.changes,
  catalogue: changes.catalogue,
  followers: async (creatorId) => (await changes.follows.counts(creatorId)).followers,
  isRemoved: async (userId) => (await changes.accounts.findRemovedUser(userId)) !== null,
  pollMs: POLL_MS,
  clock: systemClock,
  log,
});
let isStopping = false;
let reports: NodeJS.Timeout | undefined;
let reporting: Promise<void> = Promise.resolve();
parentPort!.on('message', (message: unknown) => {
  if (message === REBUILD) keeper.rebuild();
  else void stop();
});
await keeper.start();
report();

function report(): void {
  if (isStopping) return;
  reporting = keeper
    .status()
    .then(
      (status) => parentPort!.postMessage(status),
      (error: unknown) => log.warn({ err: error }, 'the state of the search index is not known'),
    )
    .then(() => {
      if (!isStopping) reports = setTimeout(report, REPORT_INTERVAL_MS);
    });
}

async function stop(): Promise<void> {
  if (isStopping) return;
  isStopping = true;
  clearTimeout(reports);
  await reporting;
  await keeper.stop();
  await changes.close();
  parentPort!.close();
}
