// The read models after the relay's batches: rows and notifications of events, repeats, order and
// faults.

import test from 'ava';
import { InProcessLiveBus, type LiveMessage, userTopic } from '../../../actors/live-bus.ts';
import type { DropEvent } from '../../../contracts/drop-events.ts';
import type { DropView } from '../../../contracts/drops.ts';
import type { OrderView } from '../../../contracts/orders.ts';
import { ProjectionsConsumer } from '../../../events/lists/projections-consumer.ts';
import { StoreUnavailableError } from '../../../storage/ports/journal.ts';
import { memoryStores } from '../../../storage/memory/stores.ts';
import { FIRST_PAGE, NOW } from '../../services/harness.ts';
import { batch, placed } from '../batches.ts';
import { ANY_TIME } from '../../storage/contract/order-list.ts';

const confirmed: DropEvent = { type: 'order-confirmed', ordinal: 0, reference: 'ref' };

function fail(): Promise<never> {
  return Promise.reject(new StoreUnavailableError('not now'));
}

function start() {
  const stores = memoryStores();
  const liveBus = new InProcessLiveBus();
  const received: LiveMessage[] = [];
  const consumer = new ProjectionsConsumer({ ...stores, liveBus });
  const feedOf = async (userId: string) =>
    (await stores.feed.list(userId, { unread: false }, FIRST_PAGE)).items.toReversed();
  return { stores, liveBus, received, consumer, feedOf };
}

test('N2: each end of an order becomes a notification with ids and amounts', async (t) => {
  const { consumer, feedOf } = start();
  const ordinal = 0;
  const refund = { ordinal, amount: 1, quantity: 1, restock: true, reason: null };
  const cases: [DropEvent, Partial<OrderView>, string | null, Partial<DropView>?][] = [
    [placed, { status: 'reserved' }, null],
    [placed, { status: 'confirmed' }, 'order.confirmed', { payment: 'instant' }],
    // Confirmed since: that event has a notification of its own.
    [placed, { status: 'confirmed' }, null],
    [confirmed, { status: 'confirmed' }, 'order.confirmed'],
    [{ ...confirmed, type: 'order-confirmed-late' }, { status: 'confirmed' }, 'order.confirmed'],
    [{ ...confirmed, type: 'order-failed' }, { status: 'failed' }, 'order.failed'],
    [{ type: 'order-cancelled', ordinal }, { status: 'cancelled' }, 'order.cancelled'],
    [{ type: 'order-expired', ordinal }, { status: 'expired' }, 'order.expired'],
    // Paid late since: this event is still the expiry.
    [{ type: 'order-expired', ordinal }, { status: 'confirmed' }, 'order.expired'],
    [{ type: 'order-refunded', ordinal }, { status: 'refunded' }, 'order.refunded'],
    [{ ...refund, type: 'order-rest-refunded' }, { status: 'refunded' }, 'order.refunded'],
    [
      { ...refund, type: 'order-part-refunded', number: 1 },
      { status: 'confirmed' },
      'order.partially_refunded',
    ],
  ];
  for (const [i, [event, order, type, drop]] of cases.entries()) {
    const userId = `u_${i}`;
    await consumer.consume([batch(i + 1, [[event, { ...order, userId, quantity: 2 }, drop]])]);
    const feed = await feedOf(userId);
    t.deepEqual(
      feed.map((notification) => notification.type),
      type === null ? [] : [type],
      event.type,
    );
    if (type === null) continue;
    t.is(feed[0]?.createdAt, NOW + i + 1);
    const data = {
      orderId: 'd_1-0',
      dropId: 'd_1',
      quantity: 2,
      totalAmount: 2_500,
      currency: 'EUR',
    };
    t.deepEqual(feed[0]?.data, data);
  }
});

