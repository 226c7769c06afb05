// Details of orders: encrypted for each buyer, seen by few, erased for good (O14).

import { randomBytes } from 'node:crypto';
import test from 'ava';
import { DetailsCipher } from '../../app/details-cipher.ts';
import { OrderDetailsUseCases } from '../../app/order-details.ts';
import type { DropCommand } from '../../contracts/commands.ts';
import type { OrderView } from '../../contracts/orders.ts';
import { refusal, success } from '../../domain/refusal.ts';
import { memoryStores } from '../../storage/memory/stores.ts';
import { FEATURE_LEVEL, ReachedLevel } from '../../storage/ports/feature-level.ts';
import { order } from '../gateway/fixture.ts';
import { dropView, ScriptedRouter } from '../services/harness.ts';

const random = (count: number) => randomBytes(count);
const [OLD, NEW] = ['the old secret of details, long enough', 'the new secret of details, as long'];
const buyer = { userId: 'buyer', roles: [] };
const creator = { userId: 'u_creator', roles: ['creator'] };
const operator = { userId: 'boss', roles: ['operator'] };
const orderId = 'drp_1-0';
const details = { name: 'Ada Lovelace', lines: ['12 St James’s Square'], country: 'GB' };

function start(secrets: readonly string[] | null = [NEW]) {
  const stores = memoryStores();
  const router = new ScriptedRouter();
  let view: OrderView = order;
  router.answer = (command: DropCommand) => {
    if (command.type === 'get-drop') return success(dropView({ id: 'drp_1' }));
    if (command.type === 'get-order')
      return command.userId === 'buyer' ? success(view) : refusal('not-found');
    return success({ ...view, hasDetails: true });
  };
  const at = (level: number, own: readonly string[] | null = secrets) =>
    new OrderDetailsUseCases({
      ...stores,
      router,
      cipher: own === null ? null : new DetailsCipher({ secrets: own, random }),
      levels: new ReachedLevel(level),
    });
  const show = (changes: Partial<OrderView>): void => void (view = { ...order, ...changes });
  return { useCases: at(FEATURE_LEVEL), at, stores, router, show };
}

test('O14: buyer, creator and operators read what the buyer said, nobody else does', async (t) => {
  const { useCases, router } = start();
  t.deepEqual(await useCases.get({ caller: buyer, orderId }), refusal('not-found'));
  t.deepEqual(await useCases.put({ caller: buyer, orderId, details }), success(details));
  t.is(router.commands.at(-1)!.type, 'add-order-details');
  for (const caller of [buyer, creator, operator])
    t.deepEqual(await useCases.get({ caller, orderId }), success(details), caller.userId);
  const other = { userId: 'mallory', roles: ['creator'] };
  t.deepEqual(await useCases.get({ caller: other, orderId }), refusal('not-found'));
  t.deepEqual(await useCases.put({ caller: other, orderId, details }), refusal('not-found'));
  const again = { name: 'Ada King' };
  t.deepEqual(await useCases.put({ caller: buyer, orderId, details: again }), success(again));
  t.deepEqual(await useCases.get({ caller: buyer, orderId }), success(again));
  t.deepEqual([...(await useCases.read([orderId, 'drp_1-1']))], [[orderId, again]]);
});

test('O14: what is stored shows nothing of the details, and two alike are not alike', async (t) => {
  const { useCases, stores } = start();
  const stored: string[] = [];
  for (let i = 0; i < 2; i++) {
    await useCases.put({ caller: buyer, orderId, details });
    const [row] = await stores.orderDetails.find([orderId]);
    stored.push(Buffer.from(row!.bytes).toString('latin1'));
  }
  t.false(stored.some((text) => text.includes('Ada') || text.includes('GB')));
  t.not(stored[0], stored[1]);
});

