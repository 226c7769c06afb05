// What a whole journal says of orders and of what their buyers are told: the same that the relay
// brings to the read models entry by entry, made from nothing but the journal, so that read models
// can be proved and made good without the shard's owner.

import type { Fact } from '../../actors/shard/facts.ts';
import { readEntries, replay, turnOfOthers } from '../../actors/shard/recovery.ts';
import { addLaterFacts } from '../../actors/shard/shard-batch.ts';
import type { DropState } from '../../domain/drop-state.ts';
import type { OrderView } from '../../contracts/orders.ts';
import type { ShardPosition } from '../../storage/ports/consumer-positions.ts';
import type { Journal } from '../../storage/ports/journal.ts';
import type { OrderChange, OrderChanges } from '../../storage/ports/read-models.ts';
import { orderChanges } from '../lists/projection-rows.ts';

/** Events replayed without a pause: about a millisecond. */
const SLICE_EVENTS = 256;

/**
 * All changes of orders up to `sequence`, each with its order as it stands there. Errors: `corrupt`,
 * `store-unavailable`.
 */
export async function readJournalChanges(
  journal: Journal,
  { shard, sequence }: ShardPosition,
): Promise<OrderChanges[]> {
  const drops = new Map<string, DropState>();
  const batches: OrderChanges[] = [];
  let events = 0;
  for await (const entry of readEntries(journal, shard, 0, sequence)) {
    const facts: Fact[] = [];
    for (const changes of entry.changes) {
      replay(drops, changes, entry.time);
      addLaterFacts(facts, drops.get(changes.dropId)!, changes.events);
    }
    const place = { shard, sequence: entry.sequence, time: entry.time };
    const rows = orderChanges({ ...place, facts });
    if (rows.length > 0) batches.push({ ...place, rows });
    events += facts.length;
    if (events < SLICE_EVENTS) continue;
    await turnOfOthers();
    events = 0;
  }
  // From the end, so that an order's newest version comes first.
  const newest = new Map<string, OrderView>();
  for (let i = batches.length - 1; i >= 0; i--) {
    const { rows } = batches[i]!;
    for (const { order } of rows) {
      const before = newest.get(order.id);
      if (before === undefined || order.version > before.version) newest.set(order.id, order);
    }
    const now = (change: OrderChange) => ({ ...change, order: newest.get(change.order.id)! });
    batches[i] = { ...batches[i]!, rows: rows.map(now) };
    events += rows.length;
    if (events < SLICE_EVENTS) continue;
    await turnOfOthers();
    events = 0;
  }
  return batches;
}
