// What every driver must do when it compares what it derives with its truth (L3), and how tests
// make whole passes.

import test from 'ava';
import { systemClock } from '../../../actors/clock.ts';
import type { CommandRouter } from '../../../actors/command-router.ts';
import { DropRows } from '../../../events/reconcile/drop-rows.ts';
import type { Reconciled, ReconcileOptions } from '../../../storage/ports/reconciled.ts';
import type { Stores } from '../../../storage/ports/stores.ts';
import { drop } from './catalogue.ts';

interface Reconciling {
  reconcile(options: ReconcileOptions): Promise<Reconciled>;
}

/** One pass: how much was compared, and what differed. */
export async function wholePass(store: Reconciling, limit = 3) {
  const pause = () => Promise.resolve();
  const examples: string[] = [];
  let [compared, mended] = [0, 0];
  let cursor: string | null = null;
  do {
    const found: Reconciled = await store.reconcile({ cursor, limit, pause });
    compared += found.compared;
    mended += found.mended;
    examples.push(...found.examples);
    cursor = found.cursor;
  } while (cursor !== null);
  return { compared, mended, examples: examples.toSorted() };
}

export function reconcileContract(
  stores: () => Pick<Stores, 'follows' | 'feed' | 'catalogue'>,
): void {
  test.serial('L3: follows and read marks that agree are left as they are', async (t) => {
    const { follows, feed } = stores();
    for (let user = 0; user < 9; user++) {
      for (let creator = 0; creator <= user; creator++)
        await follows.follow(`calm_u${user}`, `calm_c${creator}`, user);
    }
    await follows.unfollow('calm_u8', 'calm_c8');
    const rows = Array.from({ length: 5 }, (_, n) => ({
      userId: 'calm_u1',
      type: 'order.confirmed' as const,
      data: { orderId: `calm-${n}` },
      createdAt: n,
    }));
    await feed.append([{ shard: 990, sequence: 1, rows }]);
    const [newest] = (await feed.list('calm_u1', { unread: false }, { limit: 1, cursor: null }))
      .items;
    await feed.markRead('calm_u1', newest!.id, 9);
    const seen = async () => [
      await follows.counts('calm_c0'),
      await follows.listFollowers('calm_c0', { limit: 20, cursor: null }),
      await feed.list('calm_u1', { unread: true }, { limit: 20, cursor: null }),
    ];
    const before = await seen();
    t.is((await wholePass(follows)).mended, 0);
    t.is((await wholePass(feed)).mended, 0);
    t.deepEqual(await seen(), before);
  });

  test.serial('L3: drops’ rows that drifted become what their owners say', async (t) => {
    const { catalogue } = stores();
    const ofIds = (ids: readonly string[]) =>
      ids.map((dropId) => ({ shard: 1, dropId, orders: 0, heldUnits: 0, soldUnits: 0 }));
    const creatorId = 'creator_rows';
    const over = { creatorId, status: 'ended', version: 9, sold: 5, free: 95 } as const;
    const live = { creatorId, status: 'live', version: 7, sold: 3, free: 97 } as const;
    const owned = [
      drop('rows_right', over),
      drop('rows_stock', live),
      drop('rows_missing', over),
      drop('rows_behind', { ...over, metadata: { a: 'b' } }),
      drop('rows_wrong', over),
      drop('rows_ahead', live),
      drop('rows_near', live),
    ];
    await catalogue.putDrops([
      owned[0]!,
      // Stock of a live drop may be older: it is written again, and counts as no difference.
      { ...owned[1]!, version: 2, sold: 0, free: 100 },
      { ...owned[3]!, version: 3, status: 'live' },
      { ...owned[4]!, sold: 4 },
      { ...owned[5]!, version: 40, unitAmount: 1 },
      { ...owned[6]!, version: 2, sold: 2, free: 98 },
    ]);
    const views = new Map(owned.map((view) => [view.id, view]));
    const router = {
      send: async ({ dropId }: { dropId: string }) => ({ ok: true, value: views.get(dropId)! }),
    };
    const clock = {
      ...systemClock,
      // It keeps the process alive, which timers of the system's clock do not.
      after: (_ms: number, call: () => void) => {
        const timer = setTimeout(call, 0);
        return { cancel: () => clearTimeout(timer) };
      },
    };
    const rows = new DropRows({ catalogue, router: router as unknown as CommandRouter, clock });
    const { signal } = new AbortController();
    const mend = () =>
      rows.mend(ofIds([...views.keys()]), { pause: () => Promise.resolve(), signal });
    t.deepEqual((await mend()).toSorted(), [
      'rows_ahead',
      'rows_behind',
      'rows_missing',
      'rows_wrong',
    ]);
    for (const { id } of owned.filter((view) => view.id !== 'rows_near'))
      t.deepEqual(await catalogue.findDrop(id), views.get(id)!, id);
    // Units sold have passed no power of two since.
    t.is((await catalogue.findDrop('rows_near'))!.sold, 2);
    const listed = await catalogue.listDrops(
      { creatorId, status: 'ended' },
      { limit: 10, cursor: null },
    );
    t.deepEqual(listed.items.map(({ id }) => id).toSorted(), [
      'rows_behind',
      'rows_missing',
      'rows_right',
      'rows_wrong',
    ]);
    t.deepEqual(await mend(), []);
    t.false(await catalogue.replaceDrop({ ...owned[0]!, sold: 1 }, 8));
    t.is((await catalogue.findDrop('rows_right'))!.sold, 5);
  });
}
