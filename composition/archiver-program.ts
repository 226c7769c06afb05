// The program of the archiver's thread (composition/archive.ts). It reads the journals by a
// connection of its own, and asks the main thread to trim them.

import { parentPort, workerData } from 'node:worker_threads';
import { systemClock } from '../actors/clock.ts';
import { assert } from '../domain/assert.ts';
import { ArchiveCounts } from '../events/archive/archive-counts.ts';
import { ArchiveRunner } from '../events/archive/archive-runner.ts';
import { Archiver } from '../events/archive/archiver.ts';
import { RemoteKeeper } from '../events/archive/journal-keeper.ts';
import { ArchiveReader } from '../storage/archive/archive-reader.ts';
import { type ArchiverThreadData, openArchive } from './archive.ts';
import { createLog } from './log.ts';
import { beginThread, leaseOf, openJournals } from './off-loop-parts.ts';
import { ArchivingPace } from './upkeep.ts';

const NAME = 'archiver';

const { config, shardCount, saleMeter, counts, port } = workerData as ArchiverThreadData;
const log = createLog(config);
beginThread(log);
const archive = openArchive(config);
assert(archive !== null && config.archive !== null, 'the archiver has an archive');
const reader = await openJournals(config, NAME, log);
const pace = new ArchivingPace(saleMeter);
const { intervalSeconds, journalEntriesMin, retentionDays } = config.archive;
const archiver = new Archiver({
  journal: reader.journal,
  snapshots: reader.snapshots,
  archive: new ArchiveReader(archive),
  keeper: new RemoteKeeper(port),
  shardCount,
  journalEntriesMin,
  retentionDays,
  giveWay: pace.giveWay,
  counts: new ArchiveCounts(counts),
  clock: systemClock,
  log,
});
const lease = leaseOf(NAME, config.nodeId, reader.leases);
const intervalMs = intervalSeconds * 1000;
const runner = new ArchiveRunner({
  archiver,
  lease,
  intervalMs,
  onPassed: () => pace.rest(),
  clock: systemClock,
});
runner.start();
parentPort!.once('message', () => void stop());

async function stop(): Promise<void> {
  pace.stop();
  await runner.stop();
  await reader.close();
  port.close();
}
