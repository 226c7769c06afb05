// The rows of a settled generation one after the other, by the ranks of their users: what a merge
// reads. Rows of equal ranks come in the order of adding. A run is read when its first row is due,
// so a source has one run of a merged generation in memory, or one bucket of another.

import type { Database, Statement } from 'better-sqlite3';
import { rowLength, rowUserHash } from './row-pack.ts';
import { BUCKET_RANKS, BUCKETS, rankOfHash, firstMergedRunId, firstRunId } from './run-ids.ts';
import type { SettledGeneration } from './settled-generation.ts';

/** The rank of a source without rows. */
export const NO_RANK = Number.POSITIVE_INFINITY;

export interface MergeSource {
  /** The rank of the present row; `NO_RANK` after the last row. */
  readonly rank: number;
  /** The place of the present row. */
  readonly bytes: Buffer;
  readonly offset: number;
  readonly length: number;
  next(): void;
}

const NO_BYTES = Buffer.alloc(0);
/** Above the rows of one bucket in one generation (`run-ids.ts`). */
const ROWS_OF_A_BUCKET_MAX = 1 << 22;

/** Begins with the first row of `rank` or above. */
export function openSource(
  database: Database,
  generation: SettledGeneration,
  rank: number,
): MergeSource {
  if (generation.merge === null) return new GenerationSource(database, generation.last, rank);
  return new MergedSource(database, generation.merge, rank);
}

/** A generation with runs of its own, which are in order by their bucket only. */
class GenerationSource implements MergeSource {
  rank = NO_RANK;
  bytes: Buffer = NO_BYTES;
  offset = 0;
  length = 0;
  readonly #runs: Statement<[number, number], Buffer>;
  readonly #generation: number;
  readonly #rankFrom: number;
  #nextBucket: number;
  /** The rows of the present bucket in the order of adding. */
  #runOf: Buffer[] = [];
  #offsets: number[] = [];
  /** Their ranks and numbers in this order, each pair as one number, sorted. */
  #ranked = new Float64Array(0);
  #at = 0;

  constructor(database: Database, generation: number, rankFrom: number) {
    this.#runs = database
      .prepare<[number, number], Buffer>(
        'select bytes from rows_settled where id >= ? and id < ? order by id',
      )
      .pluck();
    this.#generation = generation;
    this.#rankFrom = rankFrom;
    this.#nextBucket = Math.floor(rankFrom / BUCKET_RANKS);
    this.next();
  }

  next(): void {
    while (this.#at === this.#ranked.length) {
      if (this.#nextBucket === BUCKETS) {
        this.rank = NO_RANK;
        return;
      }
      this.#readBucket(this.#nextBucket++);
    }
    const ranked = this.#ranked[this.#at++]!;
    const row = ranked % ROWS_OF_A_BUCKET_MAX;
    this.rank = (ranked - row) / ROWS_OF_A_BUCKET_MAX;
    this.bytes = this.#runOf[row]!;
    this.offset = this.#offsets[row]!;
    this.length = rowLength(this.bytes, this.offset);
  }

  #readBucket(bucket: number): void {
    const ranked: number[] = [];
    const offsets: number[] = [];
    const runOf: Buffer[] = [];
    const [first, end] = [
      firstRunId(this.#generation, bucket),
      firstRunId(this.#generation, bucket + 1),
    ];
    for (const run of this.#runs.all(first, end)) {
      for (let offset = 0; offset < run.length; offset += rowLength(run, offset)) {
        const rank = rankOfHash(rowUserHash(run, offset));
        if (rank < this.#rankFrom) continue;
        ranked.push(rank * ROWS_OF_A_BUCKET_MAX + offsets.length);
        offsets.push(offset);
        runOf.push(run);
      }
    }
    // A typed array is sorted as numbers, without a call for each comparison.
    this.#ranked = Float64Array.from(ranked).sort();
    this.#offsets = offsets;
    this.#runOf = runOf;
    this.#at = 0;
  }
}

interface Run {
  readonly id: number;
  readonly bytes: Buffer;
}

/** A merged generation, whose runs are in order. */
class MergedSource implements MergeSource {
  rank = NO_RANK;
  bytes: Buffer = NO_BYTES;
  offset = 0;
  length = 0;
  readonly #nextRun: Statement<[number, number], Run>;
  readonly #end: number;
  #nextId: number;

  constructor(database: Database, merge: number, rankFrom: number) {
    this.#nextRun = database.prepare(
      'select id, bytes from rows_merged where id >= ? and id < ? order by id limit 1',
    );
    // The rank may begin in the run before.
    const before = database
      .prepare<[number, number], number | null>(
        'select max(id) from rows_merged where id >= ? and id < ?',
      )
      .pluck();
    const first = firstMergedRunId(merge, 0);
    this.#nextId = before.get(first, firstMergedRunId(merge, rankFrom)) ?? first;
    this.#end = firstMergedRunId(merge + 1, 0);
    this.next();
    while (this.rank < rankFrom) this.next();
  }

  next(): void {
    this.offset += this.length;
    if (this.offset === this.bytes.length) this.#readRun();
    if (this.bytes.length === 0) {
      this.rank = NO_RANK;
      return;
    }
    this.rank = rankOfHash(rowUserHash(this.bytes, this.offset));
    this.length = rowLength(this.bytes, this.offset);
  }

  #readRun(): void {
    const run = this.#nextRun.get(this.#nextId, this.#end);
    this.bytes = run?.bytes ?? NO_BYTES;
    this.offset = 0;
    this.length = 0;
    if (run !== undefined) this.#nextId = run.id + 1;
  }
}
