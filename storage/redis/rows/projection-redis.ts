// The common part of the projections on Redis: turns, portions and positions.
//
// A Redis Cluster changes one slot atomically, not several, so an append may fail half way. Each
// row is still stored once (N11): every write is idempotent (each projection has its own way), and
// the position in a shard's journal is stored only after all rows. After a crash the next owner of
// the shard begins after that position, and rows that exist already change nothing. The same holds
// while an old and a new owner append the same entries at the same time.

import { StoreUnavailableError } from '../../ports/journal.ts';
import type { ProjectionBatch } from '../../ports/projection.ts';
import type { RedisConnection } from '../connection/connection.ts';
import { RedisPositions } from '../catalogue/consumer-positions-redis.ts';

/** Rows of one portion, so that no server is blocked for long. A single batch may have more. */
const PORTION_ROWS_MAX = 4096;
const TURNS_MAX = 256;

/** Waits for all answers, then throws the first error: nothing is in flight any more. */
export async function allDone<T>(answers: readonly Promise<T>[]): Promise<T[]> {
  const settled = await Promise.allSettled(answers);
  return settled.map((answer) => {
    if (answer.status === 'rejected') throw answer.reason;
    return answer.value;
  });
}

export interface RedisProjectionOptions {
  readonly redis: RedisConnection;
  /** The lists that it fills; each list has its own positions. */
  readonly lists: readonly ('feed' | 'orders')[];
}

export class RedisProjection {
  readonly #name: string;
  readonly #positions: readonly RedisPositions[];
  /** The positions as this process last read them. Never ahead of the stored ones. */
  readonly #known = new Map<number, number>();
  #turn: Promise<unknown> = Promise.resolve();
  #turns = 0;
  #failures = 0;

  constructor({ redis, lists }: RedisProjectionOptions) {
    this.#name = lists.join(' and ');
    this.#positions = lists.map(
      (list) => new RedisPositions({ redis, key: `{${list}}:positions` }),
    );
  }

  async position(shard: number): Promise<number> {
    const sequences = await Promise.all(this.#positions.map((list) => list.load(shard)));
    const sequence = Math.min(...sequences);
    this.#known.set(shard, sequence);
    return sequence;
  }

  /**
   * Passes the new batches to `write`, in order and in portions, and stores the positions after
   * each portion. One call runs at a time. Calls that waited while another call failed fail as
   * well, because rows must not overtake earlier rows. Errors: `store-unavailable`.
   */
  async take<Batch extends ProjectionBatch<unknown>>(
    batches: readonly Batch[],
    write: (portion: readonly Batch[]) => Promise<void>,
  ): Promise<void> {
    if (this.#turns >= TURNS_MAX) throw new StoreUnavailableError(`too many ${this.#name} wait`);
    this.#turns += 1;
    const failures = this.#failures;
    const turn = this.#turn.then(() => {
      if (this.#failures !== failures) {
        throw new StoreUnavailableError(`earlier rows were not stored: ${this.#name}`);
      }
      return this.#takeInTurn(batches, write);
    });
    // The caller of this turn gets its error.
    this.#turn = turn.catch(() => {
      this.#failures += 1;
    });
    try {
      await turn;
    } finally {
      this.#turns -= 1;
    }
  }

  async #takeInTurn<Batch extends ProjectionBatch<unknown>>(
    batches: readonly Batch[],
    write: (portion: readonly Batch[]) => Promise<void>,
  ): Promise<void> {
    /** The last sequence of each shard in the portion. */
    const reached = new Map<number, number>();
    let portion: Batch[] = [];
    let rows = 0;
    const finish = async () => {
      if (rows > 0) await write(portion);
      const positions = [...reached].map(([shard, sequence]) => ({ shard, sequence }));
      await allDone(this.#positions.map((list) => list.save(positions)));
      for (const { shard, sequence } of positions) this.#known.set(shard, sequence);
      reached.clear();
      portion = [];
      rows = 0;
    };
    for (const batch of batches) {
      const { shard, sequence } = batch;
      const contained =
        reached.get(shard) ?? this.#known.get(shard) ?? (await this.position(shard));
      if (sequence <= contained) continue;
      if (rows > 0 && rows + batch.rows.length > PORTION_ROWS_MAX) await finish();
      reached.set(shard, sequence);
      portion.push(batch);
      rows += batch.rows.length;
    }
    await finish();
  }
}
