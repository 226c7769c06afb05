// The changes of orders and the notifications in a whole journal: the same that the relay gives to
// the read models entry by entry, made from the journal alone. So read models can be verified and
// repaired without the shard's owner.

import { turnOfOthers } from '../../actors/shard/recovery.ts';
import type { OrderView } from '../../contracts/orders.ts';
import type { ShardPosition } from '../../storage/ports/consumer-positions.ts';
import type { JournalReader } from '../../storage/ports/journal.ts';
import type { OpenSpill } from '../../storage/ports/spill.ts';
import type { OrderChange, OrderChanges } from '../../storage/ports/read-models.ts';
import { DropStates } from '../replay/drop-states.ts';
import { Replay } from '../replay/replay.ts';
import { orderChanges } from '../lists/projection-rows.ts';

/** Rows processed without a pause: about a millisecond. */
const SLICE_ROWS = 256;

/**
 * All changes of orders up to `sequence`, each with its order as it stands there. Errors:
 * `corrupt`, `store-unavailable`.
 */
export async function readJournalChanges(
  { journal, openSpill }: { readonly journal: JournalReader; readonly openSpill: OpenSpill },
  { shard, sequence }: ShardPosition,
): Promise<OrderChanges[]> {
  const batches: OrderChanges[] = [];
  const states = new DropStates({ openSpill });
  const replay = new Replay({ shard, after: 0, journal, snapshots: null, states });
  try {
    for await (const batch of replay.read(sequence)) {
      const rows = orderChanges(batch);
      if (rows.length > 0)
        batches.push({ shard, sequence: batch.sequence, time: batch.time, rows });
    }
  } finally {
    replay.close();
  }
  let sliceRows = 0;
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
    sliceRows += rows.length;
    if (sliceRows < SLICE_ROWS) continue;
    await turnOfOthers();
    sliceRows = 0;
  }
  return batches;
}
