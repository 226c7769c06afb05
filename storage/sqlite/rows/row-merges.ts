// Merges settled generations, in the thread of projections.db, one bounded slice in each call
// (`merge-plan.ts` says which). A merge writes runs of its own. With its last slice it becomes
// readable and replaces its sources, in one transaction; their runs are deleted afterwards, in
// slices again. So a reader sees a row once at each moment, and a crash at any point costs at most
// the slice. A merge that was interrupted goes on from its stored rank.

import type { Database } from 'better-sqlite3';
import { assert } from '../../../domain/assert.ts';
import { nextMerge } from './merge-plan.ts';
import { MergeRuns } from './merge-runs.ts';
import { type MergeSource, NO_RANK, openSource } from './merge-sources.ts';
import { KeyRange } from './row-pack.ts';
import { firstMergedRunId, firstRunId, MERGE_ID_MAX } from './run-ids.ts';
import {
  GENERATION_REPLACED,
  type GenerationRow,
  generationRow,
  MERGE_READABLE,
  MERGE_REPLACED,
  MERGE_RUNS,
  RANGE_COLUMNS,
  rangeValues,
  SETTLED_GENERATIONS,
  type SettledGeneration,
  settledGeneration,
} from './settled-generation.ts';

/**
 * `next_rank`: the rows of all lower ranks are in the merge's runs. `rank_last`: the highest rank
 * in a run; the lowest is in its id (`run-ids.ts`).
 */
export const ROW_MERGES_SCHEMA = `
  alter table rows_generations add column state integer not null default 0;
  create table rows_merges (
    id integer primary key,
    generation_first integer not null,
    generation_last integer not null,
    state integer not null,
    next_rank integer not null,
    ${RANGE_COLUMNS}
  ) strict;
  create table rows_merged (
    id integer primary key,
    rank_last integer not null,
    ${RANGE_COLUMNS},
    bytes blob not null
  ) strict;
  `;

/** Deleted runs cost about as much as this many rows that are merged. */
const ROWS_OF_A_DELETED_RUN = 8;

/** What a slice did; `finished` is the merge that became readable with it. */
export interface MergeStep {
  readonly finished: GenerationRow | null;
}

interface Merge {
  readonly id: number;
  readonly sources: readonly SettledGeneration[];
  readonly rows: readonly MergeSource[];
  readonly runs: MergeRuns;
}

interface MergeRow {
  readonly id: number;
  readonly generation_first: number;
  readonly generation_last: number;
  readonly next_rank: number;
}

export class RowMerges {
  readonly #database: Database;
  readonly #settled;
  readonly #running;
  readonly #begin;
  readonly #saveRank;
  readonly #makeReadable;
  readonly #replaceGenerations;
  readonly #replaceMerges;
  /** The merge under way, as the last slice left it. */
  #merge: Merge | null = null;