test('O14: what is stored of one order or buyer opens as no other', async (t) => {
  const cipher = new DetailsCipher({ secrets: [NEW], random });
  const [key, other] = [cipher.makeKey('buyer'), cipher.makeKey('bob')];
  const row = cipher.seal('buyer', key, orderId, details);
  t.deepEqual(cipher.open(key, row), details);
  t.throws(() => cipher.open(key, { ...row, orderId: 'drp_1-1' }));
  t.throws(() => cipher.open(other, row));
  t.throws(() => cipher.open(key, { ...row, userId: 'bob' }));
  t.throws(() =>
    cipher.open(key, { ...row, bytes: row.bytes.map((byte, i) => (i === 20 ? byte ^ 1 : byte)) }),
  );
});

test('O14: an order that is over unpaid takes no details', async (t) => {
  const { useCases, stores, router, show } = start();
  for (const status of ['failed', 'cancelled', 'expired'] as const) {
    show({ status });
    t.deepEqual(await useCases.put({ caller: buyer, orderId, details }), refusal('order-over'));
  }
  // It ended between the two questions.
  show({ status: 'reserved' });
  const { answer } = router;
  router.answer = (command) =>
    command.type === 'add-order-details' ? refusal('order-over') : answer(command);
  t.deepEqual(await useCases.put({ caller: buyer, orderId, details }), refusal('order-over'));
  t.deepEqual(await stores.orderDetails.find([orderId]), [null], 'nothing personal stays');
});

test('O14: a drop that did not answer is told at the next try', async (t) => {
  const { useCases, router } = start();
  const { answer } = router;
  router.answer = (command) =>
    command.type === 'add-order-details' ? refusal('unavailable') : answer(command);
  t.deepEqual(await useCases.put({ caller: buyer, orderId, details }), refusal('unavailable'));
  router.answer = answer;
  t.deepEqual(await useCases.put({ caller: buyer, orderId, details }), success(details));
});

test('O14: an erased buyer’s details are gone, also from a copy of the store', async (t) => {
  const { useCases, stores } = start();
  await useCases.put({ caller: buyer, orderId, details });
  const [copy] = await stores.orderDetails.find([orderId]);
  t.deepEqual(await useCases.erase({ caller: buyer }), success(null));
  t.deepEqual(await useCases.get({ caller: buyer, orderId }), refusal('not-found'));
  t.is((await useCases.read([orderId])).size, 0);
  // The row comes back, as from a replica that was late; its key does not.
  const cipher = new DetailsCipher({ secrets: [NEW], random });
  await stores.orderDetails.addKey('buyer', cipher.makeKey('buyer'));
  const present = (await stores.orderDetails.findKey('buyer'))!;
  t.throws(() => cipher.open(present, copy!));
  t.deepEqual(await useCases.put({ caller: buyer, orderId, details }), success(details));
  t.deepEqual(await useCases.get({ caller: buyer, orderId }), success(details));
});

test('O14: secrets rotate: old ones unwrap, and the next write wraps with the new', async (t) => {
  const { at, stores } = start();
  await at(FEATURE_LEVEL, [OLD]).put({ caller: buyer, orderId, details });
  const before = (await stores.orderDetails.findKey('buyer'))!;
  const both = at(FEATURE_LEVEL, [NEW, OLD]);
  t.deepEqual(await both.get({ caller: buyer, orderId }), success(details));
  await both.put({ caller: buyer, orderId: 'drp_1-1', details });
  const after = (await stores.orderDetails.findKey('buyer'))!;
  t.is(after.id, before.id);
  t.not(after.secretId, before.secretId);
  const own = at(FEATURE_LEVEL, [NEW]);
  t.deepEqual(await own.get({ caller: buyer, orderId }), success(details));
  const old = at(FEATURE_LEVEL, [OLD]);
  await t.throwsAsync(old.get({ caller: buyer, orderId }), { code: 'unknown-secret' });
});

test('O14: below feature level 3, and without a secret, details are 503', async (t) => {
  const { at, stores } = start();
  const put = { caller: buyer, orderId, details };
  t.like(await at(2).put(put), { ok: false, code: 'unavailable' });
  t.like(await at(FEATURE_LEVEL, null).put(put), { ok: false, code: 'unavailable' });
  t.like(await at(FEATURE_LEVEL, null).get(put), { ok: false, code: 'unavailable' });
  t.deepEqual(await stores.orderDetails.find([orderId]), [null]);
});