test('P3a: a declined attempt is told to the buyer who listens, and is in no feed', async (t) => {
  const { consumer, liveBus, received, stores, feedOf } = start();
  liveBus.subscribe(userTopic('u_1'), (message) => received.push(message));
  const declined: DropEvent = { type: 'payment-declined', ordinal: 0, reference: 'ref' };
  await consumer.consume([batch(1, [[declined, { userId: 'u_1', version: 9 }]])]);
  const payment = { orderId: 'd_1-0', dropId: 'd_1', reference: 'ref' };
  t.deepEqual(received, [{ type: 'payment-failed', payment }]);
  t.deepEqual(await feedOf('u_1'), []);
  t.is((await stores.orderList.findOrder('u_1', 'd_1-0', ANY_TIME))?.version, 9);
});

test('R5: a payment that is ready is told to the buyer who listens, with the end of the hold', async (t) => {
  const { consumer, liveBus, received, feedOf } = start();
  liveBus.subscribe(userTopic('u_1'), (message) => received.push(message));
  const prepared: DropEvent = { type: 'payment-prepared', ordinal: 0, reference: 'pi_1' };
  const holdExpiresAt = NOW + 60_000;
  await consumer.consume([batch(1, [[prepared, { userId: 'u_1', holdExpiresAt }]])]);
  const payment = { orderId: 'd_1-0', dropId: 'd_1', reference: 'pi_1', holdExpiresAt };
  t.deepEqual(received, [{ type: 'payment-ready', payment }]);
  t.deepEqual(await feedOf('u_1'), []);
});

test('P4: a payment without units is notified with its refund', async (t) => {
  const { consumer, feedOf } = start();
  const event: DropEvent = { type: 'refund-requested', ordinal: 0, reference: 'ref' };
  const failed = { userId: 'u_1', status: 'failed', refundRequested: true } as const;
  await consumer.consume([
    batch(1, [
      [event, failed],
      [event, { ...failed, status: 'cancelled' }],
    ]),
  ]);
  const feed = await feedOf('u_1');
  t.deepEqual(
    feed.map(({ type, data }) => [type, data['refundRequested']]),
    [
      ['order.failed', true],
      ['order.cancelled', true],
    ],
  );
});

test('O9: orders are in the list of their user, at their latest version', async (t) => {
  const { consumer, stores } = start();
  await consumer.consume([
    batch(1, [[placed, { version: 2 }]]),
    batch(2, [[confirmed, { version: 3, status: 'confirmed' }]]),
  ]);
  const { items } = await stores.orderList.listByUser('u_buyer', FIRST_PAGE);
  t.deepEqual(
    items.map(({ id, status, version }) => [id, status, version]),
    [['d_1-0', 'confirmed', 3]],
  );
});

test('D4: a drop is listed from its creation, and its row follows its status', async (t) => {
  const { consumer, stores } = start();
  const terms = { id: 'd_1' } as DropView;
  const rowAfter = async (sequence: number, event: DropEvent, drop: Partial<DropView>) => {
    const order = event.type.startsWith('order-') ? {} : null;
    await consumer.consume([batch(sequence, [[event, order, { ...drop, version: sequence }]])]);
    return stores.catalogue.findDrop('d_1');
  };
  t.is(
    (await rowAfter(1, { type: 'drop-created', terms, stock: 10 }, { status: 'upcoming' }))?.status,
    'upcoming',
  );
  t.is((await rowAfter(2, { type: 'drop-opened' }, {}))?.status, 'live');
  // Not rewritten for each order while live: lists overlay the owner's stock.
  t.is((await rowAfter(3, placed, { held: 1, free: 9 }))?.version, 2);
  t.is((await rowAfter(4, { type: 'drop-restocked', units: 5 }, { held: 1 }))?.version, 4);
  t.is((await rowAfter(5, { type: 'drop-closed' }, { status: 'ended', held: 1 }))?.held, 1);
  t.is((await rowAfter(6, confirmed, { status: 'ended', sold: 1 }))?.sold, 1);
});

test('N11: repeated batches change nothing more', async (t) => {
  const { consumer, liveBus, received, feedOf } = start();
  liveBus.subscribe(userTopic('u_buyer'), (message) => received.push(message));
  const batches = [1, 2, 3].map((n) => batch(n, [[confirmed, { status: 'confirmed' }]]));
  await consumer.consume(batches.slice(0, 2));
  await consumer.consume(batches);
  await consumer.consume(batches);
  t.is((await feedOf('u_buyer')).length, 3);
  t.is(received.filter(({ type }) => type === 'notification').length, 3);
  t.is(await consumer.position(0), 3);
});

