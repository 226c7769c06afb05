// Compares the totals of drops' orders in the order lists with those of their owner. The lists lag,
// so a drop that changes meanwhile is compared again.

import type { Shard } from '../../actors/shard/shard.ts';
import type { DropState } from '../../domain/drop-state.ts';
import { decodeSealedHead } from '../../storage/formats/sealed-drop.ts';
import type { Pause } from '../../storage/formats/steps.ts';
import type { OrderListStore } from '../../storage/ports/order-list.ts';
import type { SnapshotReader } from '../../storage/ports/snapshots.ts';
import type { DropTotals } from '../../storage/rows/drop-totals.ts';

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

/** How a drop compared so far. */
interface Comparison {
  /** At which version of the owner the lists differed; -1 before they did. */
  version: number;
  unchanged: number;
}

/**
 * One sentence for each of the drops that differs. Errors: `store-unavailable`; the signal's
 * reason.
 */
export async function compareListTotals(
  dropIds: readonly string[],
  shard: Shard,
  options: ListTotalsOptions,
  signal: AbortSignal,
): Promise<string[]> {
  const findings: string[] = [];
  const waiting = new Map<string, Comparison>(
    dropIds.map((dropId) => [dropId, { version: -1, unchanged: 0 }]),
  );
  for (let comparison = 0; comparison < COMPARISONS_MAX; comparison++) {
    signal.throwIfAborted();
    const before = await totalsOfOwner(waiting.keys(), shard, options);
    const listed = await options.orderList.totalsOfDrops([...waiting.keys()]);
    const after = await totalsOfOwner(waiting.keys(), shard, options);
    for (const [dropId, compared] of waiting) {
      const [own, lists] = [after.get(dropId)!, listed.get(dropId)!];
      if (before.get(dropId)!.version !== own.version) continue;
      const isSame =
        lists.orders === own.orders && lists.heldUnits === own.held && lists.soldUnits === own.sold;
      compared.unchanged = own.version === compared.version ? compared.unchanged + 1 : 0;
      compared.version = own.version;
      if (!isSame && compared.unchanged < UNCHANGED_COMPARISONS_MAX) continue;
      if (!isSame) findings.push(differenceOf(dropId, lists, own));
      waiting.delete(dropId);
    }
    if (waiting.size === 0) break;
    await new Promise((resolve) => setTimeout(resolve, COMPARISON_INTERVAL_MS));
  }
  // A drop that changed all the time cannot be compared to the unit; that is no finding.
  return findings;
}

function differenceOf(dropId: string, listed: DropTotals, own: Totals): string {
  const { orders, heldUnits, soldUnits } = listed;
  return (
    `the order lists have ${orders} orders (${heldUnits} held, ${soldUnits} sold) ` +
    `of drop ${dropId}, its owner ${own.orders} (${own.held} held, ${own.sold} sold)`
  );
}

interface Totals {
  readonly version: number;
  readonly orders: number;
  readonly held: number;
  readonly sold: number;
}

async function totalsOfOwner(
  dropIds: Iterable<string>,
  shard: Shard,
  { snapshots, pause }: ListTotalsOptions,
): Promise<Map<string, Totals>> {
  const all = new Map<string, Totals>();
  for (const dropId of dropIds) {
    const inMemory = await shard.inspect((drops) => {
      const state = drops.get(dropId);
      return state === undefined ? null : totalsOf(state);
    });
    all.set(dropId, inMemory ?? (await totalsAsSealed(dropId, snapshots, pause)));
    await pause();
  }
  return all;
}

async function totalsAsSealed(
  dropId: string,
  snapshots: SnapshotReader,
  pause: Pause,
): Promise<Totals> {
  const sealed = await snapshots.findSealedDrop(dropId);
  if (sealed === null) return { version: -1, orders: 0, held: 0, sold: 0 };
  const { version, orders, held, sold } = (await decodeSealedHead(sealed, pause)).counters;
  return { version, orders, held, sold };
}

function totalsOf(state: DropState): Totals {
  return { version: state.version, orders: state.orders.size, held: state.held, sold: state.sold };
}
