// The program of the thread that keeps a node's search index (composition/search.ts). It reads the
// change stream and the journals on connections of its own.

import { parentPort, workerData } from 'node:worker_threads';
import { systemClock } from '../actors/clock.ts';
import { PortQuestions } from '../events/port-questions.ts';
import { SearchKeeper } from '../events/search/search-keeper.ts';
import { openSearchWriter } from '../storage/sqlite/search/search-writer-sqlite.ts';
import { SqliteSpillStore } from '../storage/sqlite/spill-sqlite.ts';
import { openArchive, readsArchive } from './archive.ts';
import { createLog } from './log.ts';
import { lowerPriority, openChanges, openJournals } from './off-loop-parts.ts';
import { REBUILD, type RowsPositionQuestion, type SearchThreadData } from './search.ts';

const NAME = 'search';
const REPORT_INTERVAL_MS = 500;
/**
 * What changed is found within this time and some milliseconds (Q4: within a second). Each poll of
 * a sale writes the documents of its drops again, so a shorter one costs the sale more. A cluster
 * has many shards and buckets: an idle node took 6 % of a core with this poll, 8 % with one of 200
 * ms, 2 % without an index, in one run each.
 */
const POLL_MS = 400;

const { config, shardCount, folder, port } = workerData as SearchThreadData;
const log = createLog(config);
lowerPriority(log);
const questions = new PortQuestions<RowsPositionQuestion>(port);
const writer = await openSearchWriter({ folder });
const journals = await openJournals(config, `${NAME}-journals`, log);
const changes = await openChanges(config, NAME, log);
const keeper = new SearchKeeper({
  writer,
  changes: changes.changes,
  catalogue: changes.catalogue,
  followers: async (creatorId) => (await changes.follows.counts(creatorId)).followers,
  rowsPosition: (shard) => questions.ask({ shard }),
  journal: readsArchive(journals.journal, openArchive(config)),
  snapshots: journals.snapshots,
  openSpill: () => new SqliteSpillStore(),
  shardCount,
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
  await Promise.all([journals.close(), changes.close()]);
  port.close();
  parentPort!.close();
}
