// What the projections' thread does to rows kept by user (`user-rows.ts` has the whole picture):
// keeps packs, and settles a generation of them, a slice of buckets at a time so that no
// transaction is long.

import type { Database } from 'better-sqlite3';
import { RecentRows } from './recent-rows.ts';
import { BUCKETS, rowKey } from './row-pack.ts';

/** Rows in one settled run at most: what one busy user has in a generation is cut into several. */
const RUN_ROWS_MAX = 256;
const RUN_BYTES_FIRST = 32 << 10;
/** Runs of one bucket in one generation: four million rows, many times what a generation holds. */
const RUNS_PER_BUCKET = 1 << 14;

export type RowsName = 'orders' | 'notifications';

/**
 * The ids of a bucket's runs in a generation go from here, in the order their rows were added, to
 * the next bucket's first.
 */
export function firstRunId(generation: number, bucket: number): number {
  return (generation * BUCKETS + bucket) * RUNS_PER_BUCKET;
}

export function userRowsSchema(name: RowsName): string {
  return `
  create table ${name}_recent (
    number integer primary key,
    generation integer not null,
    bytes blob not null
  ) strict;
  create table ${name}_settled (
    id integer primary key,
    key_min real not null,
    key_max real not null,
    bytes blob not null
  ) strict;
  create table ${name}_generations (
    generation integer primary key,
    key_min real not null,
    key_max real not null
  ) strict;
  create table ${name}_positions (
    shard integer primary key,
    sequence integer not null
  ) strict;
  `;
}

export class UserRowsWriter {
  readonly #keepPack;
  readonly #movePosition;
  readonly #packsOf;
  readonly #putRun;
  readonly #removePacks;
  readonly #addGeneration;
  /** Where runs are put together; it grows to the longest, which `RUN_ROWS_MAX` bounds. */
  #run = Buffer.alloc(RUN_BYTES_FIRST);
  /** The generation being settled. */
  #settling: RecentRows | null = null;

  constructor(options: { readonly database: Database; readonly name: RowsName }) {
    const { database, name } = options;
    this.#keepPack = database.prepare(
      `insert into ${name}_recent (generation, bytes) values (?, ?)`,
    );
    this.#movePosition = database.prepare(
      `insert or replace into ${name}_positions (shard, sequence) values (?, ?)`,
    );
    this.#packsOf = database
      .prepare<[number], Buffer>(
        `select bytes from ${name}_recent where generation = ? order by number`,
      )
      .pluck();
    this.#putRun = database.prepare(
      `insert or replace into ${name}_settled (id, key_min, key_max, bytes) values (?, ?, ?, ?)`,
    );
    this.#removePacks = database.prepare(`delete from ${name}_recent where generation = ?`);
    this.#addGeneration = database.prepare(
      `insert into ${name}_generations (generation, key_min, key_max) values (?, ?, ?)`,
    );
  }

  /** `positions`: shard and sequence in turns. */
  keep(pack: Uint8Array, generation: number, positions: readonly number[]): void {
    if (this.#settling?.generation === generation) this.#settling = null;
    if (pack.length > 0) this.#keepPack.run(generation, pack);
    for (let i = 0; i < positions.length; i += 2) {
      this.#movePosition.run(positions[i], positions[i + 1]);
    }
  }

  /**
   * Writes the runs of some buckets. Nobody reads them before the generation is finished, and
   * writing them again is harmless.
   */
  settle(generation: number, bucketFrom: number, bucketTo: number): void {
    const rows = this.#load(generation);
    for (let bucket = bucketFrom; bucket < bucketTo; bucket++) {
      const ofBucket = rows.rowsOfBucket(bucket);
      const first = firstRunId(generation, bucket);
      for (let i = 0; i < ofBucket.length; i += RUN_ROWS_MAX) {
        this.#writeRun(first + i / RUN_ROWS_MAX, rows, ofBucket.slice(i, i + RUN_ROWS_MAX));
      }
    }
  }

  /** From here on the generation's rows are read from its runs. */
  finish(generation: number): void {
    const { keyMin, keyMax } = this.#load(generation);
    this.#addGeneration.run(generation, keyMin, keyMax);
    this.#removePacks.run(generation);
    this.#settling = null;
  }

  forget(): void {
    this.#settling = null;
  }

  #load(generation: number): RecentRows {
    if (this.#settling?.generation === generation) return this.#settling;
    const rows = new RecentRows({ generation });
    for (const pack of this.#packsOf.all(generation)) rows.add(pack);
    this.#settling = rows;
    return rows;
  }

  #writeRun(id: number, rows: RecentRows, numbers: readonly number[]): void {
    let keyMin = Number.POSITIVE_INFINITY;
    let keyMax = Number.NEGATIVE_INFINITY;
    let length = 0;
    for (const row of numbers) {
      const start = length;
      length = rows.copyRow(row, this.#run, start);
      if (length > this.#run.length) {
        this.#run = Buffer.concat([this.#run], length * 2);
        rows.copyRow(row, this.#run, start);
      }
      const key = rowKey(this.#run, start);
      if (key < keyMin) keyMin = key;
      if (key > keyMax) keyMax = key;
    }
    this.#putRun.run(id, keyMin, keyMax, this.#run.subarray(0, length));
  }
}
