// The settled generations of rows by user (`user-rows.ts` explains the whole): their list with the
// ranges of their keys, and reads of one user's rows from their runs.

import type { Database, Statement } from 'better-sqlite3';
import { readQuery } from '../thread/read-query.ts';
import {
  CREATED_AT,
  isOwnRow,
  NO_KEY,
  rowIdHash,
  type RowKey,
  rowKey,
  rowLength,
  type RowOwner,
  type RowPlace,
} from './row-pack.ts';
import { firstMergedRunId, firstRunId } from './run-ids.ts';
import {
  type GenerationRow,
  SETTLED_GENERATIONS,
  type SettledGeneration,
  settledGeneration,
} from './settled-generation.ts';

export interface SettledPart {
  readonly generation: SettledGeneration;
  /** The highest key in the given list, of its rows and of the rows of older generations. */
  readonly keyMax: number;
}

interface RunsWanted {
  readonly keyMin: number;
  readonly keyMax: number;
  readonly first: number;
  /** After the last id. */
  readonly end: number;
}
type RunsStatement = Statement<[RunsWanted], Buffer>;

interface MergedRunsWanted extends RunsWanted {
  /** The first id of the merge. */
  readonly start: number;
  readonly rank: number;
}
type MergedRunsStatement = Statement<[MergedRunsWanted], Buffer>;

export class SettledRows {
  readonly #reader: Database;
  readonly #runsByCreatedAt: RunsStatement;
  readonly #runsByNotificationId: RunsStatement;
  readonly #mergedByCreatedAt: MergedRunsStatement;
  readonly #mergedByNotificationId: MergedRunsStatement;
  /** Oldest first. */
  #generations: SettledGeneration[] = [];

  constructor(options: { readonly reader: Database }) {
    this.#reader = options.reader;
    this.#runsByCreatedAt = prepareRuns(options.reader, 'created_at');
    this.#runsByNotificationId = prepareRuns(options.reader, 'notification_id');
    this.#mergedByCreatedAt = prepareMergedRuns(options.reader, 'created_at');
    this.#mergedByNotificationId = prepareMergedRuns(options.reader, 'notification_id');
  }

  /** Generations, each of which a read may look into. */
  get count(): number {
    return this.#generations.length;
  }

  /** The newest generation; 0 for none. */
  get newest(): number {
    return this.#generations.at(-1)?.last ?? 0;
  }

  /** The highest id of all notifications; 0 for none. */
  notificationIdMax(): number {
    return Math.max(0, ...this.#generations.map(({ notificationId }) => notificationId.max));
  }

  /** Adds the newest generation. */
  add(generation: SettledGeneration): void {
    this.#generations.push(generation);
  }

  /** From now on its rows are read from the merge. Idempotent. */
  replace(merged: SettledGeneration): void {
    const others = this.#generations.filter(
      ({ first, last }) => last < merged.first || first > merged.last,
    );
    this.#generations = [...others, merged].sort((a, b) => a.last - b.last);
  }

  /**
   * Loads the generations of the file, at one moment, and returns the positions: list, shard and
   * sequence alternate. Errors: `store-unavailable`.
   */
  load(): number[] {
    const reader = this.#reader;
    const load = reader.transaction(() => ({
      positions: reader
        .prepare<[], number[]>('select list, shard, sequence from rows_positions')
        .raw()
        .all(),
      generations: reader.prepare<[], GenerationRow>(SETTLED_GENERATIONS).all(),
    }));
    const { positions, generations } = readQuery(() => load());
    this.#generations = generations.map(settledGeneration);
    return positions.flat();
  }

  /** The generations with keys in the range, newest first. */
  generations(by: RowKey, keyMin: number, keyMax: number): SettledPart[] {
    const found: SettledPart[] = [];
    let highest = NO_KEY;
    for (const generation of this.#generations) {
      const range = by === CREATED_AT ? generation.createdAt : generation.notificationId;
      if (!range.meets(keyMin, keyMax)) continue;
      highest = Math.max(highest, range.max);
      found.push({ generation, keyMax: highest });
    }
    return found.reverse();
  }

  /**
   * The owner's rows in one generation with keys in the range, the last added first, at most
   * `limit`. With `idHash` only those whose id has that hash. Errors: `store-unavailable`.
   */
  rowsOf(
    owner: RowOwner,
    generation: SettledGeneration,
    by: RowKey,
    keyMin: number,
    keyMax: number,
    limit: number,
    idHash?: number,
  ): RowPlace[] {
    const places: RowPlace[] = [];
    readQuery(() => {
      for (const bytes of this.#runsOf(owner, generation, by, keyMin, keyMax)) {
        const ofRun = rowsOfRun(bytes, owner, by, keyMin, keyMax, idHash);
        for (let i = ofRun.length - 1; i >= 0 && places.length < limit; i--) places.push(ofRun[i]!);
        if (places.length >= limit) break;
      }
    });
    return places;
  }

  #runsOf(
    { bucket, rank }: RowOwner,
    { last, merge }: SettledGeneration,
    by: RowKey,
    keyMin: number,
    keyMax: number,
  ): IterableIterator<Buffer> {
    if (merge !== null) {
      const runs = by === CREATED_AT ? this.#mergedByCreatedAt : this.#mergedByNotificationId;
      const start = firstMergedRunId(merge, 0);
      const first = firstMergedRunId(merge, rank);
      const end = firstMergedRunId(merge, rank + 1);
      return runs.iterate({ start, first, end, rank, keyMin, keyMax });
    }
    const runs = by === CREATED_AT ? this.#runsByCreatedAt : this.#runsByNotificationId;
    const [first, end] = [firstRunId(last, bucket), firstRunId(last, bucket + 1)];
    return runs.iterate({ first, end, keyMin, keyMax });
  }
}

type KeyName = 'created_at' | 'notification_id';

function prepareRuns(reader: Database, key: KeyName): RunsStatement {
  return reader
    .prepare<[RunsWanted], Buffer>(`
      select bytes from rows_settled
      where id >= @first and id < @end and ${key}_min <= @keyMax and ${key}_max >= @keyMin
      order by id desc`)
    .pluck();
}

/** The runs that begin with the rank, and the one before if it reaches the rank. */
function prepareMergedRuns(reader: Database, key: KeyName): MergedRunsStatement {
  return reader
    .prepare<[MergedRunsWanted], Buffer>(`
      select bytes from rows_merged
      where id < @end and rank_last >= @rank and ${key}_min <= @keyMax and ${key}_max >= @keyMin
        and id >= coalesce(
          (select max(id) from rows_merged where id >= @start and id < @first), @first)
      order by id desc`)
    .pluck();
}

function rowsOfRun(
  bytes: Buffer,
  owner: RowOwner,
  by: RowKey,
  keyMin: number,
  keyMax: number,
  idHash: number | undefined,
): RowPlace[] {
  const places: RowPlace[] = [];
  for (let offset = 0; offset < bytes.length; offset += rowLength(bytes, offset)) {
    if (idHash !== undefined && rowIdHash(bytes, offset) !== idHash) continue;
    if (!isOwnRow(bytes, offset, owner)) continue;
    const key = rowKey(bytes, offset, by);
    if (key >= keyMin && key <= keyMax) places.push({ bytes, offset, key });
  }
  return places;
}
