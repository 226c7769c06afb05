import test from 'ava';
import { applyEvent, createDrop } from '../../domain/apply.ts';
import { SEGMENT_LENGTH } from '../../domain/text-index.ts';
import { encodeSealedDrop, restoreDrop, snapshotDrop } from '../../storage/drop-snapshot.ts';
import type { SnapshotPart } from '../../storage/snapshots.ts';

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
    applyEvent(state, { type: 'order-placed', userId: `user${i % 5000}`, key: `key-${i}`, quantity: 1 + (i % 3) }, 1000 + i);
  }
}

test('J6: full segments are written once, and only what changes is written again', (t) => {
  const state = dropWith(SEGMENT_LENGTH * 2 + 10);
  const first: SnapshotPart[] = [];
  const names = snapshotDrop(state, () => true, first).partNames;
  t.deepEqual(names, ['d_1/users/0', 'd_1/orders/0', 'd_1/orders/1']);

  applyEvent(state, { type: 'order-confirmed', ordinal: 3, reference: 'other' }, 9000);
  addOrders(state, state.orders.size, SEGMENT_LENGTH * 3 + 1);
  const second: SnapshotPart[] = [];
  const stored = new Set(names);
  const snapshot = snapshotDrop(state, (name) => !stored.has(name), second);
  t.deepEqual(second.map((part) => part.name), ['d_1/orders/2']);

  const parts = new Map([...first, ...second].map((part) => [part.name, part.bytes]));
  const restored = restoreDrop(snapshot, (name) => parts.get(name));
  t.deepEqual(encodeSealedDrop(restored), encodeSealedDrop(state));
  t.like(restored.orderView(3), { status: 'confirmed', paymentReference: 'other', userId: 'user3' });
  // It goes on as the original would.
  addOrders(restored, restored.orders.size, SEGMENT_LENGTH * 4);
  addOrders(state, state.orders.size, SEGMENT_LENGTH * 4);
  t.deepEqual(encodeSealedDrop(restored), encodeSealedDrop(state));
});

test('J5: a missing or damaged part is detected', (t) => {
  const parts: SnapshotPart[] = [];
  const snapshot = snapshotDrop(dropWith(SEGMENT_LENGTH), () => true, parts);
  t.throws(() => restoreDrop(snapshot, () => undefined), { code: 'corrupt' });
  const damaged = parts.map((part) => ({ ...part, bytes: Buffer.from(part.bytes) }));
  damaged[1]!.bytes[100]! ^= 1;
  t.throws(() => restoreDrop(snapshot, (name) => damaged.find((part) => part.name === name)?.bytes), { code: 'corrupt' });
});
