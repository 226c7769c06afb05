// What journals say, for tests of `ReadModels.restore`: from entries that a test wrote.

import { fnv1a } from '../../domain/ids.ts';
import { MemorySpillStore } from '../../storage/memory/spill-memory.ts';
import type { ShardPosition } from '../../storage/ports/consumer-positions.ts';
import {
  type DropOrders,
  type OrderChanges,
  type ReadModels,
  type ReplayedJournals,
  USER_BUCKETS,
  type UsersChanges,
} from '../../storage/ports/read-models.ts';
import { addToTotals, emptyTotals, unitsOf } from '../../storage/rows/drop-totals.ts';
import { turn } from '../actors/idle-upkeep.ts';

/** So that a restore has several portions. */
const BUCKETS_OF_PORTION = 128;

export class WrittenJournals implements ReplayedJournals {
  readonly journals: readonly ShardPosition[];
  /** The most buckets of a portion that the driver asked for. */
  bucketsMax = 0;
  readonly #batches: readonly OrderChanges[];

  /** Entries behind their journal's sequence are left out. */
  constructor(batches: readonly OrderChanges[], journals: readonly ShardPosition[]) {
    this.journals = journals;
    this.#batches = journals.flatMap(({ shard, sequence }) =>
      batches.filter((batch) => batch.shard === shard && batch.sequence <= sequence),
    );
  }

  async *users(bucketsMax: number): AsyncGenerator<UsersChanges, void, undefined> {
    this.bucketsMax = bucketsMax;
    const all = this.#batches.flatMap(({ shard, sequence, time, rows }) =>
      rows.map((row, index) => ({ ...row, shard, sequence, index, time })),
    );
    for (let first = 0; first < USER_BUCKETS; ) {
      const end = Math.min(first + Math.min(bucketsMax, BUCKETS_OF_PORTION), USER_BUCKETS);
      const [from, to] = [first, end];
      const changes = all.filter(({ order }) => {
        const bucket = fnv1a(order.userId) % USER_BUCKETS;
        return bucket >= from && bucket < to;
      });
      yield { first, end, changes };
      first = end;
    }
  }

  *drops(): Generator<DropOrders, void, undefined> {
    const newest = new Map(
      this.#batches.flatMap(({ shard, rows }) =>
        rows.map(({ order }) => [order.id, { shard, order }] as const),
      ),
    );
    const totals = new Map<string, { shard: number } & ReturnType<typeof emptyTotals>>();
    for (const { shard, order } of newest.values()) {
      const ofDrop = totals.get(order.dropId) ?? { shard, ...emptyTotals() };
      addToTotals(ofDrop, order.status, unitsOf(order));
      totals.set(order.dropId, ofDrop);
    }
    for (const [dropId, ofDrop] of totals) yield { dropId, ...ofDrop };
  }

  async *changesOf(
    { shard }: ShardPosition,
    dropIds: ReadonlySet<string>,
  ): AsyncGenerator<OrderChanges, void, undefined> {
    for (const batch of this.#batches) {
      if (batch.shard !== shard) continue;
      yield { ...batch, rows: batch.rows.filter(({ order }) => dropIds.has(order.dropId)) };
    }
  }
}

export function restoreFrom(
  readModels: ReadModels,
  journals: ReplayedJournals,
  write: boolean,
  signal = new AbortController().signal,
) {
  const openSpill = () => new MemorySpillStore();
  return readModels.restore({ journals, openSpill, write, pause: turn, signal });
}
