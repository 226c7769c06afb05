// What every driver whose read models can be lost must do to get them back from the journal. Each
// test has shards and users of its own.

import test from 'ava';
import type { OrderView } from '../../../contracts/orders.ts';
import { StoreUnavailableError } from '../../../storage/ports/journal.ts';
import type { OrderChange, OrderChanges } from '../../../storage/ports/read-models.ts';
import type { Stores } from '../../../storage/ports/stores.ts';
import { restoreFrom, WrittenJournals } from '../replayed-journals.ts';
import { failsWith } from './errors.ts';
import { orderView } from './order-list.ts';

type RestoredStores = Pick<Stores, 'readModels' | 'orderList' | 'feed'>;

export interface RestoreContract {
  readonly stores: () => RestoredStores;
  /** Takes away what the users' feeds and lists of orders have; their read marks stay. */
  readonly lose: (userIds: readonly string[]) => Promise<void>;
}

const PAGE = { limit: 100, cursor: null };
const nobody = () => false;
const everybody = () => true;

/** Journals that a test writes, as far as read models see them. */
class Journals {
  readonly batches: OrderChanges[] = [];
  readonly #readModels;
  readonly #prefix: string;
  readonly #shardFirst: number;
  readonly #now: () => number;
  #orders = 0;

  constructor(readModels: Stores['readModels'], nth: number, now: () => number) {
    this.#readModels = readModels;
    this.#prefix = `lost${nth}`;
    this.#shardFirst = nth * 2;
    this.#now = now;
  }

  get shards(): number[] {
    return [...new Set(this.batches.map(({ shard }) => shard))];
  }

  user(n: number): string {
    return `${this.#prefix}_${n}`;
  }

  /** An entry with one order of each of the users, in one of two journals by turns. */
  async order(users: readonly number[], changes: Partial<OrderView> = {}): Promise<OrderView[]> {
    const dropId = `drop_${this.#prefix}${this.batches.length % 2}`;
    const time = this.#now();
    const orders = users.map((n) => {
      this.#orders += 1;
      const id = `${dropId}-${this.#orders.toString(36)}`;
      const createdAt = time;
      const version = this.#orders;
      return orderView(id, this.user(n), { dropId, createdAt, version, ...changes });
    });
    const notificationType = changes.status === 'reserved' ? null : 'order.confirmed';
    await this.tell(orders, notificationType, time);
    return orders;
  }

  async tell(
    orders: readonly OrderView[],
    notificationType: OrderChange['notificationType'],
    time = this.#now(),
  ): Promise<void> {
    const shard = this.#shardFirst + Number(orders[0]!.dropId.at(-1));
    const sequence = this.batches.filter((batch) => batch.shard === shard).length + 1;
    const rows = orders.map((order) => ({ order, notificationType, refundRequested: false }));
    const batch = { shard, sequence, time, rows };
    this.batches.push(batch);
    await this.#readModels.store([batch], nobody);
  }

  /** As far as they are written. */
  replayed(): WrittenJournals {
    const journals = this.shards.map((shard) => ({
      shard,
      sequence: this.batches.filter((batch) => batch.shard === shard).length,
    }));
    return new WrittenJournals(this.batches, journals);
  }

