import test from 'ava';
import { applyEvent } from '../../domain/apply.ts';
import { SEGMENT_LENGTH } from '../../domain/text-index.ts';
import type { DropState } from '../../domain/drop-state.ts';
import {
  type DropSnapshot,
  encodePart,
  type PendingPart,
  restoreDrop,
  restoreSteps,
  snapshotDrop,
} from '../../storage/formats/drop-snapshot.ts';
import { addOrders, dropWith, noPause, wholeDrop } from './sealed-drops.ts';

function restore(
  snapshot: DropSnapshot,
  parts: ReadonlyMap<string, Uint8Array>,
): Promise<DropState> {
  return restoreDrop(snapshot.head, (name) => parts.get(name), restoreSteps(noPause));
}

test('J6: full segments are written once, and only what changes is written again', async (t) => {
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
  const before = wholeDrop(state);
  applyEvent(state, { type: 'order-expired', ordinal: 4 }, 9000);
  addOrders(state, state.orders.size, SEGMENT_LENGTH * 4);
  for (const part of second) stored.set(part.name, encodePart(part).bytes);
  const restored = await restore(snapshot, stored);
  t.true(wholeDrop(restored).equals(before));
  t.like(restored.orderView(3), {
    status: 'confirmed',
    paymentReference: 'other',
    userId: 'user3',
  });

  // The restored drop goes on as the original did.
  applyEvent(restored, { type: 'order-expired', ordinal: 4 }, 9000);
  addOrders(restored, restored.orders.size, SEGMENT_LENGTH * 4);
  t.true(wholeDrop(restored).equals(wholeDrop(state)));
});

test('H12: a drop of a snapshot without a revision has one that it never had before', async (t) => {
  const state = dropWith(3);
  applyEvent(state, { type: 'drop-restocked', units: 1 }, 9000);
  const { head, partNames } = snapshotDrop(state, () => false, []);
  t.is((await restore({ head, partNames }, new Map())).revision, 2);
  const { revision: _, ...old } = head;
  const restored = await restore({ head: old, partNames }, new Map());
  t.is(restored.revision, state.version);
  applyEvent(restored, { type: 'drop-restocked', units: 1 }, 9000);
  t.is(restored.revision, state.version + 1);
});

test('J5: a missing or damaged part is detected', async (t) => {
  const pending: PendingPart[] = [];
  const snapshot = snapshotDrop(dropWith(SEGMENT_LENGTH), () => false, pending);
  await t.throwsAsync(restore(snapshot, new Map()), { code: 'corrupt' });
  const parts = new Map(pending.map((part) => [part.name, Buffer.from(encodePart(part).bytes)]));
  parts.get('d_1/orders/0')![100]! ^= 1;
  await t.throwsAsync(restore(snapshot, parts), { code: 'corrupt' });
});

test('J9: a drop is restored in the memory of its parts, without copies', async (t) => {
  const pending: PendingPart[] = [];
  const snapshot = snapshotDrop(dropWith(SEGMENT_LENGTH * 2 + 10), () => false, pending);
  const parts = new Map(pending.map((part) => [part.name, encodePart(part).bytes]));
  const { users, orders } = await restore(snapshot, parts);
  for (const column of Object.values(users.segments[0]!))
    t.is(column.buffer, parts.get('d_1/users/0')!.buffer);
  for (const segment of [0, 1]) {
    const { quantities, createdAt } = orders.columns[segment]!;
    for (const column of [quantities, createdAt, ...Object.values(orders.keys.segments[segment]!)])
      t.is(column.buffer, parts.get(`d_1/orders/${segment}`)!.buffer);
  }
});

test('J6: parts that share a buffer with others are left as they are', async (t) => {
  const state = dropWith(SEGMENT_LENGTH + 10);
  const pending: PendingPart[] = [];
  const snapshot = snapshotDrop(state, () => false, pending);
  const encoded = pending.map(encodePart);
  const shared = Buffer.concat(encoded.map(({ bytes }) => bytes));
  const before = Buffer.from(shared);
  let at = 0;
  const parts = new Map(
    encoded.map(({ name, bytes }) => [name, shared.subarray(at, (at += bytes.length))]),
  );
  t.true(wholeDrop(await restore(snapshot, parts)).equals(wholeDrop(state)));
  t.true(shared.equals(before));
});

test('J6: drops are restored in steps of a few thousand orders, however divided', async (t) => {
  let pauses = 0;
  const steps = restoreSteps(async () => void (pauses += 1));
  const small = snapshotDrop(dropWith(1000), () => false, []).head;
  for (let i = 0; i < 20; i++) await restoreDrop(small, () => undefined, steps);
  // 20,000 orders and as many users.
  t.true(pauses >= 9, `${pauses} pauses`);
  t.true(pauses <= 20, `${pauses} pauses`);
});
