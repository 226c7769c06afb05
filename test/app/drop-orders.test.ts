// A drop's orders as its creator lists them: pages, cursors, who may, and an owner that is gone.

import test from 'ava';
import { DropOrders } from '../../app/drop-orders.ts';
import type { ListOrders } from '../../contracts/commands.ts';
import { decide } from '../../domain/decide.ts';
import { newestOrders } from '../../domain/newest-orders.ts';
import { refusal, success } from '../../domain/refusal.ts';
import { KeptDrops } from '../../events/replay/kept-drop.ts';
import { memoryStores } from '../../storage/memory/stores.ts';
import { FEATURE_LEVEL, ReachedLevel } from '../../storage/ports/feature-level.ts';
import { orderView, ScriptedRouter } from '../services/harness.ts';
import { dropWith, seal } from '../storage/sealed-drops.ts';

const creator = { userId: 'c', roles: ['creator'] };
const ORDERS = 40_000;

/** A sealed drop of `c`, and an owner that answers as the drop does. */
async function start(level = FEATURE_LEVEL, orders = 250) {
  const stores = memoryStores();
  const state = dropWith(orders);
  await seal(stores.snapshots, state);
  const router = new ScriptedRouter();
  router.answer = (command) => {
    const decided = decide(state, command, 0);
    return decided.ok ? success(newestOrders(state, command as ListOrders)) : decided;
  };
  const keptDrops = new KeptDrops({ ...stores, shardCount: 1 });
  const dropOrders = new DropOrders({
    ...stores,
    router,
    keptDrops,
    levels: new ReachedLevel(level),
  });
  const list = (change: Partial<Parameters<DropOrders['list']>[0]> = {}) =>
    dropOrders.list({
      caller: creator,
      dropId: 'd_1',
      filter: {},
      page: { limit: 100, cursor: null },
      ...change,
    });
  return { router, state, list, snapshots: stores.snapshots };
}

async function pages({ list }: Awaited<ReturnType<typeof start>>) {
  const ids: string[] = [];
  for (let cursor: string | null = null; ; ) {
    const page = await list({ page: { limit: 100, cursor } });
    if (!page.ok) throw new Error(page.code);
    ids.push(...page.value.items.map(({ id }) => id));
    cursor = page.value.nextCursor;
    if (cursor === null) return ids;
  }
}

test('O9a: pages go on from their cursor to the oldest order', async (t) => {
  const parts = await start();
  const own = Array.from({ length: 250 }, (_, i) => parts.state.orderView(249 - i).id);
  t.deepEqual(await pages(parts), own);
  t.is(parts.router.commands.length, 3);
});

test('D4a, O9a: with the owner gone, stuck or too old, pages come from what is stored', async (t) => {
  for (const [level, answer] of [
    [FEATURE_LEVEL, () => refusal('unavailable')],
    [FEATURE_LEVEL, () => new Promise<never>(() => undefined)],
    [2, () => success(orderView())],
  ] as const) {
    const parts = await start(level);
    parts.router.answer = answer;
    const own = Array.from({ length: 250 }, (_, i) => parts.state.orderView(249 - i).id);
    t.deepEqual(await pages(parts), own);
    t.is(parts.router.commands.length, level === 2 ? 0 : 3);
    const stranger = { caller: { userId: 'x', roles: ['creator'] } };
    t.deepEqual(await parts.list(stranger), refusal('forbidden'));
    t.deepEqual(await parts.list({ dropId: 'd_2' }), refusal('not-found'));
  }
});

test('O9a: only the creator and operators list a drop’s orders', async (t) => {
  const { list } = await start();
  t.deepEqual(await list({ caller: { userId: 'user1', roles: [] } }), refusal('forbidden'));
  t.true((await list({ caller: { userId: 'boss', roles: ['operator'] } })).ok);
});

test('O9a: no page with a cursor is empty, however few orders match', async (t) => {
  const { list, router } = await start(FEATURE_LEVEL, ORDERS);
  const found = await list({ filter: { until: 1001 } });
  t.true(found.ok && found.value.items.length === 1 && found.value.nextCursor === null);
  t.is(router.commands.length, 2);
});

test('O9a: what is stored is opened once for a page, however few orders match', async (t) => {
  // More segments than one look reads.
  const { list, router, snapshots } = await start(FEATURE_LEVEL, 70 * 4_096);
  router.answer = () => refusal('unavailable');
  let opened = 0;
  const find = snapshots.findSealedDrop.bind(snapshots);
  snapshots.findSealedDrop = (dropId) => {
    opened += 1;
    return find(dropId);
  };
  const found = await list({ filter: { until: 1001 } });
  t.true(found.ok && found.value.items.length === 1);
  t.is(opened, 1);
});

test('O9a: cursors of other drops and lists, and times that are none, are refused', async (t) => {
  const { list } = await start();
  const first = await list();
  const cursor = first.ok ? first.value.nextCursor : null;
  await t.throwsAsync(list({ dropId: 'd_2', page: { limit: 1, cursor } }), {
    code: 'invalid-cursor',
  });
  for (const filter of [{ since: NaN }, { until: NaN }])
    t.like(await list({ filter }), { code: 'invalid-request' });
});