  async restore(write: boolean) {
    const missing = await restoreFrom(this.#readModels, this.replayed(), write);
    const sum = (name: 'orders' | 'notifications') =>
      missing.reduce((total, row) => total + row[name], 0);
    return { orders: sum('orders'), notifications: sum('notifications') };
  }
}

export function restoreContract({ stores, lose }: RestoreContract): void {
  let made = 0;
  let time = 10_000;
  const journals = () => new Journals(stores().readModels, ++made, () => ++time);
  const seen = async (userId: string) => ({
    orders: (await stores().orderList.listByUser(userId, PAGE)).items,
    feed: (await stores().feed.list(userId, { unread: false }, PAGE)).items,
    unread: (await stores().feed.list(userId, { unread: true }, PAGE)).items,
    later: await stores().feed.listAfter(userId, '0', 100),
    unreadCount: await stores().feed.unreadCount(userId),
  });
  const nothing = { orders: 0, notifications: 0 };
  const confirmed = { status: 'confirmed' } as const;
  const idsIn = (items: readonly { data: object }[]) =>
    items.map(({ data }) => (data as { orderId: string }).orderId);

  test.serial('J1: lost lists and feeds are restored as they were, with read marks', async (t) => {
    const written = journals();
    const [ann, ben, cal] = [written.user(1), written.user(2), written.user(3)];
    for (let n = 0; n < 12; n++) await written.order([1, 2, 3], confirmed);
    const waiting = await written.order([1, 3], { status: 'reserved' });
    const { feed } = stores();
    await feed.markAllRead(ann, 90_001);
    await written.order([1, 2], confirmed);
    await written.order([3, 1], confirmed);
    const { items } = await feed.list(ann, { unread: true }, PAGE);
    t.is(items.length, 2);
    await feed.markRead(ann, items[0]!.id, 90_002);
    await feed.markRead(ben, (await feed.list(ben, { unread: true }, PAGE)).items[4]!.id, 90_003);
    const paid = waiting.map((order) => ({
      ...order,
      ...confirmed,
      version: order.version + 100,
    }));
    await written.tell(paid, 'order.confirmed');
    const before = await Promise.all([seen(ann), seen(ben), seen(cal)]);
    t.deepEqual(await written.restore(false), nothing);

    await lose([ann, ben]);
    t.deepEqual([(await seen(ann)).orders, (await seen(ben)).feed], [[], []]);
    t.deepEqual(await written.restore(false), { orders: 28, notifications: 28 });
    t.deepEqual((await seen(ann)).feed, [], 'a look changes nothing');
    t.deepEqual(await written.restore(true), { orders: 28, notifications: 28 });
    t.deepEqual(await Promise.all([seen(ann), seen(ben), seen(cal)]), before);
    t.is(before[0].unreadCount, 2);
    t.deepEqual(await written.restore(true), nothing);
    const again = await stores().readModels.store(written.batches, everybody);
    t.deepEqual(again, [], 'what the relay brings again is still known');
  });

  test.serial(
    'J1, O12a: what was told before a refund is not missing, and restored so',
    async (t) => {
      const written = journals();
      const [ann, ben] = [written.user(1), written.user(2)];
      const [first, second] = await written.order([1, 2], confirmed);
      const part = { ...first!, version: 101, refundedAmount: 40 };
      await written.tell([part], 'order.partially_refunded');
      const further = { ...part, version: 102, refundedAmount: 60, refundedQuantity: 1 };
      await written.tell([further], 'order.partially_refunded');
      const refunded = { status: 'refunded', refundedAmount: 100, refundedQuantity: 2 } as const;
      await written.tell([{ ...further, ...refunded, version: 103 }], 'order.refunded');
      await written.tell(
        [{ ...second!, version: 104, refundedAmount: 5 }],
        'order.partially_refunded',
      );
      const before = await Promise.all([seen(ann), seen(ben)]);
      t.deepEqual(await written.restore(false), nothing);

      await lose([ann, ben]);
      t.deepEqual(await written.restore(true), { orders: 2, notifications: 6 });
      t.deepEqual(await Promise.all([seen(ann), seen(ben)]), before);
      t.deepEqual(await written.restore(true), nothing);
    },
  );

  test.serial('J1: rows after the loss stay the newest, and no row is there twice', async (t) => {
    const written = journals();
    const ann = written.user(1);
    for (let n = 0; n < 5; n++) await written.order([1, 2], confirmed);
    await lose([ann]);
    for (let n = 0; n < 3; n++) await written.order([2, 1], confirmed);
    t.deepEqual(await written.restore(true), { orders: 5, notifications: 5 });
    const { orders, feed, unreadCount } = await seen(ann);
    const wanted = written.batches
      .flatMap(({ rows }) => rows.map(({ order }) => order))
      .filter(({ userId }) => userId === ann)
      .reverse();
    t.deepEqual(orders, wanted);
    t.deepEqual(
      idsIn(feed),
      wanted.map(({ id }) => id),
    );
    t.is(unreadCount, 8);
    t.deepEqual(await written.restore(true), nothing);
  });

  test.serial('J1: orders that come during a restore are all there once', async (t) => {
    const written = journals();
    const users = Array.from({ length: 20 }, (_, n) => n);
    for (let n = 0; n < 10; n++) await written.order(users, confirmed);
    await lose(users.map((n) => written.user(n)));
    const restored = written.restore(true);
    for (let n = 0; n < 20; n++) await written.order(users, confirmed);
    t.deepEqual(await restored, { orders: 200, notifications: 200 });
    for (const n of users) {
      const { orders, feed, unreadCount } = await seen(written.user(n));
      t.is(new Set(idsIn(feed)).size, 30);
      t.deepEqual([feed.length, orders.length, unreadCount], [30, 30, 30]);
      t.deepEqual(
        idsIn(feed),
        orders.map(({ id }) => id),
        'newest first, both',
      );
    }
    t.deepEqual(await written.restore(true), nothing);
  });

  test.serial('J1: a restore that failed half way is continued', async (t) => {
    const written = journals();
    const [ann, ben] = [written.user(1), written.user(2)];
    for (let n = 0; n < 12; n++) await written.order([1, 2], confirmed);
    const before = await Promise.all([seen(ann), seen(ben)]);
    await lose([ann, ben]);
    const failing = written.replayed();
    failing.users = async function* (bucketsMax) {
      let portions = 0;
      for await (const portion of written.replayed().users(bucketsMax)) {
        if (++portions > 4) throw new StoreUnavailableError('it has gone');
        yield portion;
      }
    };
    await failsWith(t, 'store-unavailable', restoreFrom(stores().readModels, failing, true));
    await written.restore(true);
    t.deepEqual(await Promise.all([seen(ann), seen(ben)]), before);
  });

  test.serial(
    'J1: an aborted restore ends at the next portion, and the next one restores',
    async (t) => {
      const written = journals();
      const users = Array.from({ length: 12 }, (_, n) => n);
      for (let n = 0; n < 3; n++) await written.order(users, confirmed);
      const before = await Promise.all(users.map((n) => seen(written.user(n))));
      await lose(users.map((n) => written.user(n)));
      const aborter = new AbortController();
      const reason = new Error('not any more');
      let portions = 0;
      const watched = written.replayed();
      watched.users = async function* (bucketsMax) {
        for await (const portion of written.replayed().users(bucketsMax)) {
          if (++portions === 3) aborter.abort(reason);
          yield portion;
        }
      };
      const error = await t.throwsAsync(
        restoreFrom(stores().readModels, watched, true, aborter.signal),
      );
      t.is(error, reason);
      t.true(portions <= 4, `${portions} portions were read`);
      await written.restore(true);
      t.deepEqual(await Promise.all(users.map((n) => seen(written.user(n)))), before);
      t.deepEqual(await written.restore(true), nothing);
    },
  );
}
