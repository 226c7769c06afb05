// What a refund of the studio asks for, and which orders a search finds.

import test from 'ava';
import { leftOf, refundOf } from '../../web/studio/orders/order-refund.ts';
import { matches } from '../../web/studio/orders/order-search.ts';

const ORDER = { status: 'confirmed', totalAmount: 30_000, quantity: 3 } as const;
const ALL = { amount: '300.00', units: 3, restock: true, reason: '' };

test('U2, O12a: what is left of an order is what was not given back', (t) => {
  t.deepEqual(leftOf(ORDER), { amount: 30_000, units: 3 });
  t.deepEqual(leftOf({ ...ORDER, refundedAmount: 12_000, refundedQuantity: 1 }), {
    amount: 18_000,
    units: 2,
  });
  t.is(leftOf({ ...ORDER, refundRequested: true }), null);
  for (const status of ['reserved', 'failed', 'cancelled', 'expired', 'refunded'] as const)
    t.is(leftOf({ ...ORDER, status }), null);
});

test('U2, O12a: a refund of all that is left names no amount, and one of a part does', (t) => {
  const left = { amount: 30_000, units: 3 };
  const asked = (fields: object) => refundOf(left, 'EUR', { ...ALL, ...fields })?.body;
  t.deepEqual(asked({}), {});
  t.deepEqual(asked({ units: 1 }), {}, 'all of the money takes all units back');
  t.deepEqual(asked({ restock: false, reason: ' Broken ' }), { restock: false, reason: 'Broken' });
  t.deepEqual(asked({ amount: '100', units: 1 }), { amount: 10_000, quantity: 1 });
  t.deepEqual(asked({ amount: '100', units: 1, restock: false }), {
    amount: 10_000,
    quantity: 1,
    restock: false,
  });
  // Without units there is nothing to put on sale again.
  t.deepEqual(asked({ amount: '9,99', units: 0, restock: false }), { amount: 999 });
  for (const amount of ['300.01', '0', '', 'x', '-1', '1.999']) t.is(asked({ amount }), undefined);
  t.deepEqual(refundOf({ amount: 0, units: 1 }, 'EUR', { ...ALL, amount: '' }), {
    amount: 0,
    body: {},
  });
});

test('U2: an order is found by its number, its id, and its buyer’s name or id', (t) => {
  const order = { id: 'd_9-12', dropId: 'd_9', userId: 'u_ann' };
  const found = (words: string) => matches(order, 'Ann Ode', words);
  for (const words of ['', ' ', '#12', 'd_9-12', 'D_9', 'ann', 'ode ANN', 'u_ann #1'])
    t.true(found(words), words);
  for (const words of ['#2', 'ann bob', 'd_9-13']) t.false(found(words), words);
});
