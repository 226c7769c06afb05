// The writer of journal.db: the journal's entries, snapshots and sealed drops. It runs in a thread
// of its own.
//
// The row id of an entry is its shard and sequence in one number. So an append goes to the end of
// its shard's range and needs no further index. The last row of the range gives the shard's last
// sequence; without a row, `trimmed` gives it.

import { limitPages, openWriterDatabase, WalBound } from '../thread/database.ts';
import type { Program, ProgramOptions } from '../thread/program.ts';

/** Sequences of one shard. Up to 8191 shards, every row id is a safe integer. */
export const SEQUENCE_SPAN = 2 ** 40;

/**
 * Entries, and their bytes, that one operation removes: about a millisecond. SQLite reads each page
 * of a long value to free it.
 */
const TRIM_ENTRIES = 256;
const TRIM_BYTES = 1 << 19;

const MIGRATIONS = [
  `
  create table shards (
    shard integer primary key,
    epoch integer not null,
    owner text not null,
    trimmed integer not null
  ) strict;
  create table entries (
    id integer primary key,
    epoch integer not null,
    bytes blob not null
  ) strict;
  create table snapshots (
    shard integer primary key,
    epoch integer not null,
    sequence integer not null,
    head blob not null,
    part_names text not null
  ) strict;
  create table snapshot_parts (
    shard integer not null,
    name text not null,
    epoch integer not null,
    bytes blob not null,
    primary key (shard, name)
  ) strict;
  create table sealed_drops (
    drop_id text primary key,
    bytes blob not null
  ) strict;
  `,
  'alter table sealed_drops add column version integer not null default 0',
  // Before the number of shards was stored, it was always 256.
  `
  create table installation (shard_count integer not null) strict;
  insert into installation select 256 where exists (select 1 from shards);
  `,
  // Before, the bytes of a sealed drop were the whole drop.
  `
  create table sealed_parts (
    drop_id text not null,
    name text not null,
    bytes blob not null,
    primary key (drop_id, name)
  ) strict;
  `,
];

/** The epoch and the last sequence of one shard. */
export const HEAD_OF_SHARD = `
  select epoch, max(trimmed, coalesce((
    select max(id) - shard * ${SEQUENCE_SPAN} from entries
    where id > shard * ${SEQUENCE_SPAN} and id < (shard + 1) * ${SEQUENCE_SPAN}
  ), 0)) from shards where shard = ?`;

export type HeadRow = [epoch: number, lastSequence: number];

/** Null: done. */
export type WriteRefusal = { code: 'fenced' | 'conflict' | 'corrupt'; message: string } | null;

export type JournalHandlers = ReturnType<typeof open>['handlers'];

export function open(options: ProgramOptions) {
  const migrations = MIGRATIONS;
  const database = openWriterDatabase({ ...options, synchronous: 'full', migrations });
  const walBound = new WalBound({ database, ...options });
  const headOf = database.prepare<[number], HeadRow>(HEAD_OF_SHARD).raw();
  const claim = database.prepare(`
    insert into shards (shard, epoch, owner, trimmed) values (?, 1, ?, 0)
    on conflict do update set epoch = epoch + 1, owner = excluded.owner`);
  const insertEntry = database.prepare('insert into entries (id, epoch, bytes) values (?, ?, ?)');
  const entryAt = database.prepare<[number], { epoch: number; bytes: Buffer }>(
    'select epoch, bytes from entries where id = ?',
  );
  const setTrimmed = database.prepare(
    'update shards set trimmed = max(trimmed, ?) where shard = ?',
  );
  const removeEntries = database.prepare('delete from entries where id > ? and id <= ?');
  const entrySizes = database
    .prepare<[number, number], [id: number, bytes: number]>(`
      select id, length(bytes) from entries where id > ? and id <= ?
      order by id limit ${TRIM_ENTRIES}`)
    .raw();
  const snapshots = prepareSnapshots(database);
  const shardCount = database.prepare('select shard_count from installation').pluck();
  const insertShardCount = database.prepare('insert into installation (shard_count) values (?)');
  /**
   * Cache of the heads of shards that were claimed or appended to lately. This is the only writer
   * of the file, so the cache is right until a rollback. Reading a head for each append took a
   * fifteenth of this thread's CPU time.
   */
  const heads = new Map<number, { readonly epoch: number; lastSequence: number }>();
  const loadHead = (shard: number) => {
    const row = headOf.get(shard);
    if (row === undefined) return undefined;
    const head = { epoch: row[0], lastSequence: row[1] };
    heads.set(shard, head);
    return head;
  };

  return {
    database,
    begin: 'begin immediate',
    committed: () => walBound.committed(),
    rolledBack: () => heads.clear(),
    handlers: {
      claim(shard: number, owner: string): HeadRow {
        claim.run(shard, owner);
        const { epoch, lastSequence } = loadHead(shard)!;
        return [epoch, lastSequence];
      },

      append(bytes: Uint8Array, shard: number, epoch: number, sequence: number): WriteRefusal {
        const head = heads.get(shard) ?? loadHead(shard);
        if (head === undefined || head.epoch !== epoch) {
          const message = `shard ${shard} is at epoch ${head?.epoch ?? 0}, not ${epoch}`;
          return { code: 'fenced', message };
        }
        const id = shard * SEQUENCE_SPAN + sequence;
        if (sequence === head.lastSequence + 1) {
          insertEntry.run(id, epoch, bytes);
          head.lastSequence = sequence;
          return null;
        }
        const present = entryAt.get(id);
        const same = present?.epoch === epoch && present.bytes.equals(bytes);
        const message = `shard ${shard} is at sequence ${head.lastSequence}, got ${sequence}`;
        return same ? null : { code: 'conflict', message };
      },

      /**
       * Removes the oldest entries, one portion of them. Returns whether more are to be removed.
       */
      trim(shard: number, through: number): boolean {
        const head = headOf.get(shard);
        if (head === undefined) return false;
        const first = shard * SEQUENCE_SPAN;
        const last = first + Math.min(through, head[1]);
        let end = first;
        let bytes = 0;
        for (const [id, length] of entrySizes.iterate(first, last)) {
          if (bytes > 0 && bytes + length > TRIM_BYTES) break;
          bytes += length;
          end = id;
        }
        if (end === first) return false;
        removeEntries.run(first, end);
        setTrimmed.run(end - first, shard);
        return end < last;
      },

      /** The stored number of shards; stores `requested` if the file has none. */
      fixShardCount(requested: number): number {
        const stored = shardCount.get() as number | undefined;
        if (stored === undefined) insertShardCount.run(requested);
        return stored ?? requested;
      },

      ...snapshots,
      limitPages: (pages: number): void => limitPages(database, pages),
    },
  } satisfies Program;
}

