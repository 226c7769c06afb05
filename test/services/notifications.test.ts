// The stored feed and the order list through the broker, and the refusal while a store is
// unavailable.

import test, { type ExecutionContext } from 'ava';
import { success } from '../../domain/refusal.ts';
import { KeptDrops } from '../../events/replay/kept-drop.ts';
import { notificationsService } from '../../services/notifications.ts';
import { ordersService } from '../../services/orders.ts';
import { StoreUnavailableError } from '../../storage/ports/journal.ts';
import { FIRST_PAGE, type Harness, NOW, orderView, startServices } from './harness.ts';

async function start(t: ExecutionContext): Promise<Harness> {
  const harness = await startServices(t, ({ stores, clock, router, levels }) => [
    notificationsService({ ...stores, now: () => clock.now() }),
    ordersService({
      ...stores,
      router,
      levels,
      storedLedger: null,
      shardCount: 8,
      keptDrops: new KeptDrops({ ...stores, shardCount: 8 }),
    }),
  ]);
  const rows = [1, 2, 3].map((n) => {
    return { userId: 'u_1', type: 'order.confirmed', data: { n }, createdAt: NOW + n };
  });
  await harness.stores.feed.append([{ shard: 0, sequence: 1, rows }]);
  return harness;
}

async function list(t: ExecutionContext, { call }: Harness, unread = false) {
  const outcome = await call('notifications.list', { userId: 'u_1', unread, page: FIRST_PAGE });
  return outcome.ok ? outcome.value : t.fail(outcome.code);
}

test('N1: the feed comes newest first with the unread count', async (t) => {
  const harness = await start(t);
  const feed = await list(t, harness);
  t.deepEqual(
    feed.items.map(({ data }) => data),
    [{ n: 3 }, { n: 2 }, { n: 1 }],
  );
  t.is(feed.unreadCount, 3);
  t.is(feed.nextCursor, null);
});

test('N1: one notification is marked read, then all; unknown ones are not found', async (t) => {
  const harness = await start(t);
  const { call } = harness;
  const [newest] = (await list(t, harness)).items;
  const notificationId = newest!.id;
  const userId = 'u_1';
  t.deepEqual(await call('notifications.markRead', { userId, notificationId }), success(null));
  t.is((await list(t, harness)).unreadCount, 2);
  t.is((await list(t, harness, true)).items.length, 2);
  const foreign = { userId: 'u_2', notificationId };
  t.like(await call('notifications.markRead', foreign), { code: 'not-found' });
  t.deepEqual(await call('notifications.markAllRead', { userId }), success(null));
  t.is((await list(t, harness)).unreadCount, 0);
});

test('H11: a read-all whose first try died marks what was there then, and no more', async (t) => {
  const harness = await start(t);
  const { call, stores } = harness;
  const request = { id: 'r', fingerprint: 'f', callerId: 'u_1' };
  const markAllRead = () => call('notifications.markAllRead', { userId: 'u_1', request });
  const { feed } = stores;
  const mark = feed.markAllRead.bind(feed);
  feed.markAllRead = () => Promise.reject(new StoreUnavailableError('away'));
  t.like(await markAllRead(), { ok: false, code: 'unavailable' });
  feed.markAllRead = mark;
  const later = { userId: 'u_1', type: 'order.confirmed', data: { n: 4 }, createdAt: NOW + 4 };
  await feed.append([{ shard: 0, sequence: 2, rows: [later] }]);
  for (let i = 0; i < 2; i++)
    t.deepEqual(await markAllRead(), { ok: true, value: null, replayed: true });
  const unread = await list(t, harness, true);
  t.deepEqual(
    unread.items.map(({ data }) => data),
    [{ n: 4 }],
  );
});

test('N7: notifications after an id are listed oldest first', async (t) => {
  const harness = await start(t);
  const oldest = (await list(t, harness)).items.at(-1)!;
  const params = { userId: 'u_1', afterId: oldest.id, limit: 10 };
  const outcome = await harness.call('notifications.listAfter', params);
  t.deepEqual(outcome.ok && outcome.value.map(({ data }) => data), [{ n: 2 }, { n: 3 }]);
});

test('O9: the order list holds the orders of its user only', async (t) => {
  const { call, stores } = await start(t);
  const mine = orderView({ id: 'd_1-0', userId: 'u_1' });
  const rows = [mine, orderView({ id: 'd_1-1', userId: 'u_2' })];
  await stores.orderList.put([{ shard: 0, sequence: 1, rows }]);
  const outcome = await call('orders.list', { userId: 'u_1', page: FIRST_PAGE });
  t.deepEqual(outcome, success({ items: [mine], nextCursor: null }));
});

test('J7: a store that does not answer is unavailable; a defect is thrown', async (t) => {
  const { call, stores } = await start(t);
  stores.feed.markAllRead = () => Promise.reject(new StoreUnavailableError('disk full'));
  t.deepEqual(await call('notifications.markAllRead', { userId: 'u_1' }), {
    ok: false,
    code: 'unavailable',
  });
  stores.feed.markAllRead = () => Promise.reject(new TypeError('a defect'));
  await t.throwsAsync(call('notifications.markAllRead', { userId: 'u_1' }), {
    message: 'a defect',
  });
});
