// The list of payments that operators must look at, from events: what each event does, repeats,
// faults, and the same list from a journal that is read again.

import test from 'ava';
import pino from 'pino';
import type { FactBatch } from '../../../actors/shard/facts.ts';
import type { DropEvent } from '../../../contracts/drop-events.ts';
import { PaymentProblemsConsumer } from '../../../events/payments/payment-problems-consumer.ts';
import { memoryStores } from '../../../storage/memory/stores.ts';
import { StoreUnavailableError } from '../../../storage/ports/journal.ts';
import { ManualClock } from '../../actors/manual-clock.ts';
import { FIRST_PAGE, NOW } from '../../services/harness.ts';
import { batch, placed } from '../batches.ts';

const log = pino({ level: 'silent' });
const ordinal = 0;
const order = { id: 'd_1-0', dropId: 'd_1', totalAmount: 2_500, currency: 'EUR' };
const rejected: DropEvent = {
  type: 'payment-rejected',
  ordinal,
  reference: 'wrong',
  amount: 100,
  currency: 'JPY',
  reason: 'wrong-amount',
};
const disputed: DropEvent = {
  type: 'payment-disputed',
  ordinal,
  reference: 'right',
  amount: 600,
  currency: 'EUR',
};
const lost: DropEvent = { type: 'dispute-closed', ordinal, reference: 'right', outcome: 'lost' };
const refunded: DropEvent = {
  type: 'payment-refunded',
  ordinal,
  reference: 'wrong',
  amount: 100,
  currency: 'JPY',
};
const voided: DropEvent = { type: 'payment-voided', ordinal, reference: 'card' };

/** The journal of one shard: an entry for each event. */
const JOURNAL: readonly FactBatch[] = [placed, rejected, disputed, lost, voided, refunded].map(
  (event, i) => batch(i + 1, [[event, order]]),
);

function start(stores = memoryStores()) {
  const clock = new ManualClock(NOW);
  const consumer = new PaymentProblemsConsumer({ ...stores, clock, log });
  const list = async (filter = {}) => (await stores.paymentProblems.list(filter, FIRST_PAGE)).items;
  return { stores, clock, consumer, list };
}

test('P2a, P7: rejected, disputed and voided payments are listed with how they end', async (t) => {
  const { consumer, list } = start();
  await consumer.consume(JOURNAL.slice(0, 3));
  const about = { orderId: 'd_1-0', dropId: 'd_1', orderAmount: 2_500, orderCurrency: 'EUR' };
  t.like(await list(), [
    { ...about, kind: 'disputed', open: true, amount: 600, openedAt: NOW + 3, reason: null },
    {
      ...about,
      kind: 'rejected',
      open: true,
      reference: 'wrong',
      amount: 100,
      currency: 'JPY',
      reason: 'wrong-amount',
      openedAt: NOW + 2,
    },
  ]);
  await consumer.consume(JOURNAL.slice(3));
  t.like(await list(), [
    { kind: 'voided', open: false, outcome: null, closedAt: null, amount: 2_500, currency: 'EUR' },
    { kind: 'disputed', open: false, outcome: 'lost', closedAt: NOW + 4 },
    { kind: 'rejected', open: false, outcome: 'refunded', closedAt: NOW + 6 },
  ]);
});

test('N11: batches that come again, from any of them, change nothing', async (t) => {
  const { consumer, list } = start();
  await consumer.consume(JOURNAL);
  const before = await list();
  for (let from = 0; from < JOURNAL.length; from++) await consumer.consume(JOURNAL.slice(from));
  t.deepEqual(await list(), before);
});

test('J1: a journal that is read again from its start gives the same list', async (t) => {
  const live = start();
  for (const one of JOURNAL) await live.consumer.consume([one]);
  await live.consumer.stop();
  const again = start();
  t.is(await again.consumer.position(0), 0, 'a store of an earlier release');
  await again.consumer.consume(JOURNAL);
  t.deepEqual(await again.list(), await live.list());
});

test('J1: where retention has removed the start, the list begins at the newest snapshot', async (t) => {
  const { stores, consumer, list } = start();
  stores.journal.removed = async () => 2;
  t.is(await consumer.position(0), 0, 'no snapshot');
  stores.snapshots.snapshotSequence = async () => 3;
  t.is(await consumer.position(0), 3);
  await consumer.consume(JOURNAL.slice(3));
  stores.snapshots.snapshotSequence = () => Promise.reject(new Error('it is asked once'));
  t.is(await consumer.position(0), 6);
  t.deepEqual(
    (await list()).map(({ kind }) => kind),
    ['voided'],
  );
});

test('N11: the position is stored with rows at once, and without rows late', async (t) => {
  const { consumer, clock } = start();
  await consumer.consume(JOURNAL.slice(0, 1));
  t.is(await consumer.position(0), 0);
  await clock.advance(1_000);
  t.is(await consumer.position(0), 1);
  await consumer.consume(JOURNAL.slice(1, 2));
  t.is(await consumer.position(0), 2);
  await consumer.consume([batch(3, [[placed, order]])]);
  await consumer.stop();
  t.is(await consumer.position(0), 3);
});

test('N11: what could not be stored is not passed, and is stored when it comes again', async (t) => {
  const { stores, clock, consumer, list } = start();
  const store = stores.paymentProblems.store.bind(stores.paymentProblems);
  stores.paymentProblems.store = () => Promise.reject(new StoreUnavailableError('not now'));
  await t.throwsAsync(consumer.consume(JOURNAL.slice(0, 3)), { code: 'store-unavailable' });
  stores.paymentProblems.store = store;
  await clock.advance(5_000);
  t.is(await consumer.position(0), 0);
  await consumer.consume(JOURNAL.slice(0, 3));
  t.is((await list()).length, 2);
  t.is(await consumer.position(0), 3);
});

test('P2a: the counts are read anew for the metrics', async (t) => {
  const { consumer, clock } = start();
  t.is(consumer.counts(), null);
  consumer.start();
  await clock.advance(0);
  await consumer.consume(JOURNAL.slice(0, 2));
  await clock.advance(5_000);
  t.deepEqual(
    consumer.counts()?.filter(({ count }) => count > 0),
    [{ kind: 'rejected', open: true, count: 1 }],
  );
  await consumer.stop();
});