test('N1: notifications are published in order with their ids once they are stored', async (t) => {
  const { consumer, stores, liveBus, received, feedOf } = start();
  liveBus.subscribe(userTopic('u_buyer'), (message) => received.push(message));
  const stored = Promise.withResolvers<void>();
  const append = stores.feed.append.bind(stores.feed);
  stores.feed.append = async (batches) => {
    const notifications = await append(batches);
    await stored.promise;
    return notifications;
  };
  const late: DropEvent = { type: 'order-expired', ordinal: 1 };
  const consumed = consumer.consume([
    batch(1, [[confirmed, { status: 'confirmed' }]]),
    batch(2, [
      [late, { id: 'd_1-1', status: 'expired' }],
      [confirmed, { userId: 'u_other' }],
    ]),
  ]);
  t.deepEqual(received, []);
  stored.resolve();
  await consumed;
  const notifications = await feedOf('u_buyer');
  t.is(notifications.length, 2);
  t.deepEqual(
    received,
    notifications.map((notification) => ({ type: 'notification', notification })),
  );
});

test('J1: entries without rows move the position, each shard by itself', async (t) => {
  const { consumer } = start();
  t.is(await consumer.position(7), 0);
  await consumer.consume([batch(4, [], 7), batch(9, [[placed, {}]], 8)]);
  t.deepEqual(await Promise.all([7, 8, 9].map((shard) => consumer.position(shard))), [4, 9, 0]);
});

test('J7: a store that fails loses nothing: the repeated batches complete it', async (t) => {
  for (const broken of ['catalogue', 'orderList', 'feed'] as const) {
    const { consumer, stores, liveBus, received, feedOf } = start();
    liveBus.subscribe(userTopic('u_buyer'), (message) => received.push(message));
    const putDrops = stores.catalogue.putDrops.bind(stores.catalogue);
    const put = stores.orderList.put.bind(stores.orderList);
    const append = stores.feed.append.bind(stores.feed);
    if (broken === 'catalogue') stores.catalogue.putDrops = fail;
    if (broken === 'orderList') stores.orderList.put = fail;
    if (broken === 'feed') stores.feed.append = fail;
    const batches = [batch(1, [[{ type: 'drop-opened' }], [confirmed, { status: 'confirmed' }]])];
    await t.throwsAsync(consumer.consume(batches), { code: 'store-unavailable' });
    t.is(await consumer.position(0), 0, `the position waits for ${broken}`);
    stores.catalogue.putDrops = putDrops;
    stores.orderList.put = put;
    stores.feed.append = append;
    await consumer.consume(batches);
    t.truthy(await stores.catalogue.findDrop('d_1'));
    t.is((await stores.orderList.listByUser('u_buyer', FIRST_PAGE)).items.length, 1);
    t.is((await feedOf('u_buyer')).length, 1);
    t.is(received.length, 1);
    t.is(await consumer.position(0), 1);
  }
});

test('N2: a notification stored by a dead owner is published by the next owner', async (t) => {
  const { consumer, stores, liveBus } = start();
  const received: [string, string][] = [];
  for (const userId of ['u_1', 'u_2']) {
    liveBus.subscribe(userTopic(userId), ({ type }) => received.push([userId, type]));
  }
  const ofTwo = batch(1, [
    [confirmed, { userId: 'u_1', status: 'confirmed' }],
    [confirmed, { userId: 'u_3', status: 'confirmed' }],
  ]);
  // Another owner of the shard, on a bus without subscribers left.
  const dead = new ProjectionsConsumer({ ...stores, liveBus: new InProcessLiveBus() });
  await dead.consume([ofTwo]);
  await consumer.consume([ofTwo, batch(2, [[confirmed, { userId: 'u_2', status: 'confirmed' }]])]);
  t.deepEqual(received, [
    ['u_2', 'notification'],
    ['u_1', 'feed'],
  ]);
  await consumer.consume([batch(3, [[confirmed, { userId: 'u_2', status: 'confirmed' }]])]);
  t.is(received.length, 3);
});
