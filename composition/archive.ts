// The archive of this process: its driver, journals that read it, and the thread of the archiver.

import type { MessagePort } from 'node:worker_threads';
import type { Logger } from 'pino';
import { systemClock } from '../actors/clock.ts';
import type { SaleMeter } from '../actors/sale-meter.ts';
import { ArchiveCounts } from '../events/archive/archive-counts.ts';
import { serveKeeper, StoredKeeper } from '../events/archive/journal-keeper.ts';
import { FolderArchive } from '../storage/archive/archive-folder.ts';
import { ArchiveReader } from '../storage/archive/archive-reader.ts';
import { ArchivedJournal, ArchivedJournalReader } from '../storage/archive/archived-journal.ts';
import type { Archive } from '../storage/ports/archive.ts';
import type { FeatureLevels } from '../storage/ports/feature-level.ts';
import type { JournalReader } from '../storage/ports/journal.ts';
import type { Stores } from '../storage/ports/stores.ts';
import type { Config } from './config.ts';
import { OffLoopThread } from './off-loop-thread.ts';

/** Null where there is none. */
export function openArchive({ archive }: Pick<Config, 'archive'>): Archive | null {
  return archive === null ? null : new FolderArchive(archive);
}

/** The same stores, with a journal that reads what is archived too. */
export function withArchive<S extends Stores>(stores: S, archive: Archive | null): S {
  if (archive === null) return stores;
  const journal = new ArchivedJournal({
    journal: stores.journal,
    archive: new ArchiveReader(archive),
  });
  return { ...stores, journal };
}

export function readsArchive(journal: JournalReader, archive: Archive | null): JournalReader {
  if (archive === null) return journal;
  return new ArchivedJournalReader({ journal, archive: new ArchiveReader(archive) });
}

/** The `workerData` of the archiver's thread. */
export interface ArchiverThreadData {
  readonly config: Config;
  readonly shardCount: number;
  /** `SaleMeter.shared` of this process. */
  readonly saleMeter: SharedArrayBuffer;
  /** `ArchiveCounts.shared` of this process. */
  readonly counts: SharedArrayBuffer;
  /** For `RemoteKeeper`. */
  readonly port: MessagePort;
}

export interface ArchiverThreadOptions {
  readonly config: Config;
  readonly shardCount: number;
  readonly stores: Pick<Stores, 'journal' | 'readModels' | 'consumerPositions'>;
  /** The names of all consumers of events with stored positions, in any process. */
  readonly consumers: readonly string[];
  /** The feature level of the store. */
  readonly levels: FeatureLevels;
  readonly meter: SaleMeter;
  readonly log: Logger;
}

export interface ArchiverThread {
  readonly thread: OffLoopThread;
  readonly counts: ArchiveCounts;
}

/** Null where there is no archive. */
export function createArchiverThread(options: ArchiverThreadOptions): ArchiverThread | null {
  const { config, shardCount, stores, consumers, levels, meter, log } = options;
  if (config.archive === null) return null;
  const positions = stores.consumerPositions;
  const keeper = new StoredKeeper({ ...stores, positions, consumers, levels });
  const counts = new ArchiveCounts();
  const shared = { saleMeter: meter.shared, counts: counts.shared };
  const data: Omit<ArchiverThreadData, 'port'> = { config, shardCount, ...shared };
  const thread = new OffLoopThread({
    name: 'archiver',
    program: new URL('archiver-program.ts', import.meta.url),
    data,
    serve: (port) => serveKeeper(port, keeper),
    lag: null,
    clock: systemClock,
    log,
  });
  return { thread, counts };
}
