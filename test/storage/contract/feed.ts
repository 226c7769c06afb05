// What every feed driver must do. Each test has shards and users of its own.

import test from 'ava';
import type { FeedStore } from '../../../storage/ports/feed.ts';
import type { NewNotification, Notification } from '../../../contracts/notifications.ts';
import type { Stores } from '../../../storage/ports/stores.ts';
import { failsWith } from './errors.ts';
import { readAll, refusesForeignCursors } from './paging.ts';

const row = (userId: string, n: number): NewNotification => ({
  userId,
  type: 'order.confirmed',
  data: { orderId: `order_${n}`, quantity: n, text: 'a “line”\nand another' },
  createdAt: 1_700_000_000_000 + n,
});

export function feedContract(stores: () => Pick<Stores, 'feed'>): void {
  const feed = (): FeedStore => stores().feed;
  let lastShard = 0;
  const nextShard = () => ++lastShard;
  const first = { limit: 100, cursor: null };
  const quantities = (items: readonly NewNotification[]) => items.map(({ data }) => data.quantity);
  const fill = async (shard: number, userId: string, count: number) => {
    const rows = Array.from({ length: count }, (_, i) => row(userId, i + 1));
    return feed().append([{ shard, sequence: 1, rows }]);
  };

  test('N1: notifications are listed newest first, as they were stored', async (t) => {
    const shard = nextShard();
    const kept = await feed().append([
      { shard, sequence: 1, rows: [row('user_1', 1), row('user_2', 2)] },
      { shard, sequence: 2, rows: [row('user_1', 3)] },
    ]);
    t.deepEqual(
      kept.map(({ userId, readAt }) => [userId, readAt]),
      [
        ['user_1', null],
        ['user_2', null],
        ['user_1', null],
      ],
    );
    const { items, nextCursor } = await feed().list('user_1', { unread: false }, first);
    t.deepEqual(items, [kept[2]!, kept[0]!]);
    t.is(nextCursor, null);
    t.deepEqual((await feed().list('user_nobody', { unread: false }, first)).items, []);
  });

  test('N7: ids rise in a feed from batch to batch, and in each', async (t) => {
    const shard = nextShard();
    const kept: Notification[] = [];
    for (let sequence = 1; sequence <= 3; sequence++) {
      const rows = [row('user_ids', 1), row('user_ids_2', 2), row('user_ids', 3)];
      kept.push(...(await feed().append([{ shard, sequence, rows }])));
    }
    for (const [userId, count] of [['user_ids', 6] as const, ['user_ids_2', 3] as const]) {
      const ids = kept.filter((one) => one.userId === userId).map(({ id }) => Number(id));
      t.deepEqual(
        ids,
        ids.toSorted((a, b) => a - b),
      );
      t.is(new Set(ids).size, count);
    }
  });

  test('N11: a batch that comes again, or late, is ignored', async (t) => {
    const shard = nextShard();
    t.is(await feed().position(shard), 0);
    await feed().append([{ shard, sequence: 5, rows: [row('user_again', 1)] }]);
    t.deepEqual(await feed().append([{ shard, sequence: 5, rows: [row('user_again', 1)] }]), []);
    const kept = await feed().append([
      { shard, sequence: 4, rows: [row('user_again', 2)] },
      { shard, sequence: 6, rows: [row('user_again', 3)] },
      { shard, sequence: 6, rows: [row('user_again', 4)] },
      { shard: nextShard(), sequence: 1, rows: [row('user_again', 5)] },
    ]);
    t.deepEqual(quantities(kept), [3, 5]);
    t.deepEqual(
      quantities((await feed().list('user_again', { unread: false }, first)).items),
      [5, 3, 1],
    );
    t.is(await feed().position(shard), 6);
  });

  test('N11: a batch without rows moves the position', async (t) => {
    const shard = nextShard();
    t.deepEqual(await feed().append([{ shard, sequence: 3, rows: [] }]), []);
    t.is(await feed().position(shard), 3);
    t.deepEqual(await feed().append([]), []);
  });

  test('N11: concurrent batches are stored in order', async (t) => {
    const shard = nextShard();
    await Promise.all(
      Array.from({ length: 10 }, (_, i) =>
        feed().append([{ shard, sequence: i + 1, rows: [row('user_at_once', i + 1)] }]),
      ),
    );
    const { items } = await feed().list('user_at_once', { unread: false }, first);
    t.deepEqual(quantities(items), [10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
  });

  test('H3: the feed is paged newest first', async (t) => {
    await fill(nextShard(), 'user_paged', 7);
    const list = (page: { limit: number; cursor: string | null }) =>
      feed().list('user_paged', { unread: false }, page);
    for (const limit of [1, 3, 7]) {
      t.deepEqual(quantities(await readAll(t, list, limit)), [7, 6, 5, 4, 3, 2, 1]);
    }
    await refusesForeignCursors(t, list);
  });

  test('N7: notifications after an id are listed oldest first, up to the limit', async (t) => {
    const kept = await fill(nextShard(), 'user_resumes', 6);
    const after = (id: string, limit: number) => feed().listAfter('user_resumes', id, limit);
    t.deepEqual(await after(kept[1]!.id, 3), kept.slice(2, 5));
    t.deepEqual(await after(kept[5]!.id, 3), []);
    t.deepEqual(await after('0', 100), kept);
    t.deepEqual(await feed().listAfter('user_nobody', '0', 100), []);
    for (const id of ['', 'x', '-1', '1.5', '01', '1e3', '99999999999999999999']) {
      await failsWith(t, 'invalid-cursor', after(id, 10));
    }
  });

  test('N1: one notification is marked as read once, by its owner only', async (t) => {
    const kept = await fill(nextShard(), 'user_reads', 3);
    t.true(await feed().markRead('user_reads', kept[1]!.id, 500));
    t.true(await feed().markRead('user_reads', kept[1]!.id, 900));
    t.false(await feed().markRead('user_other', kept[1]!.id, 500));
    t.false(await feed().markRead('user_reads', '0', 500));
    t.false(await feed().markRead('user_reads', 'nonsense', 500));
    const { items } = await feed().list('user_reads', { unread: false }, first);
    t.deepEqual(
      items.map(({ readAt }) => readAt),
      [null, 500, null],
    );
    t.is(await feed().unreadCount('user_reads'), 2);
    const unread = await feed().list('user_reads', { unread: true }, first);
    t.deepEqual(quantities(unread.items), [3, 1]);
  });

  test('N1: marking all as read leaves earlier marks and later notifications alone', async (t) => {
    const shard = nextShard();
    const [one, two] = await fill(shard, 'user_all', 2);
    await feed().markRead('user_all', one!.id, 100);
    await feed().markAllRead('user_all', 200);
    await feed().markRead('user_all', two!.id, 250);
    await feed().append([{ shard, sequence: 2, rows: [row('user_all', 3), row('user_all', 4)] }]);
    t.is(await feed().unreadCount('user_all'), 2);
    await feed().markAllRead('user_all', 300);
    await feed().append([{ shard, sequence: 3, rows: [row('user_all', 5)] }]);
    await feed().markAllRead('user_nobody', 300);
    const { items } = await feed().list('user_all', { unread: false }, first);
    t.deepEqual(
      items.map(({ readAt }) => readAt),
      [null, 300, 300, 200, 100],
    );
    t.is(await feed().unreadCount('user_all'), 1);
    t.is(await feed().unreadCount('user_nobody'), 0);
    const unread = (page: { limit: number; cursor: string | null }) =>
      feed().list('user_all', { unread: true }, page);
    t.deepEqual(quantities(await readAll(t, unread, 1)), [5]);
  });

  test('N1: marking all up to an id as read leaves later ones unread', async (t) => {
    const kept = await fill(nextShard(), 'user_up_to', 5);
    const readAts = async () => {
      const { items } = await feed().list('user_up_to', { unread: false }, first);
      return items.map(({ readAt }) => readAt).toReversed();
    };
    await feed().markAllRead('user_up_to', 100, '0');
    t.deepEqual(await readAts(), [null, null, null, null, null]);
    await feed().markRead('user_up_to', kept[0]!.id, 150);
    await feed().markAllRead('user_up_to', 200, kept[2]!.id);
    t.deepEqual(await readAts(), [150, 200, 200, null, null]);
    t.is(await feed().unreadCount('user_up_to'), 2);
    await feed().markAllRead('user_up_to', 300, kept[1]!.id);
    t.deepEqual(await readAts(), [150, 200, 200, null, null]);
    await feed().markAllRead('user_up_to', 400, '999999999999999');
    t.deepEqual(await readAts(), [150, 200, 200, 400, 400]);
    t.is(await feed().unreadCount('user_up_to'), 0);
    await failsWith(t, 'invalid-cursor', feed().markAllRead('user_up_to', 500, 'x'));
  });

  test('N1: unread notifications are paged past those read one by one', async (t) => {
    const kept = await fill(nextShard(), 'user_gaps', 9);
    for (const i of [0, 3, 4, 8]) await feed().markRead('user_gaps', kept[i]!.id, 100);
    const unread = (page: { limit: number; cursor: string | null }) =>
      feed().list('user_gaps', { unread: true }, page);
    for (const limit of [1, 2, 5]) {
      t.deepEqual(quantities(await readAll(t, unread, limit)), [8, 7, 6, 3, 2]);
    }
  });
}