  constructor(options: { readonly database: Database }) {
    const { database } = options;
    this.#database = database;
    this.#settled = database.prepare<[], GenerationRow>(SETTLED_GENERATIONS);
    this.#running = database.prepare<[], MergeRow>(
      `select * from rows_merges where state = ${MERGE_RUNS}`,
    );
    this.#begin = database.prepare(
      `insert into rows_merges values (?, ?, ?, ${MERGE_RUNS}, 0, ?, ?, ?, ?)`,
    );
    this.#saveRank = database.prepare('update rows_merges set next_rank = ? where id = ?');
    this.#makeReadable = database.prepare(
      `update rows_merges set state = ${MERGE_READABLE} where id = ?`,
    );
    this.#replaceGenerations = database.prepare(
      `update rows_generations set state = ${GENERATION_REPLACED} where generation between ? and ?`,
    );
    this.#replaceMerges = database.prepare(`
      update rows_merges set state = ${MERGE_REPLACED}
      where state = ${MERGE_READABLE} and generation_first >= ? and generation_last <= ?`);
  }

  /**
   * Deletes runs that were replaced, or merges about `rowsMax` rows. Null if nothing is left to do.
   * Readers must have been told of the finished merge before the next call, which may delete what
   * it replaced.
   */
  slice(rowsMax: number): MergeStep | null {
    if (deleteReplaced(this.#database, Math.ceil(rowsMax / ROWS_OF_A_DELETED_RUN))) {
      return { finished: null };
    }
    this.#merge ??= this.#resume() ?? this.#start();
    if (this.#merge === null) return null;
    const rank = copyRows(this.#merge, rowsMax);
    this.#merge.runs.flush(rank);
    if (rank !== NO_RANK) {
      this.#saveRank.run(rank, this.#merge.id);
      return { finished: null };
    }
    return { finished: generationRow(this.#finish(this.#merge)) };
  }

  /** The transaction of the last slice was rolled back. */
  clear(): void {
    this.#merge = null;
  }

  #finish({ id, sources }: Merge): SettledGeneration {
    const finished = spanOf(id, sources);
    this.#replaceGenerations.run(finished.first, finished.last);
    this.#replaceMerges.run(finished.first, finished.last);
    this.#makeReadable.run(id);
    this.#merge = null;
    return finished;
  }

  #start(): Merge | null {
    const sources = nextMerge(this.#settled.all().map(settledGeneration));
    if (sources === null) return null;
    const id = freeId(this.#database);
    const { first, last, ...ranges } = spanOf(id, sources);
    this.#begin.run(id, first, last, ...rangeValues(ranges));
    return this.#open(id, sources, 0);
  }

  #resume(): Merge | null {
    const row = this.#running.get();
    if (row === undefined) return null;
    const sources = this.#settled
      .all()
      .map(settledGeneration)
      .filter(({ first, last }) => first >= row.generation_first && last <= row.generation_last);
    // The rows of this rank may be there in part.
    this.#database
      .prepare('delete from rows_merged where id >= ? and id < ?')
      .run(firstMergedRunId(row.id, row.next_rank), firstMergedRunId(row.id + 1, 0));
    return this.#open(row.id, sources, row.next_rank);
  }

  #open(id: number, sources: readonly SettledGeneration[], rank: number): Merge {
    const database = this.#database;
    const rows = sources.map((generation) => openSource(database, generation, rank));
    return { id, sources, rows, runs: new MergeRuns({ database, merge: id }) };
  }
}

/** Copies at most `rowsMax` rows; returns the rank of the next one, `NO_RANK` after the last. */
function copyRows({ rows, runs }: Merge, rowsMax: number): number {
  let copied = 0;
  for (;;) {
    let rank = NO_RANK;
    for (const source of rows) if (source.rank < rank) rank = source.rank;
    if (rank === NO_RANK || copied >= rowsMax) return rank;
    // Oldest first, so the rows of a rank stay in the order of adding.
    for (const source of rows) {
      while (source.rank === rank && copied < rowsMax) {
        runs.add(source.bytes, source.offset, source.length, rank);
        source.next();
        copied += 1;
      }
    }
  }
}

/** Deletes at most `runsMax` replaced runs. False if there is nothing to delete. */
function deleteReplaced(database: Database, runsMax: number): boolean {
  const merge = database
    .prepare<[], number>(`select id from rows_merges where state = ${MERGE_REPLACED} limit 1`)
    .pluck()
    .get();
  if (merge !== undefined) {
    const [first, end] = [firstMergedRunId(merge, 0), firstMergedRunId(merge + 1, 0)];
    if (!deleteRuns(database, 'rows_merged', first, end, runsMax)) {
      database.prepare('delete from rows_merges where id = ?').run(merge);
    }
    return true;
  }
  const generation = database
    .prepare<[], number>(
      `select generation from rows_generations where state = ${GENERATION_REPLACED} limit 1`,
    )
    .pluck()
    .get();
  if (generation === undefined) return false;
  const [first, end] = [firstRunId(generation, 0), firstRunId(generation + 1, 0)];
  if (!deleteRuns(database, 'rows_settled', first, end, runsMax)) {
    database.prepare('delete from rows_generations where generation = ?').run(generation);
  }
  return true;
}

/** Deletes at most `runsMax` runs with these ids. False if none is left. */
function deleteRuns(
  database: Database,
  table: 'rows_settled' | 'rows_merged',
  first: number,
  end: number,
  runsMax: number,
): boolean {
  const { changes } = database
    .prepare(`
      delete from ${table} where id in (
        select id from ${table} where id >= ? and id < ? order by id limit ?)`)
    .run(first, end, runsMax);
  return changes === runsMax;
}

/** Above the other ids, so that runs are appended to their table, as long as there are such ids. */
function freeId(database: Database): number {
  const ids = database.prepare<[], number>('select id from rows_merges order by id').pluck().all();
  const newest = ids.at(-1) ?? 0;
  if (newest < MERGE_ID_MAX) return newest + 1;
  const gap = ids.findIndex((id, i) => id !== i + 1);
  assert(gap >= 0, 'some id of a merge is free');
  return gap + 1;
}

function spanOf(merge: number, sources: readonly SettledGeneration[]): SettledGeneration {
  const createdAt = new KeyRange();
  const notificationId = new KeyRange();
  for (const source of sources) {
    createdAt.addRange(source.createdAt);
    notificationId.addRange(source.notificationId);
  }
  const [first, last] = [sources[0]!.first, sources.at(-1)!.last];
  return { first, last, merge, createdAt, notificationId };
}
