// What archiving costs, on SQLite and a folder: node bench/archive.ts
//
// Rounds of 100,000 orders, 50 in an entry, with random user ids and keys, as 20 seconds at 5,000
// orders a second bring them. After each round the archiver moves all it may out of the journal.
// Prints its CPU time, as a share of one core at that rate, and the size of files: the free pages
// of `journal.db` are used again, so it stops growing.

import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { systemClock } from '../actors/clock.ts';
import { replay } from '../actors/shard/recovery.ts';
import type { DropEvent } from '../contracts/drop-events.ts';
import type { DropState } from '../domain/drop-state.ts';
import { Archiver } from '../events/archive/archiver.ts';
import { FolderArchive } from '../storage/archive/archive-folder.ts';
import { ArchiveReader } from '../storage/archive/archive-reader.ts';
import {
  encodePart,
  encodeShardHead,
  type PendingPart,
  snapshotDrop,
} from '../storage/formats/drop-snapshot.ts';
import { encodeEntry } from '../storage/formats/entry.ts';
import { openSqliteStores } from '../storage/sqlite/stores.ts';

const ROUNDS = 5;
const ROUND_ORDERS = 100_000;
const ENTRY_ORDERS = 50;
const ROUND_SECONDS = 20;
const SHARD = 0;

const directory = mkdtempSync(join(tmpdir(), 'livedrops-archive-'));
const stores = await openSqliteStores({ directory });
const { journal, snapshots } = stores;
const { epoch } = await journal.claim(SHARD, 'bench');
const drops = new Map<string, DropState>();
const storedParts = new Set<string>();
let sequence = 0;

async function append(dropId: string, versionBefore: number, events: DropEvent[]): Promise<void> {
  sequence += 1;
  const changes = [{ dropId, versionBefore, events }];
  const bytes = encodeEntry({ shard: SHARD, sequence, time: sequence, changes });
  await journal.append(SHARD, epoch, sequence, bytes);
  replay(drops, changes[0]!, sequence);
}

async function sell(round: number): Promise<void> {
  const dropId = `drop-${round}`;
  const terms = {
    id: dropId,
    productId: 'product',
    creatorId: 'creator',
    startsAt: 0,
    endsAt: 1e15,
    unitAmount: 100,
    currency: 'EUR',
    limitPerUser: 10,
    holdSeconds: 600,
    payment: 'instant' as const,
  };
  await append(dropId, 0, [
    { type: 'drop-created', terms, stock: 1_000_000 },
    { type: 'drop-opened' },
  ]);
  for (let placed = 0; placed < ROUND_ORDERS; placed += ENTRY_ORDERS) {
    const events: DropEvent[] = [];
    for (let i = 0; i < ENTRY_ORDERS; i++)
      events.push({ type: 'order-placed', userId: randomUUID(), key: randomUUID(), quantity: 1 });
    await append(dropId, 2 + placed, events);
  }
}

async function takeSnapshot(): Promise<void> {
  const pending: PendingPart[] = [];
  const taken = [...drops.values()].map((state) =>
    snapshotDrop(state, (name) => storedParts.has(name), pending),
  );
  const partNames = taken.flatMap((drop) => drop.partNames);
  const head = encodeShardHead({ time: sequence, drops: taken });
  const parts = pending.map(encodePart);
  for (const { name } of parts) storedParts.add(name);
  await snapshots.saveSnapshot(SHARD, epoch, { sequence, head, partNames }, parts);
}

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
    await sell(round);
    await takeSnapshot();
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
