// The number of orders of each drop before an event, for a reader that begins in the middle of the
// journal. The event `order-placed` does not have its ordinal, and the order's id needs it (O10).
//
// The newest snapshot has the number of orders of each open drop at its sequence. Orders placed
// between that sequence and the reader's position are counted in the journal: added where the
// snapshot is older, subtracted where it is newer. A drop that an older snapshot lacks was created
// after it, if it still takes orders. A drop that a newer snapshot lacks was over by then, so its
// sealed copy has all orders that it will ever have.

import { readEntries, turnOfOthers } from '../../actors/shard/recovery.ts';
import { decodeShardHead } from '../../storage/formats/drop-snapshot.ts';
import type { DropChanges } from '../../storage/formats/entry.ts';
import { decodeSealedHead } from '../../storage/formats/sealed-drop.ts';
import { CorruptError, type Journal } from '../../storage/ports/journal.ts';
import type { SnapshotStore } from '../../storage/ports/snapshots.ts';

export interface OrderCountsOptions {
  readonly shard: number;
  readonly journal: Journal;
  readonly snapshots: SnapshotStore;
}

export class OrderCounts {
  readonly #options: OrderCountsOptions;
  /** Counts of drops that may still take orders. */
  readonly #counts = new Map<string, number>();
  #loaded = false;
  /**
   * Orders placed between the reader's position and a newer snapshot, by drop. Null: the snapshot
   * is older.
   */
  #placedAhead: ReadonlyMap<string, number> | null = null;

  constructor(options: OrderCountsOptions) {
    this.#options = options;
  }

  /**
   * The number of orders of the drop before `changes`, which it then counts. To be called for all
   * changes of the drop in their order; `sequence` is that of their entry. Errors: `corrupt`,
   * `store-unavailable`.
   */
  async take(changes: DropChanges, sequence: number): Promise<number> {
    const { dropId, versionBefore } = changes;
    const placed = placedIn(changes);
    let before = versionBefore === 0 ? 0 : this.#counts.get(dropId);
    if (before === undefined && placed > 0) {
      if (!this.#loaded) await this.#load(sequence - 1);
      before = this.#counts.get(dropId) ?? (await this.#countLeftOut(dropId));
    }
    if (endsOrders(changes)) this.#counts.delete(dropId);
    else if (before !== undefined) this.#counts.set(dropId, before + placed);
    return before ?? 0;
  }

  /** Adds the counts of all drops at the reader's position. Counts that exist stay. */
  async #load(place: number): Promise<void> {
    const { shard, snapshots } = this.#options;
    const opened = await snapshots.openSnapshot(shard);
    const at = opened?.snapshot.sequence ?? 0;
    const counts = new Map<string, number>();
    if (opened !== null)
      for (const { head } of decodeShardHead(opened.snapshot.head, shard).drops)
        counts.set(head.terms.id, head.orders);
    const between = await this.#placedBetween(Math.min(at, place), Math.max(at, place));
    const sign = at <= place ? 1 : -1;
    for (const [dropId, placed] of between) {
      const counted = counts.get(dropId);
      if (counted !== undefined || sign > 0) counts.set(dropId, (counted ?? 0) + sign * placed);
    }
    for (const [dropId, count] of counts)
      if (!this.#counts.has(dropId)) this.#counts.set(dropId, count);
    this.#placedAhead = sign < 0 ? between : null;
    this.#loaded = true;
  }

  async #placedBetween(after: number, last: number): Promise<Map<string, number>> {
    const placed = new Map<string, number>();
    const { journal, shard } = this.#options;
    for await (const entry of readEntries(journal, shard, after, last)) {
      for (const changes of entry.changes) {
        const count = placedIn(changes);
        if (count > 0) placed.set(changes.dropId, (placed.get(changes.dropId) ?? 0) + count);
      }
      await turnOfOthers();
    }
    return placed;
  }

  async #countLeftOut(dropId: string): Promise<number> {
    if (this.#placedAhead === null) return 0;
    const placed = this.#placedAhead.get(dropId) ?? 0;
    const sealed = placed === 0 ? null : await this.#options.snapshots.findSealedDrop(dropId);
    if (sealed === null) throw new CorruptError(`drop ${dropId} has orders and is nowhere`);
    return (await decodeSealedHead(sealed, turnOfOthers)).counters.orders - placed;
  }
}

function placedIn({ events }: DropChanges): number {
  let placed = 0;
  for (const { type } of events) if (type === 'order-placed') placed += 1;
  return placed;
}

function endsOrders({ events }: DropChanges): boolean {
  return events.some(({ type }) => type === 'drop-closed' || type === 'drop-cancelled');
}
