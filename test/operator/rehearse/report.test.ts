// What the report of a rehearsal finds wrong (X8).

import test from 'ava';
import { judge, type RehearsalEvidence } from '../../../operator/rehearse/report.ts';

const ORDERS = ['ada', 'bob'].map((userId) => {
  return { orderId: `o-${userId}`, userId, key: null, quantity: 1, status: 'confirmed' as const };
});

function goodSale(): RehearsalEvidence {
  return {
    buyers: 3,
    buyersAnswered: 3,
    stock: 2,
    drop: { stocked: 2, sold: 2, free: 0 },
    acknowledged: ORDERS.map(({ orderId, userId }) => {
      return { orderId, userId, key: 'k', holdExpiresAt: 0, pressedAgain: false };
    }),
    orders: ORDERS,
    repeats: 1,
    retried: 4,
    latencies: { p50: 3.21, p99: null },
    crowdMs: 1_500,
    watchers: 5,
    sawStart: 5,
    sawSellOut: 5,
    frames: 12,
    crowdFindings: [],
    liveFindings: [],
    shownIn: [],
    leftBehind: [],
  };
}

const failed = (change: Partial<RehearsalEvidence>) =>
  judge({ ...goodSale(), ...change })
    .filter(({ passed }) => !passed)
    .map(({ text }) => text.replaceAll(/\d+/g, 'n'));

test('X8: a good sale passes, and its figures are told', (t) => {
  t.deepEqual(failed({}), []);
  const texts = judge(goodSale()).map(({ text }) => text);
  t.true(texts.includes("2 units sold of 2, 0 oversold; 2 in the server's answer"));
  t.true(texts.includes('p50 3.2 ms, p99 -, 2 buyers answered/s, 4 requests sent again'));
});

test('X8: what is wrong fails its line', (t) => {
  const [first] = ORDERS;
  for (const change of [
    { buyersAnswered: 2 },
    { crowdFindings: ['bob got status 500'] },
    { orders: ORDERS.slice(1), drop: { stocked: 2, sold: 1, free: 1 } },
    { orders: [...ORDERS, { ...first!, orderId: 'o-2' }] },
    { sawStart: 4 },
    { sawSellOut: 4 },
    { liveFindings: ['a frame was wrong'] },
    { leftBehind: ['the drop is still there'] },
    { shownIn: ['GET /v1/drops shows d_1'] },
    { drop: { stocked: 2, sold: 3, free: -1 } },
  ] satisfies Partial<RehearsalEvidence>[])
    t.true(failed(change).length > 0, JSON.stringify(change));
  t.deepEqual(failed({ orders: [...ORDERS, { ...ORDERS[0]!, orderId: 'o-2' }] }), [
    "n units sold of n, n oversold; n in the server's answer",
    'n duplicate orders after n repeated requests',
    'n of n acknowledged orders are in the list of the drop',
  ]);
});

test('X8: with more units than buyers nobody waits for a sell-out', (t) => {
  const drop = { stocked: 9, sold: 2, free: 7 };
  t.deepEqual(failed({ buyers: 2, buyersAnswered: 2, stock: 9, drop, sawSellOut: 0 }), []);
});
