// Rows by user, for projections with tens of thousands of new rows and a few hundred reads a
// second.
//
// A batch becomes one pack: one record in the log of its generation, with its positions
// (`row-log.ts`), and the same bytes in memory, indexed by user (`recent-rows.ts`). A generation
// with enough rows is settled: its rows are grouped by user bucket into runs, one SQLite row each,
// in the order of generation and bucket, so that all writes are appends. Settled generations are
// merged in the background, so that at most eight remain (`merge-plan.ts`). Rows never change; a
// newer version is a new row of the same id. A read of a user's rows follows the chains in memory,
// then makes one lookup in each settled generation, newest first, as far as needed.
//
// One row serves two lists, each by a key of its own: the order list, and the feed of the buyers'
// notifications.
//
// All rows in memory are on the disk as well. When the outcome of a write is unknown, memory is
// loaded again from the files.

import type { Database } from 'better-sqlite3';
import { StoreUnavailableError } from '../../ports/journal.ts';
import { type Pace, UNPACED } from '../../ports/pace.ts';
import type { ProjectionBatch } from '../../ports/projection.ts';
import type { ProjectionsHandlers } from './projections-program.ts';
import { RecentRows } from './recent-rows.ts';
import { NOTIFICATIONS, ORDERS, readRowLog, type RowList } from './row-log.ts';
import { type RowKey, type RowOwner, type RowPlace } from './row-pack.ts';
import { BUCKETS } from './run-ids.ts';
import { GENERATIONS_MAX } from './merge-plan.ts';
import { RowMerger } from './row-merger.ts';
import type { SettledGeneration } from './settled-generation.ts';
import { type SettledPart, SettledRows } from './settled-rows.ts';
import type { SqliteThread } from '../thread/thread.ts';

const SETTLE_ROWS = 65_536;
/** Buckets settled in one transaction: a few milliseconds of work. */
const SETTLE_BUCKETS = 64;
/** Rows merged in one transaction: a millisecond or two of work, which rows of orders wait for. */
const MERGE_SLICE_ROWS = 1024;
/**
 * Generations that may wait for the end of a sale before they are merged, beside those that stay:
 * a million orders. Each is one look-up more of a read of a user's rows.
 */
const GENERATIONS_DEFERRED_MAX = 16;
/**
 * While one generation is settled, the next may grow to this many times its size. Then writers
 * wait.
 */
const RECENT_GENERATIONS_MAX = 4;
/** Writes that may be queued. */
const TURNS_MAX = 256;

export interface ProjectionsDatabase {
  readonly writer: SqliteThread<ProjectionsHandlers>;
  readonly reader: Database;
  /** Rows of a generation that is settled; small values are for tests. */
  readonly settleRows?: number;
  /** The pace of merging; `UNPACED` unless given. */
  readonly mergePace?: Pace;
}

export class UserRows {
  readonly #writer: SqliteThread<ProjectionsHandlers>;
  readonly #settleRows: number;
  readonly #settled: SettledRows;
  readonly #merger: RowMerger;
  /** By list, then by shard. */
  #positions: readonly [Map<number, number>, Map<number, number>] = [new Map(), new Map()];
  /** The generation that is being settled, or will be next. */
  #frozen: RecentRows | null = null;
  #current = new RecentRows({ generation: 1 });
  /** The outcome of a write is unknown: memory may lack rows of the file. */
  #outcomeUnknown = false;
  #turn: Promise<unknown> = Promise.resolve();
  #turns = 0;
  #settling: Promise<void> | null = null;
  #stopped = false;

