// What archiving costs, on SQLite and a folder: node bench/probes/archive.ts
//
// Rounds of 100,000 orders, 50 in an entry, with random user ids and keys, as 20 seconds at 5,000
// orders a second bring them. After each round the archiver moves all it may out of the journal.
// Prints its CPU time, as a share of one core at that rate, and the size of files: the free pages
// of `journal.db` are used again, so it stops growing.

import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { systemClock } from '../../actors/clock.ts';
import { Archiver } from '../../events/archive/archiver.ts';
import { FolderArchive } from '../../storage/archive/archive-folder.ts';
import { ArchiveReader } from '../../storage/archive/archive-reader.ts';
import { openSqliteStores } from '../../storage/sqlite/stores.ts';
import { sellStored } from '../load/stored-orders.ts';

const ROUNDS = 5;
const ROUND_ORDERS = 100_000;
const ENTRY_ORDERS = 50;
const ROUND_SECONDS = 20;
const SHARD = 0;

const directory = mkdtempSync(join(tmpdir(), 'livedrops-archive-'));
const stores = await openSqliteStores({ directory });
const { journal, snapshots } = stores;
let sequence = 0;

const mebibytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(1);

try {
  const archive = new FolderArchive({
    folder: join(directory, 'archive'),
    create: true,
  });
  const archiver = new Archiver({
    journal,
    snapshots,
    archive: new ArchiveReader(archive),
    keeper: {
      consumed: async () => sequence,
      trim: (shard, through) => journal.trim(shard, through),
    },
    shardCount: 1,
    journalEntriesMin: 64,
    retentionDays: null,
    clock: systemClock,
    log: pino({ level: 'silent' }),
  });
  for (let round = 0; round < ROUNDS; round++) {
    const ends = await sellStored(stores, {
      orders: ROUND_ORDERS,
      ordersPerEntry: ENTRY_ORDERS,
      shards: [SHARD],
      name: `round${round}`,
    });
    sequence = ends.find(({ shard }) => shard === SHARD)!.sequence;
    const before = process.cpuUsage();
    await archiver.archiveShard(SHARD);
    const { user, system } = process.cpuUsage(before);
    const cpuMs = (user + system) / 1000;
    const { segments } = await archive.list(SHARD);
    const archived = segments.reduce((sum, { bytes }) => sum + bytes, 0);
    const line = {
      round,
      cpuMs: Math.round(cpuMs),
      percentOfACore: (cpuMs / (ROUND_SECONDS * 10)).toFixed(2),
      journalMiB: mebibytes(statSync(join(directory, 'journal.db')).size),
      archiveMiB: mebibytes(archived),
      segments: segments.length,
      trimmed: await journal.trimmed(SHARD),
    };
    process.stdout.write(`${JSON.stringify(line)}\n`);
  }
} finally {
  await stores.close();
  rmSync(directory, { recursive: true });
}
