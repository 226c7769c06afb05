// Writes the runs of a merge. Rows come in the order of their users' ranks, and the rows of a user
// in the order of adding. A run ends between two ranks if it can. The rows of a rank that fill more
// than a run get runs of their own, so that a merge can begin that rank again. No run has rows of
// two buckets, so that scans can read the buckets one by one.

import type { Database } from 'better-sqlite3';
import { assert } from '../../../domain/assert.ts';
import { CREATED_AT, KeyRange, NOTIFICATION_ID, rowKey, rowLength } from './row-pack.ts';
import { BUCKET_RANKS, firstMergedRunId, RUNS_PER_RANK } from './run-ids.ts';
import { rangeValues } from './settled-generation.ts';

/** A read of one user's rows copies and searches one run: about 40 rows. */
const RUN_BYTES = 4096;
/** The runs of a rank with very many rows grow, each by `RUN_BYTES`, up to this many times that. */
const RUN_GROWTH_MAX = 256;
const NONE = -1;

export class MergeRuns {
  readonly #merge: number;
  readonly #insert;
  #bytes = Buffer.alloc(2 * RUN_BYTES);
  #length = 0;
  /** Where the rows of the last rank begin. */
  #lastRankAt = 0;
  #rankFirst = NONE;
  #rankBefore = NONE;
  #rankLast = NONE;
  /** Of the newest written run. */
  #writtenRank = NONE;
  #writtenNumber = 0;

  constructor(options: { readonly database: Database; readonly merge: number }) {
    this.#merge = options.merge;
    this.#insert = options.database.prepare(`
      insert into rows_merged (id, rank_last,
        created_at_min, created_at_max, notification_id_min, notification_id_max, bytes)
      values (?, ?, ?, ?, ?, ?, ?)`);
  }

  /** Copies the row at `offset`. */
  add(source: Buffer, offset: number, length: number, rank: number): void {
    if (rank !== this.#rankLast) this.#beginRank(rank);
    else if (this.#length >= this.#bytesMax()) this.#writeUntil(this.#lastRankAt || this.#length);
    const end = this.#length + length;
    if (end > this.#bytes.length) this.#bytes = Buffer.concat([this.#bytes], end * 2);
    source.copy(this.#bytes, this.#length, offset, offset + length);
    this.#length = end;
  }

  /** Writes all rows. Those of `unfinished`, a rank with rows to come, get a run of their own. */
  flush(unfinished: number | null): void {
    if (unfinished === this.#rankLast && this.#lastRankAt > 0) this.#writeUntil(this.#lastRankAt);
    if (this.#length > 0) this.#writeUntil(this.#length);
  }

  #beginRank(rank: number): void {
    const sameBucket =
      Math.floor(rank / BUCKET_RANKS) === Math.floor(this.#rankLast / BUCKET_RANKS);
    if (this.#length >= RUN_BYTES || (!sameBucket && this.#length > 0)) {
      this.#writeUntil(this.#length);
    }
    if (this.#length === 0) this.#rankFirst = rank;
    this.#lastRankAt = this.#length;
    this.#rankBefore = this.#rankLast;
    this.#rankLast = rank;
  }

  #bytesMax(): number {
    return RUN_BYTES * Math.min(this.#nextNumber() + 1, RUN_GROWTH_MAX);
  }

  /** The number of the next run among those that begin with its rank. */
  #nextNumber(): number {
    return this.#rankFirst === this.#writtenRank ? this.#writtenNumber + 1 : 0;
  }

  /** Writes the rows before `end`. What remains are rows of the last rank. */
  #writeUntil(end: number): void {
    const rankLast = end === this.#length ? this.#rankLast : this.#rankBefore;
    this.#writtenNumber = this.#nextNumber();
    this.#writtenRank = this.#rankFirst;
    assert(this.#writtenNumber < RUNS_PER_RANK, 'a rank has not too many runs');
    const id = firstMergedRunId(this.#merge, this.#rankFirst) + this.#writtenNumber;
    const run = this.#bytes.subarray(0, end);
    const ranges = rangeValues(rangesOf(run));
    this.#insert.run(id, rankLast, ...ranges, run);
    this.#bytes.copyWithin(0, end, this.#length);
    this.#length -= end;
    this.#lastRankAt = 0;
    this.#rankFirst = this.#rankLast;
  }
}

function rangesOf(run: Buffer): { createdAt: KeyRange; notificationId: KeyRange } {
  const createdAt = new KeyRange();
  const notificationId = new KeyRange();
  for (let offset = 0; offset < run.length; offset += rowLength(run, offset)) {
    createdAt.add(rowKey(run, offset, CREATED_AT));
    notificationId.add(rowKey(run, offset, NOTIFICATION_ID));
  }
  return { createdAt, notificationId };
}
