import test from 'ava';
import { applyEvent, createDrop } from '../../domain/apply.ts';
import { SEGMENT_LENGTH } from '../../domain/text-index.ts';
import {
  encodePart,
  encodeSealedDrop,
  type PendingPart,
  restoreDrop,
  snapshotDrop,
} from '../../storage/drop-snapshot.ts';

function dropWith(orders: number) {
  const terms = {
    id: 'd_1',
    productId: 'p_1',
    creatorId: 'c',
    startsAt: 0,
    endsAt: 1e9,
    priceCents: 1,
    currency: 'EUR',
    limitPerUser: 10,
    holdSeconds: 60,
    payment: 'provider',
  } as const;
  const state = createDrop({ type: 'drop-created', terms, stock: 1_000_000 }, 1);
  applyEvent(state, { type: 'drop-opened' }, 1);
  addOrders(state, 0, orders);
  return state;
}

function addOrders(state: ReturnType<typeof dropWith>, from: number, to: number) {
  for (let i = from; i < to; i++) {
    applyEvent(
      state,
      { type: 'order-placed', userId: `user${i % 5000}`, key: `key-${i}`, quantity: 1 + (i % 3) },
      1000 + i,
    );
  }
}

test('J6: full segments are written once, and only what changes is written again', (t) => {
  const state = dropWith(SEGMENT_LENGTH * 2 + 10);
  const first: PendingPart[] = [];
  const names = snapshotDrop(state, () => false, first).partNames;
  t.deepEqual(first.map((part) => part.name.replace(/\/\d+$/, '')).toSorted(), [
    'd_1/orders',
    'd_1/orders',
    'd_1/states/0',
    'd_1/states/1',
    'd_1/users',
  ]);
  const stored = new Map(first.map((part) => [part.name, encodePart(part).bytes]));

  applyEvent(state, { type: 'order-confirmed', ordinal: 3, reference: 'other' }, 9000);
  addOrders(state, state.orders.size, SEGMENT_LENGTH * 3 + 1);
  const second: PendingPart[] = [];
  const snapshot = snapshotDrop(state, (name) => stored.has(name), second);
  t.deepEqual(second.map((part) => part.name.replace(/\/\d+$/, '')).toSorted(), [
    'd_1/orders',
    'd_1/states/0',
    'd_1/states/2',
  ]);
  t.false(snapshot.partNames.includes(names.find((name) => name.startsWith('d_1/states/0'))!));

  // What goes on before the parts are encoded does not reach them.
  const before = encodeSealedDrop(state);
  applyEvent(state, { type: 'order-expired', ordinal: 4 }, 9000);
  addOrders(state, state.orders.size, SEGMENT_LENGTH * 4);
  for (const part of second) stored.set(part.name, encodePart(part).bytes);
  const restored = restoreDrop(snapshot, (name) => stored.get(name));
  t.deepEqual(encodeSealedDrop(restored), before);
  t.like(restored.orderView(3), {
    status: 'confirmed',
    paymentReference: 'other',
    userId: 'user3',
  });

  // The restored drop goes on as the original did.
  applyEvent(restored, { type: 'order-expired', ordinal: 4 }, 9000);
  addOrders(restored, restored.orders.size, SEGMENT_LENGTH * 4);
  t.deepEqual(encodeSealedDrop(restored), encodeSealedDrop(state));
});

test('J5: a missing or damaged part is detected', (t) => {
  const pending: PendingPart[] = [];
  const snapshot = snapshotDrop(dropWith(SEGMENT_LENGTH), () => false, pending);
  t.throws(() => restoreDrop(snapshot, () => undefined), { code: 'corrupt' });
  const parts = new Map(pending.map((part) => [part.name, Buffer.from(encodePart(part).bytes)]));
  parts.get('d_1/orders/0')![100]! ^= 1;
  t.throws(() => restoreDrop(snapshot, (name) => parts.get(name)), { code: 'corrupt' });
});
