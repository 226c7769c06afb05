import test from 'ava';
import { applyEvent, createDrop } from '../../domain/apply.ts';
import { SEGMENT_LENGTH } from '../../domain/text-index.ts';
import type { DropState } from '../../domain/drop-state.ts';
import { encodeChecksummed } from '../../storage/formats/checksummed.ts';
import {
  type DropSnapshot,
  encodePart,
  type PendingPart,
  restoreDrop,
  restoreSteps,
  snapshotDrop,
} from '../../storage/formats/drop-snapshot.ts';
import { copyDrop, decodeSealedDrop, encodeSealedDrop } from '../../storage/formats/sealed-drop.ts';

const noPause = async () => {};

function encode(state: DropState): Promise<Uint8Array> {
  return encodeSealedDrop(copyDrop(state), noPause);
}

function restore(
  snapshot: DropSnapshot,
  parts: ReadonlyMap<string, Uint8Array>,
): Promise<DropState> {
  return restoreDrop(snapshot, (name) => parts.get(name), restoreSteps(noPause));
}

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

function addOrders(state: DropState, from: number, to: number) {
  for (let i = from; i < to; i++) {
    applyEvent(
      state,
      { type: 'order-placed', userId: `user${i % 5000}`, key: `key-${i}`, quantity: 1 + (i % 3) },
      1000 + i,
    );
  }
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
  const before = await encode(state);
  applyEvent(state, { type: 'order-expired', ordinal: 4 }, 9000);
  addOrders(state, state.orders.size, SEGMENT_LENGTH * 4);
  for (const part of second) stored.set(part.name, encodePart(part).bytes);
  const restored = await restore(snapshot, stored);
  t.deepEqual(await encode(restored), before);
  t.like(restored.orderView(3), {
    status: 'confirmed',
    paymentReference: 'other',
    userId: 'user3',
  });

  // The restored drop goes on as the original did.
  applyEvent(restored, { type: 'order-expired', ordinal: 4 }, 9000);
  addOrders(restored, restored.orders.size, SEGMENT_LENGTH * 4);
  t.deepEqual(await encode(restored), await encode(state));
});

test('J5: a missing or damaged part is detected', async (t) => {
  const pending: PendingPart[] = [];
  const snapshot = snapshotDrop(dropWith(SEGMENT_LENGTH), () => false, pending);
  await t.throwsAsync(restore(snapshot, new Map()), { code: 'corrupt' });
  const parts = new Map(pending.map((part) => [part.name, Buffer.from(encodePart(part).bytes)]));
  parts.get('d_1/orders/0')![100]! ^= 1;
  await t.throwsAsync(restore(snapshot, parts), { code: 'corrupt' });
});

test('O5: a drop encoded in steps has the bytes of one step, as it was at the copy', async (t) => {
  const state = dropWith(SEGMENT_LENGTH * 3 + 10);
  applyEvent(state, { type: 'order-confirmed', ordinal: 3, reference: 'other' }, 9000);
  const copy = copyDrop(state);
  const whole = encodeChecksummed({
    snapshot: copy.snapshot,
    parts: copy.parts.map(encodePart),
  });
  let pauses = 0;
  const bytes = await encodeSealedDrop(copy, async () => {
    pauses += 1;
    applyEvent(state, { type: 'order-expired', ordinal: 3 + pauses }, 9000);
    addOrders(state, state.orders.size, state.orders.size + SEGMENT_LENGTH);
  });
  t.true(pauses > 0);
  t.true(Buffer.from(bytes).equals(whole));
  t.true(Buffer.from(await encode(await decodeSealedDrop(bytes, noPause))).equals(whole));
});

test('J5: a drop put aside that is damaged anywhere is found damaged', async (t) => {
  const bytes = Buffer.from(await encode(dropWith(SEGMENT_LENGTH * 5)));
  // Beyond the first step, at both ends, and cut short.
  for (const at of [0, 10, bytes.length >> 1, bytes.length - 1]) {
    const damaged = Buffer.from(bytes);
    damaged[at]! ^= 1;
    await t.throwsAsync(decodeSealedDrop(damaged, noPause), { code: 'corrupt' });
  }
  await t.throwsAsync(decodeSealedDrop(bytes.subarray(0, -1), noPause), { code: 'corrupt' });
});

test('J6: drops are restored in steps of a few thousand orders, however divided', async (t) => {
  let pauses = 0;
  const steps = restoreSteps(async () => void (pauses += 1));
  const small = copyDrop(dropWith(1000)).snapshot;
  for (let i = 0; i < 20; i++) await restoreDrop(small, () => undefined, steps);
  // 20,000 orders and as many users.
  t.true(pauses >= 9, `${pauses} pauses`);
  t.true(pauses <= 20, `${pauses} pauses`);
});
