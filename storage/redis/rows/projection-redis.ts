// What the projections on Redis share: turns, portions, and how far they have come.
//
// A Redis Cluster can change one slot atomically, not several, so an append may end half way. Its
// effect is still that of once (N11): every write by itself knows whether it was done before (how,
// is the projection's own affair), and the projection's position in a shard's journal is kept only
// when all rows are. After a crash the next owner of the shard begins behind that position, and
// rows that are there already change nothing. The same holds while an old owner and a new one bring
// the same entries at once.

import { StoreUnavailableError } from '../../ports/journal.ts';
import type { ProjectionBatch } from '../../ports/projection.ts';
import type { RedisConnection } from '../connection/connection.ts';
import { RedisPositions } from '../catalogue/consumer-positions-redis.ts';

/** Rows brought at once, so that no server is held up for long; a single batch may have more. */
const PORTION_ROWS_MAX = 4096;
const TURNS_MAX = 256;

/** Waits for all, so that nothing is under way any more when the first error is thrown. */
export async function allDone<T>(answers: readonly Promise<T>[]): Promise<T[]> {
  const settled = await Promise.allSettled(answers);
  return settled.map((answer) => {
    if (answer.status === 'rejected') throw answer.reason;
    return answer.value;
  });
}

export interface RedisProjectionOptions {
  readonly redis: RedisConnection;
  /** What it fills; each list has positions of its own. */
  readonly lists: readonly ('feed' | 'orders')[];
}

export class RedisProjection {
  readonly #name: string;
  readonly #positions: readonly RedisPositions[];
  /** Positions as this process saw them last. Never ahead of what is kept. */
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
   * Hands `write` the batches that are not contained yet, in order and in portions, and keeps the
   * positions behind each. One call at a time. Whoever waited while another failed fails as well:
   * rows must not overtake those before them. Errors: `store-unavailable`.
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
        throw new StoreUnavailableError(`what came before was not kept: ${this.#name}`);
      }
      return this.#takeInTurn(batches, write);
    });
    // Whoever waits for this turn hears of its error.
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