function prepareSnapshots(database: Program['database']) {
  const claimedEpoch = database
    .prepare<[number], number>('select epoch from shards where shard = ?')
    .pluck();
  const snapshotEpoch = database
    .prepare<[number], number>('select epoch from snapshots where shard = ?')
    .pluck();
  const putPart = database.prepare(`
    insert into snapshot_parts (shard, name, epoch, bytes) values (?, ?, ?, ?)
    on conflict do update set epoch = excluded.epoch, bytes = excluded.bytes
    where excluded.epoch > epoch`);
  const missingPart = database
    .prepare<[string, number], string>(`
      select value from json_each(?) where not exists (
        select 1 from snapshot_parts where shard = ? and name = value)`)
    .pluck();
  const putSnapshot = database.prepare(`
    insert or replace into snapshots (shard, epoch, sequence, head, part_names)
    values (?, ?, ?, ?, ?)`);
  // Parts of a newer epoch belong to a snapshot that its owner is about to save.
  const removeParts = database.prepare(`
    delete from snapshot_parts where shard = ? and epoch <= ?
    and name not in (select value from json_each(?))`);
  const putSealedDrop = database.prepare(`
    insert into sealed_drops (drop_id, version, bytes) values (?, ?, ?)
    on conflict do update set version = excluded.version, bytes = excluded.bytes
    where excluded.version >= version`);

  const putSealedPart = database.prepare(`
    insert into sealed_parts (drop_id, name, bytes) values (?, ?, ?)
    on conflict do update set bytes = excluded.bytes`);
  const missingSealedPart = database
    .prepare<[string, string], string>(`
      select value from json_each(?) where not exists (
        select 1 from sealed_parts where drop_id = ? and name = value)`)
    .pluck();
  const removeSealedParts = database.prepare(`
    delete from sealed_parts where drop_id = ? and name not in (select value from json_each(?))`);

  const fence = (shard: number, epoch: number): WriteRefusal => {
    const present = Math.max(claimedEpoch.get(shard) ?? 0, snapshotEpoch.get(shard) ?? 0);
    if (epoch >= present) return null;
    return { code: 'fenced', message: `shard ${shard} is at epoch ${present}, not ${epoch}` };
  };

  return {
    savePart(bytes: Uint8Array, shard: number, epoch: number, name: string): WriteRefusal {
      const fenced = fence(shard, epoch);
      if (fenced === null) putPart.run(shard, name, epoch, bytes);
      return fenced;
    },

    saveSnapshot(
      head: Uint8Array,
      shard: number,
      epoch: number,
      sequence: number,
      partNames: readonly string[],
    ): WriteRefusal {
      const fenced = fence(shard, epoch);
      if (fenced !== null) return fenced;
      const names = JSON.stringify(partNames);
      const missing = missingPart.get(names, shard);
      if (missing !== undefined) {
        return { code: 'corrupt', message: `shard ${shard} has no snapshot part ${missing}` };
      }
      putSnapshot.run(shard, epoch, sequence, head, names);
      removeParts.run(shard, epoch, names);
      return null;
    },

    saveSealedPart(bytes: Uint8Array, dropId: string, name: string): void {
      putSealedPart.run(dropId, name, bytes);
    },

    saveSealedDrop(
      head: Uint8Array,
      dropId: string,
      version: number,
      partNames: readonly string[],
    ): WriteRefusal {
      const names = JSON.stringify(partNames);
      const missing = missingSealedPart.get(names, dropId);
      if (missing !== undefined)
        return { code: 'corrupt', message: `the sealed drop ${dropId} lacks ${missing}` };
      // A drop of a higher version keeps its parts as well.
      if (putSealedDrop.run(dropId, version, head).changes > 0)
        removeSealedParts.run(dropId, names);
      return null;
    },
  };
}
