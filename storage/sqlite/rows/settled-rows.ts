// The settled generations of rows by user (`user-rows.ts` explains the whole): their list with the
// ranges of their keys, and reads of one user's rows from their runs.

import type { Database, Statement } from 'better-sqlite3';
import { readQuery } from '../thread/read-query.ts';
import {
  CREATED_AT,
  isOwnRow,
  KeyRange,
  NO_KEY,
  type RowKey,
  rowKey,
  rowLength,
  type RowOwner,
  type RowPlace,
} from './row-pack.ts';
import { firstRunId } from './user-rows-statements.ts';

interface Generation {
  readonly generation: number;
  readonly createdAt: KeyRange;
  readonly notificationId: KeyRange;
}

interface GenerationRow {
  readonly generation: number;
  readonly created_at_min: number;
  readonly created_at_max: number;
  readonly notification_id_min: number;
  readonly notification_id_max: number;
}

export interface SettledGeneration {
  readonly generation: number;
  /** The highest key in the given list, of its rows and of the rows of older generations. */
  readonly keyMax: number;
}

type RunsStatement = Statement<[number, number, number, number], Buffer>;

export class SettledRows {
  readonly #reader: Database;
  readonly #runsByCreatedAt: RunsStatement;
  readonly #runsByNotificationId: RunsStatement;
  /** Oldest first. */
  #generations: Generation[] = [];

  constructor(options: { readonly reader: Database }) {
    this.#reader = options.reader;
    this.#runsByCreatedAt = prepareRuns(options.reader, 'created_at');
    this.#runsByNotificationId = prepareRuns(options.reader, 'notification_id');
  }

  /** The newest generation; 0 for none. */
  get newest(): number {
    return this.#generations.at(-1)?.generation ?? 0;
  }

  /** The highest id of all notifications; 0 for none. */
  notificationIdMax(): number {
    return Math.max(0, ...this.#generations.map(({ notificationId }) => notificationId.max));
  }

  /** Adds the newest generation. */
  add({ generation, createdAt, notificationId }: Generation): void {
    this.#generations.push({ generation, createdAt, notificationId });
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
      generations: reader
        .prepare<[], GenerationRow>('select * from rows_generations order by generation')
        .all(),
    }));
    const { positions, generations } = readQuery(() => load());
    this.#generations = generations.map((row) => ({
      generation: row.generation,
      createdAt: new KeyRange(row.created_at_min, row.created_at_max),
      notificationId: new KeyRange(row.notification_id_min, row.notification_id_max),
    }));
    return positions.flat();
  }

  /** The generations with keys in the range, newest first. */
  generations(by: RowKey, keyMin: number, keyMax: number): SettledGeneration[] {
    const found: SettledGeneration[] = [];
    let highest = NO_KEY;
    for (const { generation, createdAt, notificationId } of this.#generations) {
      const range = by === CREATED_AT ? createdAt : notificationId;
      if (!range.meets(keyMin, keyMax)) continue;
      highest = Math.max(highest, range.max);
      found.push({ generation, keyMax: highest });
    }
    return found.reverse();
  }

  /**
   * The owner's rows in one generation with keys in the range, the last added first, at most
   * `limit`. Errors: `store-unavailable`.
   */
  rowsOf(
    owner: RowOwner,
    generation: number,
    by: RowKey,
    keyMin: number,
    keyMax: number,
    limit: number,
  ): RowPlace[] {
    const runs = by === CREATED_AT ? this.#runsByCreatedAt : this.#runsByNotificationId;
    const first = firstRunId(generation, owner.bucket);
    const end = firstRunId(generation, owner.bucket + 1);
    const places: RowPlace[] = [];
    readQuery(() => {
      for (const bytes of runs.iterate(first, end, keyMax, keyMin)) {
        const ofRun = rowsOfRun(bytes, owner, by, keyMin, keyMax);
        for (let i = ofRun.length - 1; i >= 0 && places.length < limit; i--) places.push(ofRun[i]!);
        if (places.length >= limit) break;
      }
    });
    return places;
  }
}

function prepareRuns(reader: Database, key: 'created_at' | 'notification_id'): RunsStatement {
  return reader
    .prepare<[number, number, number, number], Buffer>(`
      select bytes from rows_settled
      where id >= ? and id < ? and ${key}_min <= ? and ${key}_max >= ? order by id desc`)
    .pluck();
}

function rowsOfRun(
  bytes: Buffer,
  owner: RowOwner,
  by: RowKey,
  keyMin: number,
  keyMax: number,
): RowPlace[] {
  const places: RowPlace[] = [];
  for (let offset = 0; offset < bytes.length; offset += rowLength(bytes, offset)) {
    if (!isOwnRow(bytes, offset, owner)) continue;
    const key = rowKey(bytes, offset, by);
    if (key >= keyMin && key <= keyMax) places.push({ bytes, offset, key });
  }
  return places;
}
