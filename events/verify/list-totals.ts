// Compares the totals of a drop's orders in the order lists with those of its owner. The lists lag,
// so a drop that changes meanwhile is compared again.

import type { Shard } from '../../actors/shard/shard.ts';
import type { DropState } from '../../domain/drop-state.ts';
import { decodeSealedHead } from '../../storage/formats/sealed-drop.ts';
import type { Pause } from '../../storage/formats/steps.ts';
import type { OrderListStore } from '../../storage/ports/order-list.ts';
import type { SnapshotReader } from '../../storage/ports/snapshots.ts';

/** How often read models are compared with a drop that they may lag behind. */
const COMPARISONS_MAX = 20;
const COMPARISON_INTERVAL_MS = 100;
/**
 * They may lag for a second (O9): a drop that did not change for so many comparisons should be in
 * them.
 */
const UNCHANGED_COMPARISONS_MAX = 10;

export interface ListTotalsOptions {
  readonly snapshots: SnapshotReader;
  readonly orderList: OrderListStore;
  /** Awaited between two steps. */
  readonly pause: Pause;
}

/** What differs; null without a difference. Errors: `store-unavailable`; the signal's reason. */
export async function compareListTotals(
  dropId: string,
  shard: Shard,
  { orderList, snapshots, pause }: ListTotalsOptions,
  signal: AbortSignal,
): Promise<string | null> {
  let unchanged = 0;
  let version = -1;
  for (let comparison = 0; comparison < COMPARISONS_MAX; comparison++) {
    signal.throwIfAborted();
    const before = await totalsOfOwner(dropId, shard, { snapshots, pause });
    const { orders, heldUnits, soldUnits } = await orderList.totalsOfDrop(dropId);
    const after = await totalsOfOwner(dropId, shard, { snapshots, pause });
    if (before.version === after.version) {
      if (orders === after.orders && heldUnits === after.held && soldUnits === after.sold)
        return null;
      unchanged = after.version === version ? unchanged + 1 : 0;
      version = after.version;
      if (unchanged === UNCHANGED_COMPARISONS_MAX) {
        return (
          `the order lists have ${orders} orders (${heldUnits} held, ${soldUnits} sold) ` +
          `of drop ${dropId}, ` +
          `its owner ${after.orders} (${after.held} held, ${after.sold} sold)`
        );
      }
    }
    await new Promise((resolve) => setTimeout(resolve, COMPARISON_INTERVAL_MS));
  }
  // A drop that changed all the time cannot be compared to the unit; that is no finding.
  return null;
}

interface Totals {
  readonly version: number;
  readonly orders: number;
  readonly held: number;
  readonly sold: number;
}

async function totalsOfOwner(
  dropId: string,
  shard: Shard,
  { snapshots, pause }: Pick<ListTotalsOptions, 'snapshots' | 'pause'>,
): Promise<Totals> {
  const totals = await shard.inspect((drops) => {
    const state = drops.get(dropId);
    return state === undefined ? null : totalsOf(state);
  });
  if (totals !== null) return totals;
  const sealed = await snapshots.findSealedDrop(dropId);
  if (sealed === null) return { version: -1, orders: 0, held: 0, sold: 0 };
  const { version, orders, held, sold } = (await decodeSealedHead(sealed, pause)).counters;
  return { version, orders, held, sold };
}

function totalsOf(state: DropState): Totals {
  return { version: state.version, orders: state.orders.size, held: state.held, sold: state.sold };
}
