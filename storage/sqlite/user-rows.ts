// Rows kept by user, for projections that take tens of thousands a second and are read a few
// hundred times a second.
//
// A batch becomes one pack: one blob in the table of recent packs, in one transaction with the
// positions, and the same bytes in memory, indexed by user (`recent-rows.ts`). When a generation of
// packs holds enough rows it is settled: grouped by user bucket into runs, one blob each, in the
// order of generation and bucket, so that writing is appending. Rows never change; a newer one of
// the same id follows. Reading a user's rows means the chains in memory, then one look-up for each
// settled generation, newest first, as far as needed.
//
// In one run of `bench/storage.ts` on a busy machine an order cost 3.3 CPU microseconds from object
// to settled run, all threads and checkpoints together, where an SQLite row of its own cost 17.
//
// Whatever is in memory is on the disk as well. When the outcome of a write is unknown, memory is
// made again from the file.

import type { Database, Statement } from 'better-sqlite3';
import { StoreUnavailableError } from '../journal.ts';
import type { ProjectionBatch } from '../projection.ts';
import type { ProjectionsHandlers } from './projections-program.ts';
import { readQuery } from './read-query.ts';
import { RecentRows } from './recent-rows.ts';
import { BUCKETS, isOwnRow, type RowOwner, type RowPlace, rowKey, rowLength } from './row-pack.ts';
import type { SqliteThread } from './thread.ts';
import { firstRunId, type RowsName } from './user-rows-statements.ts';

const SETTLE_ROWS = 65_536;
/** Buckets settled in one transaction: a few milliseconds of work. */
const SETTLE_BUCKETS = 64;
/**
 * While one generation is settled the next may grow to this many times its size; then writers wait.
 */
const RECENT_GENERATIONS_MAX = 4;
/** Writes that may wait for their turn. */
const TURNS_MAX = 256;

export interface ProjectionsDatabase {
  readonly writer: SqliteThread<ProjectionsHandlers>;
  readonly reader: Database;
  /** How many rows are settled at once; small values are for tests. */
  readonly settleRows?: number;
}

interface Generation {
  readonly generation: number;
  readonly keyMin: number;
  readonly keyMax: number;
}

export class UserRows {
  readonly #name: RowsName;
  readonly #writer: SqliteThread<ProjectionsHandlers>;
  readonly #reader: Database;
  readonly #settleRows: number;
  readonly #runs: Statement<[number, number, number, number], Buffer>;
  #positions = new Map<number, number>();
  /** Settled generations, oldest first. */
  #settled: Generation[] = [];
  /** The generation being settled, or waiting for it. */
  #frozen: RecentRows | null = null;
  #current = new RecentRows({ generation: 1 });
  /** The outcome of a write is unknown: memory may be behind the file. */
  #inDoubt = false;
  #turn: Promise<unknown> = Promise.resolve();
  #turns = 0;
  #settling: Promise<void> | null = null;
  #stopped = false;

  constructor(options: ProjectionsDatabase & { readonly name: RowsName }) {
    this.#name = options.name;
    this.#writer = options.writer;
    this.#reader = options.reader;
    this.#settleRows = options.settleRows ?? SETTLE_ROWS;
    this.#runs = options.reader
      .prepare<[number, number, number, number], Buffer>(`
        select bytes from ${options.name}_settled
        where id >= ? and id < ? and key_min <= ? and key_max >= ? order by id desc`)
      .pluck();
    this.#load();
  }

  position(shard: number): number {
    return this.#positions.get(shard) ?? 0;
  }

