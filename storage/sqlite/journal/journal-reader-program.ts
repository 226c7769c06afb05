// The reader of journal.db, for the bulk reads of recovery and relays. It runs in a thread of its
// own, so that reading megabytes blocks neither the event loop nor the appends. Each group of reads
// is one short transaction, so it never blocks a checkpoint of the write-ahead log for long.

import { openReaderDatabase } from '../thread/database.ts';
import { HEAD_OF_SHARD, type HeadRow, SEQUENCE_SPAN } from './journal-program.ts';
import type { Snapshot } from '../../ports/snapshots.ts';
import type { Program, ProgramOptions } from '../thread/program.ts';

export interface ReadEntries {
  readonly lastSequence: number;
  /** Entries up to this are removed. Given where the first requested entry was not found. */
  readonly trimmed: number;
  /** Rising. The caller checks for gaps. */
  readonly sequences: readonly number[];
  readonly epochs: readonly number[];
  readonly bytes: readonly Uint8Array[];
}

export interface ReadSnapshot {
  readonly sequence: number;
  readonly head: Uint8Array;
  readonly partNames: readonly string[];
  /** In the order of `partNames`; null for a missing part. */
  readonly parts: readonly (Uint8Array | null)[];
}

interface SnapshotRow {
  sequence: number;
  head: Buffer;
  part_names: string;
}

export type JournalReaderHandlers = ReturnType<typeof open>['handlers'];

export function open(options: ProgramOptions) {
  const database = openReaderDatabase(options.file);
  const headOf = database.prepare<[number], HeadRow>(HEAD_OF_SHARD).raw();
  const trimmedOf = database
    .prepare<[number], number>('select trimmed from shards where shard = ?')
    .pluck();
  // `+?`: see `docs/decisions/118-values-that-plan-nothing.md`.
  const entriesAfter = database
    .prepare<[number, number, number], [number, number, Buffer]>(`
      select id % ${SEQUENCE_SPAN}, epoch, bytes from entries
      where id > ? and id < ? order by id limit +?`)
    .raw();
  const snapshotOf = database.prepare<[number], SnapshotRow>(
    'select sequence, head, part_names from snapshots where shard = ?',
  );
  const partOf = database
    .prepare<[number, string], Buffer>(
      'select bytes from snapshot_parts where shard = ? and name = ?',
    )
    .pluck();
  const sealedDrop = database.prepare<[string], { version: number; head: Buffer }>(
    'select version, bytes as head from sealed_drops where drop_id = ?',
  );
  const sealedPart = database
    .prepare<[string, string], Buffer>(
      'select bytes from sealed_parts where drop_id = ? and name = ?',
    )
    .pluck();

  const transfers: ArrayBuffer[] = [];
  /** Transfers the memory of a result to the other thread, if the result owns its memory. */
  const handOver = (bytes: Buffer): Uint8Array => {
    const { buffer } = bytes;
    const own = buffer instanceof ArrayBuffer && buffer.byteLength === bytes.length;
    if (own && bytes.length > 0) transfers.push(buffer);
    return own ? bytes : new Uint8Array(bytes);
  };

  return {
    database,
    begin: 'begin',
    transfers,
    handlers: {
      head: (shard: number): HeadRow => headOf.get(shard) ?? [0, 0],

      trimmed: (shard: number): number => trimmedOf.get(shard) ?? 0,

      read(shard: number, after: number, limit: number): ReadEntries {
        const first = shard * SEQUENCE_SPAN;
        const sequences: number[] = [];
        const epochs: number[] = [];
        const bytes: Uint8Array[] = [];
        for (const row of entriesAfter.iterate(first + after, first + SEQUENCE_SPAN, limit)) {
          sequences.push(row[0]);
          epochs.push(row[1]);
          bytes.push(handOver(row[2]));
        }
        const lastSequence = headOf.get(shard)?.[1] ?? 0;
        const trimmed = sequences[0] === after + 1 ? 0 : (trimmedOf.get(shard) ?? 0);
        return { lastSequence, trimmed, sequences, epochs, bytes };
      },

      loadSnapshot(shard: number): ReadSnapshot | null {
        const row = snapshotOf.get(shard);
        if (row === undefined) return null;
        const partNames = JSON.parse(row.part_names) as string[];
        const parts = partNames.map((name) => {
          const bytes = partOf.get(shard, name);
          return bytes === undefined ? null : handOver(bytes);
        });
        return { sequence: row.sequence, head: handOver(row.head), partNames, parts };
      },

      loadSnapshotHead(shard: number): Snapshot | null {
        const row = snapshotOf.get(shard);
        if (row === undefined) return null;
        const partNames = JSON.parse(row.part_names) as string[];
        return { sequence: row.sequence, head: handOver(row.head), partNames };
      },

      loadSnapshotPart(shard: number, name: string): Uint8Array | null {
        const bytes = partOf.get(shard, name);
        return bytes === undefined ? null : handOver(bytes);
      },

      snapshotSequence: (shard: number): number => snapshotOf.get(shard)?.sequence ?? 0,

      sealedDrop(dropId: string): { version: number; head: Uint8Array } | null {
        const row = sealedDrop.get(dropId);
        return row === undefined ? null : { version: row.version, head: handOver(row.head) };
      },

      sealedPart(dropId: string, name: string): Uint8Array | null {
        const bytes = sealedPart.get(dropId, name);
        return bytes === undefined ? null : handOver(bytes);
      },
    },
  } satisfies Program;
}