  constructor(options: ProjectionsDatabase) {
    this.#writer = options.writer;
    this.#settleRows = options.settleRows ?? SETTLE_ROWS;
    this.#settled = new SettledRows(options);
    this.#merger = new RowMerger({
      writer: options.writer,
      sliceRows: Math.min(this.#settleRows, MERGE_SLICE_ROWS),
      pace: options.mergePace ?? UNPACED,
      isUrgent: () => this.#settled.count > GENERATIONS_MAX + GENERATIONS_DEFERRED_MAX,
      onFinished: (merged) => this.#settled.replace(merged),
      onFailed: () => {
        this.#outcomeUnknown = true;
      },
    });
    this.#load();
  }

  /** The position of a list. It survives the end of the process. */
  position(list: RowList, shard: number): number {
    return this.#positions[list].get(shard) ?? 0;
  }

  /** The lowest position of the lists. It survives a power failure. */
  async syncedPosition(lists: readonly RowList[], shard: number): Promise<number> {
    const sequence = Math.min(...lists.map((list) => this.position(list, shard)));
    await this.#writer.submit('sync');
    return sequence;
  }

  /** The highest id of all notifications; 0 for none. */
  notificationIdMax(): number {
    const recent = [this.#frozen, this.#current].map((rows) => rows?.notificationId.max ?? 0);
    return Math.max(0, this.#settled.notificationIdMax(), ...recent);
  }

  /** Generations that have a log. */
  unsettled(): number[] {
    const generations = [this.#frozen, this.#current];
    return generations.flatMap((rows) =>
      rows === null || rows.count === 0 ? [] : rows.generation,
    );
  }

  /**
   * Runs writes one after the other: `work` sees the effects of all earlier writes. Errors:
   * `store-unavailable`, and the errors of `work`.
   */
  async inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#turns >= TURNS_MAX) throw new StoreUnavailableError(`too many writes of rows wait`);
    this.#turns += 1;
    const turn = this.#turn.then(async () => {
      if (this.#outcomeUnknown) {
        // Otherwise the file would be read between two slices, and the generation that is being
        // settled would get more rows.
        await this.#settling;
        this.#load();
      }
      return work();
    });
    // The caller of this turn gets its error. The next turn only waits for its end.
    this.#turn = turn.then(
      () => undefined,
      () => undefined,
    );
    try {
      return await turn;
    } finally {
      this.#turns -= 1;
    }
  }

  /** The batches above their shard's position in all the lists. Call it inside `inTurn`. */
  fresh<Batch extends ProjectionBatch<unknown>>(
    lists: readonly RowList[],
    batches: readonly Batch[],
  ): Batch[] {
    const reached = new Map<number, number>();
    return batches.filter(({ shard, sequence }) => {
      const before =
        reached.get(shard) ?? Math.max(...lists.map((list) => this.position(list, shard)));
      if (sequence <= before) return false;
      reached.set(shard, sequence);
      return true;
    });
  }

  /**
   * Appends the rows of fresh batches, packed in their order, and the lists' positions. Call it
   * inside `inTurn`. Errors: `store-unavailable`.
   */
  async append(
    lists: readonly RowList[],
    pack: Buffer,
    batches: readonly ProjectionBatch<unknown>[],
  ): Promise<void> {
    const reached = new Map(batches.map(({ shard, sequence }) => [shard, sequence]));
    if (reached.size === 0) return;
    const positions: number[] = [];
    for (const [shard, sequence] of reached) {
      for (const list of lists) positions.push(list, shard, sequence);
    }
    await this.#write(pack, positions);
  }

  /**
   * Appends lost rows without moving a position. Their notifications have ids below the ids of
   * earlier rows, so the caller must mark their users first (`markRestored`). Call it inside
   * `inTurn`. Errors: `store-unavailable`.
   */
  async restore(pack: Buffer): Promise<void> {
    await this.#write(pack, []);
  }

  async #write(pack: Buffer, positions: readonly number[]): Promise<void> {
    await this.#makeRoom();
    try {
      await this.#writer.submit('appendRows', pack, this.#current.generation, positions);
    } catch (error) {
      this.#outcomeUnknown = true;
      throw error;
    }
    this.#current.add(pack);
    this.#move(positions);
    this.#settleWhenDue();
  }

  /**
   * The owner's recent rows with keys in the range, the last added first, at most `limit`. With
   * `idHash` only those whose id has that hash.
   */
  recentRows(
    owner: RowOwner,
    by: RowKey,
    keyMin: number,
    keyMax: number,
    limit: number,
    idHash?: number,
  ): RowPlace[] {
    const rows = this.#current.rowsOf(owner, by, keyMin, keyMax, limit, idHash);
    if (this.#frozen === null || rows.length >= limit) return rows;
    const left = limit - rows.length;
    return [...rows, ...this.#frozen.rowsOf(owner, by, keyMin, keyMax, left, idHash)];
  }

  /** As `SettledRows.generations`. */
  settledGenerations(by: RowKey, keyMin: number, keyMax: number): SettledPart[] {
    return this.#settled.generations(by, keyMin, keyMax);
  }

  /** As `SettledRows.rowsOf`. */
  settledRows(
    owner: RowOwner,
    generation: SettledGeneration,
    by: RowKey,
    keyMin: number,
    keyMax: number,
    limit: number,
    idHash?: number,
  ): RowPlace[] {
    return this.#settled.rowsOf(owner, generation, by, keyMin, keyMax, limit, idHash);
  }

  /** Resolves when no generation is being settled. */
  async settled(): Promise<void> {
    await this.#settling;
  }

  /** Resolves when no generation is being settled or merged. */
  async merged(): Promise<void> {
    await this.#settling;
    await this.#merger.merged();
  }

  /**
   * Stops settling and merging at the next slice. They go on when the file is opened again.
   */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#settling;
    await this.#merger.stop();
  }

  /** Errors: `store-unavailable` if settling keeps failing while the rows grow. */
  async #makeRoom(): Promise<void> {
    const countMax = this.#settleRows * RECENT_GENERATIONS_MAX;
    for (let attempt = 0; attempt < 2 && this.#current.count >= countMax; attempt++) {
      await this.#settling;
      this.#settleWhenDue();
    }
    if (this.#current.count < countMax) return;
    throw new StoreUnavailableError(`too many rows could not be settled`);
  }

  #settleWhenDue(): void {
    if (this.#settling !== null || this.#stopped) return;
    if (this.#frozen === null) {
      if (this.#current.count < this.#settleRows) return;
      this.#frozen = this.#current;
      this.#current = new RecentRows({ generation: this.#frozen.generation + 1 });
    }
    this.#settling = this.#settle(this.#frozen)
      // The rows stay readable where they are. The next batch loads the files and retries.
      .catch(() => {
        this.#outcomeUnknown = true;
      })
      .finally(() => {
        this.#settling = null;
      });
  }

  async #settle(rows: RecentRows): Promise<void> {
    const { generation } = rows;
    for (let bucket = 0; bucket < BUCKETS; bucket += SETTLE_BUCKETS) {
      if (this.#stopped) return;
      await this.#writer.submit('settle', generation, bucket, bucket + SETTLE_BUCKETS);
    }
    await this.#writer.submit('finishSettling', generation);
    if (this.#frozen?.generation !== generation) return;
    const { createdAt, notificationId } = rows;
    this.#settled.add({
      first: generation,
      last: generation,
      merge: null,
      createdAt,
      notificationId,
    });
    this.#frozen = null;
    if (!this.#outcomeUnknown) this.#merger.start();
  }

  /**
   * Loads memory from the files. No write runs meanwhile. Errors: `store-unavailable`.
   */
  #load(): void {
    const positions = this.#settled.load();
    const oldest = this.#settled.newest + 1;
    this.#positions = [new Map(), new Map()];
    this.#move(positions);
    const older = this.#readRecent(oldest);
    const newer = this.#readRecent(oldest + 1);
    this.#frozen = newer === null ? null : (older ?? new RecentRows({ generation: oldest }));
    this.#current = newer ?? older ?? new RecentRows({ generation: oldest });
    this.#outcomeUnknown = false;
    this.#merger.start();
  }

  /** Loads the generation's rows and applies its positions; null without a log. */
  #readRecent(generation: number): RecentRows | null {
    const records = readRowLog(this.#writer.file, generation);
    if (records === null) return null;
    const rows = new RecentRows({ generation });
    for (const { positions, pack } of records) {
      rows.add(pack);
      this.#move(positions);
    }
    return rows;
  }

  /** `positions`: list, shard and sequence alternate. */
  #move(positions: readonly number[]): void {
    for (let i = 0; i < positions.length; i += 3) {
      const list = positions[i] === ORDERS ? ORDERS : NOTIFICATIONS;
      this.#positions[list].set(positions[i + 1]!, positions[i + 2]!);
    }
  }
}