  /** The highest key of all rows; 0 for none. */
  keyMax(): number {
    const settled = this.#settled.map(({ keyMax }) => keyMax);
    return Math.max(0, this.#current.keyMax, this.#frozen?.keyMax ?? 0, ...settled);
  }

  /**
   * Writes one after the other: `work` sees the effects of all before it. Errors:
   * `store-unavailable`, and those of `work`.
   */
  async inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#turns >= TURNS_MAX) throw new StoreUnavailableError(`too many ${this.#name} wait`);
    this.#turns += 1;
    const turn = this.#turn.then(async () => {
      if (this.#inDoubt) {
        // Or the file would be read between two slices, and a generation on its way out be written
        // to.
        await this.#settling;
        this.#load();
      }
      return work();
    });
    // Whoever waits for this turn hears of its error; the next turn only needs to know that it is
    // over.
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

  /** The batches above their shard's position. To be called in turn. */
  fresh<Row>(batches: readonly ProjectionBatch<Row>[]): ProjectionBatch<Row>[] {
    const reached = new Map<number, number>();
    return batches.filter(({ shard, sequence }) => {
      if (sequence <= (reached.get(shard) ?? this.position(shard))) return false;
      reached.set(shard, sequence);
      return true;
    });
  }

  /**
   * Keeps the rows of fresh batches, packed in their order, with the positions. To be called in
   * turn. Errors: `store-unavailable`.
   */
  async keep(pack: Buffer, batches: readonly ProjectionBatch<unknown>[]): Promise<void> {
    const reached = new Map(batches.map(({ shard, sequence }) => [shard, sequence]));
    if (reached.size === 0) return;
    await this.#makeRoom();
    const { generation } = this.#current;
    const operation = this.#name === 'orders' ? 'keepOrders' : 'keepNotifications';
    try {
      await this.#writer.submit(operation, pack, generation, [...reached].flat());
    } catch (error) {
      this.#inDoubt = true;
      throw error;
    }
    this.#current.add(pack);
    for (const [shard, sequence] of reached) this.#positions.set(shard, sequence);
    this.#settleWhenDue();
  }

  /** The owner's recent rows, the last kept first, at most `limit` with keys in the range. */
  recentRows(owner: RowOwner, keyMin: number, keyMax: number, limit: number): RowPlace[] {
    const rows = this.#current.rowsOf(owner, keyMin, keyMax, limit);
    if (this.#frozen === null || rows.length >= limit) return rows;
    return [...rows, ...this.#frozen.rowsOf(owner, keyMin, keyMax, limit - rows.length)];
  }

  /** Settled generations that have keys in the range, newest first. */
  settledGenerations(keyMin: number, keyMax: number): Generation[] {
    const within = this.#settled.filter((one) => one.keyMin <= keyMax && one.keyMax >= keyMin);
    return within.toReversed();
  }

  /**
   * The owner's rows in one settled generation, with keys in the range, the last kept first, at
   * most `limit`. Errors: `store-unavailable`.
   */
  settledRows(
    owner: RowOwner,
    generation: number,
    keyMin: number,
    keyMax: number,
    limit: number,
  ): RowPlace[] {
    const first = firstRunId(generation, owner.bucket);
    const end = firstRunId(generation, owner.bucket + 1);
    const places: RowPlace[] = [];
    readQuery(() => {
      for (const bytes of this.#runs.iterate(first, end, keyMax, keyMin)) {
        const ofRun = rowsOfRun(bytes, owner, keyMin, keyMax);
        for (let i = ofRun.length - 1; i >= 0 && places.length < limit; i--) places.push(ofRun[i]!);
        if (places.length >= limit) break;
      }
    });
    return places;
  }

  /** Resolves when nothing is being settled. */
  async settled(): Promise<void> {
    await this.#settling;
  }

  /** Ends settling at the next slice; it begins anew when the file is opened again. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#settling;
  }

  /** Errors: `store-unavailable` when settling fails again and again while the rows grow. */
  async #makeRoom(): Promise<void> {
    const countMax = this.#settleRows * RECENT_GENERATIONS_MAX;
    for (let attempt = 0; attempt < 2 && this.#current.count >= countMax; attempt++) {
      await this.#settling;
      this.#settleWhenDue();
    }
    if (this.#current.count < countMax) return;
    throw new StoreUnavailableError(`too many ${this.#name} could not be settled`);
  }

  #settleWhenDue(): void {
    if (this.#settling !== null || this.#stopped) return;
    if (this.#frozen === null) {
      if (this.#current.count < this.#settleRows) return;
      this.#frozen = this.#current;
      this.#current = new RecentRows({ generation: this.#frozen.generation + 1 });
    }
    this.#settling = this.#settle(this.#frozen)
      // The rows stay readable where they are. The next batch looks what became of them, and tries
      // again.
      .catch(() => {
        this.#inDoubt = true;
      })
      .finally(() => {
        this.#settling = null;
      });
  }

  async #settle(rows: RecentRows): Promise<void> {
    const { generation, keyMin, keyMax } = rows;
    for (let bucket = 0; bucket < BUCKETS; bucket += SETTLE_BUCKETS) {
      if (this.#stopped) return;
      await this.#writer.submit('settle', this.#name, generation, bucket, bucket + SETTLE_BUCKETS);
    }
    await this.#writer.submit('finishSettling', this.#name, generation);
    if (this.#frozen?.generation !== generation) return;
    this.#settled.push({ generation, keyMin, keyMax });
    this.#frozen = null;
  }

  /** Makes memory from the file, as of one moment. Errors: `store-unavailable`. */
  #load(): void {
    const name = this.#name;
    const reader = this.#reader;
    const load = reader.transaction(() => {
      const positions = reader
        .prepare<[], [number, number]>(`select shard, sequence from ${name}_positions`)
        .raw()
        .all();
      const settled = reader
        .prepare<[], Generation>(`
          select generation, key_min as keyMin, key_max as keyMax
          from ${name}_generations order by generation`)
        .all();
      const packs = reader
        .prepare<[], [number, Buffer]>(
          `select generation, bytes from ${name}_recent order by number`,
        )
        .raw()
        .all();
      return { positions, settled, packs };
    });
    const { positions, settled, packs } = readQuery(() => load());
    const oldest = (settled.at(-1)?.generation ?? 0) + 1;
    const newest = packs.at(-1)?.[0] ?? oldest;
    const frozen = newest > oldest ? new RecentRows({ generation: oldest }) : null;
    const current = new RecentRows({ generation: newest });
    for (const [generation, pack] of packs) {
      (generation === newest ? current : frozen)?.add(pack);
    }
    this.#positions = new Map(positions);
    this.#settled = settled;
    this.#frozen = frozen;
    this.#current = current;
    this.#inDoubt = false;
  }
}

function rowsOfRun(bytes: Buffer, owner: RowOwner, keyMin: number, keyMax: number): RowPlace[] {
  const places: RowPlace[] = [];
  for (let offset = 0; offset < bytes.length; offset += rowLength(bytes, offset)) {
    if (!isOwnRow(bytes, offset, owner)) continue;
    const key = rowKey(bytes, offset);
    if (key >= keyMin && key <= keyMax) places.push({ bytes, offset, key });
  }
  return places;
}
