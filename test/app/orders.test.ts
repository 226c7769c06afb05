// Orders after they are placed: ids that name none, and who asks the drop's actor for what.

import test from 'ava';
import { Orders } from '../../app/orders.ts';
import { refusal, success } from '../../domain/refusal.ts';
import { FEATURE_LEVEL, ReachedLevel } from '../../storage/ports/feature-level.ts';
import { memoryStores } from '../../storage/memory/stores.ts';
import { orderView, ScriptedRouter } from '../services/harness.ts';

const buyer = { userId: 'u_buyer', roles: [] };
const operator = { userId: 'u_boss', roles: ['operator'] };

function start(level = FEATURE_LEVEL) {
  const router = new ScriptedRouter();
  const orders = new Orders({
    ...memoryStores(),
    router,
    levels: new ReachedLevel(level),
  });
  return { orders, router };
}

test('O9: an id that names no order is not found, and no actor is asked', async (t) => {
  const { orders, router } = start();
  for (const orderId of ['', 'd_1', 'd_1-', '-0', 'd_1-00', 'd_1-A', 'd_1-0-0', 'd 1-0']) {
    for (const action of ['get', 'cancel', 'refund'] as const) {
      const asked = await orders[action]({ caller: operator, orderId });
      t.deepEqual(asked, refusal('not-found'), `${action} ${orderId}`);
    }
  }
  t.deepEqual(router.commands, []);
});

test('O9, O12: the order’s drop is asked, for whom, and its answer is passed on', async (t) => {
  const { orders, router } = start();
  const order = orderView();
  router.answer = ({ type }) => (type === 'refund-order' ? refusal('forbidden') : success(order));
  const orderId = 'd_1-z';
  t.deepEqual(await orders.get({ caller: operator, orderId }), success(order));
  t.deepEqual(await orders.cancel({ caller: buyer, orderId }), success(order));
  t.deepEqual(await orders.refund({ caller: operator, orderId }), refusal('forbidden'));
  const target = { dropId: 'd_1', orderId };
  t.deepEqual(router.commands, [
    // Operators, too, read none but their own.
    { type: 'get-order', ...target, userId: 'u_boss' },
    { type: 'cancel-order', ...target, caller: { userId: 'u_buyer', operator: false } },
    {
      type: 'refund-order',
      ...target,
      caller: { userId: 'u_boss', operator: true },
      restock: true,
    },
  ]);
});

test('O12a: below feature level 3 an order is refunded as a whole only', async (t) => {
  const { orders, router } = start(2);
  router.answer = () => success(orderView());
  const refund = { caller: operator, orderId: 'd_1-z' };
  for (const details of [{ amount: 1 }, { quantity: 1 }, { restock: false }, { reason: 'a' }])
    t.deepEqual(await orders.refund({ ...refund, details }), refusal('unavailable'));
  t.deepEqual(router.commands, []);
  await orders.refund({ ...refund, details: {} });
  t.false('restock' in router.commands[0]!);
  const payments = await orders.payments({ caller: operator, orderId: 'd_1-z' });
  t.like(payments, { ok: true, value: { refunds: [] } }, 'an owner of level 2 names none');
});
