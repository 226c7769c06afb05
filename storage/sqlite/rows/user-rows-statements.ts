// The statements of the projections' thread for rows by user (`user-rows.ts` explains the whole).
// They append packs to the log of their generation, and settle a generation, one slice of buckets
// at a time, so that no transaction is long.

import type { Database } from 'better-sqlite3';
import { RecentRows } from './recent-rows.ts';
import { readRowLog, RowLogs } from './row-log.ts';
import { CREATED_AT, KeyRange, NOTIFICATION_ID, rowKey } from './row-pack.ts';
import { firstRunId } from './run-ids.ts';
import { GENERATION_READABLE, rangeValues, SETTLED_GENERATIONS } from './settled-generation.ts';

/** Most rows of a settled run: the rows of a busy user in a generation are several runs. */
const RUN_ROWS_MAX = 256;
const RUN_BYTES_FIRST = 32 << 10;
/** A range of keys is empty if the maximum is below the minimum. */
export const USER_ROWS_SCHEMA = `
  create table rows_settled (
    id integer primary key,
    created_at_min real not null,
    created_at_max real not null,
    notification_id_min real not null,
    notification_id_max real not null,
    bytes blob not null
  ) strict;
  create table rows_generations (
    generation integer primary key,
    created_at_min real not null,
    created_at_max real not null,
    notification_id_min real not null,
    notification_id_max real not null
  ) strict;
  create table rows_positions (
    list integer not null,
    shard integer not null,
    sequence integer not null,
    primary key (list, shard)
  ) strict, without rowid;
  `;

/** A generation that is being settled. */
interface Settling {
  readonly rows: RecentRows;
  /** List, shard and sequence alternate; the last of a list and shard counts. */
  readonly positions: readonly number[];
}

export class UserRowsWriter {
  readonly #file: string;
  readonly #logs: RowLogs;
  readonly #movePosition;
  readonly #putRun;
  readonly #addGeneration;
  /** The buffer in which runs are built. `RUN_ROWS_MAX` bounds its growth. */
  #run = Buffer.alloc(RUN_BYTES_FIRST);
  #settling: Settling | null = null;

  constructor(options: { readonly database: Database; readonly file: string }) {
    const { database, file } = options;
    const settled = database
      .prepare<[], number>(`select coalesce(max(last), 0) from (${SETTLED_GENERATIONS})`)
      .pluck();
    this.#file = file;
    this.#logs = new RowLogs({ databaseFile: file, settled: settled.get()! });
    this.#movePosition = database.prepare(
      'insert or replace into rows_positions (list, shard, sequence) values (?, ?, ?)',
    );
    this.#putRun = database.prepare(
      'insert or replace into rows_settled values (?, ?, ?, ?, ?, ?)',
    );
    this.#addGeneration = database.prepare(
      `insert into rows_generations values (?, ?, ?, ?, ?, ${GENERATION_READABLE})`,
    );
  }

  /** `positions`: list, shard and sequence alternate. */
  append(pack: Uint8Array, generation: number, positions: readonly number[]): void {
    if (this.#settling?.rows.generation === generation) this.#settling = null;
    this.#logs.append(generation, positions, pack);
  }

  /**
   * Writes the runs of some buckets. They are not read before `finish`, and may be written again.
   */
  settle(generation: number, bucketFrom: number, bucketTo: number): void {
    const { rows } = this.#load(generation);
    for (let bucket = bucketFrom; bucket < bucketTo; bucket++) {
      const ofBucket = rows.rowsOfBucket(bucket);
      const first = firstRunId(generation, bucket);
      for (let i = 0; i < ofBucket.length; i += RUN_ROWS_MAX) {
        this.#writeRun(first + i / RUN_ROWS_MAX, rows, ofBucket.slice(i, i + RUN_ROWS_MAX));
      }
    }
  }

  /** From now on the generation's rows are read from its runs. */
  finish(generation: number): void {
    const { rows, positions } = this.#load(generation);
    for (let i = 0; i < positions.length; i += 3) {
      this.#movePosition.run(positions[i], positions[i + 1], positions[i + 2]);
    }
    this.#addGeneration.run(generation, ...rangeValues(rows));
    this.#settling = null;
  }

  /** Call it once the finished generation survives a power failure. */
  removeLog(generation: number): void {
    this.#logs.remove(generation);
  }

  sync(): void {
    this.#logs.sync();
  }

  clear(): void {
    this.#settling = null;
  }

  limitBytes(bytes: number): void {
    this.#logs.limitBytes(bytes);
  }

  #load(generation: number): Settling {
    if (this.#settling?.rows.generation === generation) return this.#settling;
    const rows = new RecentRows({ generation });
    const positions = new Map<number, number[]>();
    for (const record of readRowLog(this.#file, generation) ?? []) {
      if (record.pack.length > 0) rows.add(record.pack);
      const moved = record.positions;
      for (let i = 0; i < moved.length; i += 3) {
        const [list, shard, sequence] = [moved[i]!, moved[i + 1]!, moved[i + 2]!];
        positions.set(shard * 2 + list, [list, shard, sequence]);
      }
    }
    this.#settling = { rows, positions: [...positions.values()].flat() };
    return this.#settling;
  }

  #writeRun(id: number, rows: RecentRows, numbers: readonly number[]): void {
    const createdAt = new KeyRange();
    const notificationId = new KeyRange();
    let length = 0;
    for (const row of numbers) {
      const start = length;
      length = rows.copyRow(row, this.#run, start);
      if (length > this.#run.length) {
        this.#run = Buffer.concat([this.#run], length * 2);
        rows.copyRow(row, this.#run, start);
      }
      createdAt.add(rowKey(this.#run, start, CREATED_AT));
      notificationId.add(rowKey(this.#run, start, NOTIFICATION_ID));
    }
    const ranges = rangeValues({ createdAt, notificationId });
    this.#putRun.run(id, ...ranges, this.#run.subarray(0, length));
  }
}
