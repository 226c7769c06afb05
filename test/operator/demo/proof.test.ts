import test from 'ava';
import type { AcknowledgedOrder } from '../../../operator/demo/crowd.ts';
import type { Payment } from '../../../operator/demo/plan.ts';
import { type Evidence, type JournalOrder, prove } from '../../../operator/demo/proof.ts';

function journalOrder(name: string, status: JournalOrder['status']): JournalOrder {
  return { orderId: `order-${name}`, userId: name, key: `key-${name}`, quantity: 1, status };
}

function acknowledgedOrder({ orderId, userId, key }: JournalOrder): AcknowledgedOrder {
  return { orderId, userId, key: key ?? '', holdExpiresAt: 0, pressedAgain: false };
}

/** Two sold, one refused, one late with a refund, one that never paid. */
function goodSale(): Evidence {
  const journal = [
    journalOrder('ada', 'confirmed'),
    journalOrder('bob', 'confirmed'),
    journalOrder('cleo', 'failed'),
    journalOrder('dan', 'failed'),
    journalOrder('eve', 'expired'),
  ];
  return {
    buyers: 9,
    buyersAnswered: 9,
    stock: 2,
    drop: { held: 0, sold: 2, free: 0 },
    acknowledged: journal.map(acknowledgedOrder),
    journal,
    paymentOf: new Map<string, Payment>([
      ['order-ada', 'prompt'],
      ['order-bob', 'late'],
      ['order-cleo', 'refused'],
      ['order-dan', 'late'],
      ['order-eve', 'never'],
    ]),
    refundRequested: new Set(['order-dan']),
    webhookCalls: 4,
    repeats: 3,
    frames: 10,
    followers: 2,
    sawStart: 2,
    sawSellOut: 2,
    noticesExpected: 3,
    noticesDelivered: 3,
    reached: {
      pushesExpected: 2,
      pushes: 2,
      startsExpected: 1,
      starts: 1,
      repeats: 0,
      gone: 1,
      mailsExpected: 3,
      mails: 3,
      findings: [],
    },
    toldOf: new Map([
      ['order-ada', 1],
      ['order-bob', 1],
    ]),
    toldAgain: 0,
    toldFindings: [],
    counted: { placed: 5, units: 2 },
    ledger: { heads: 4, leaves: 9, key: 'livedrops/1+2+3', findings: [] },
    stoppedInOrder: true,
    verified: [],
    crowdFindings: [],
    paymentFindings: [],
    liveFindings: [],
  };
}

function failures(change: Partial<Evidence>): string[] {
  return prove({ ...goodSale(), ...change })
    .filter(({ passed }) => !passed)
    .map(({ text }) => text);
}

test('a good sale passes every line', (t) => {
  t.deepEqual(failures({}), []);
  t.true(prove(goodSale()).some(({ text }) => text.startsWith('2 units sold of 2')));
});

const { journal } = goodSale();
const { reached } = goodSale();
const WRONG: [title: string, change: Partial<Evidence>, line: RegExp][] = [
  [
    'R1: a buyer who was away heard nothing',
    { reached: { ...reached, pushes: 1 } },
    /^1 of 1 followers and 1 of 2 buyers/,
  ],
  [
    'R1: pushes that come again as a rule',
    { reached: { ...reached, repeats: 1 } },
    /got their push, 1 again; 1 gone browsers/,
  ],
  ['R2: a mail is missing', { reached: { ...reached, mails: 2 } }, /^2 of 3 mails/],
  [
    'R3: an order that the webhook did not tell of',
    { toldOf: new Map([['order-ada', 1]]) },
    /^1 of 2 confirmed orders reached/,
  ],
  [
    'R3: an order that the webhook told of twice',
    { toldOf: new Map([...goodSale().toldOf, ['order-bob', 2]]) },
    /^1 of 2 confirmed orders reached/,
  ],
  ['R3: a call with a wrong signature', { toldFindings: ['no'] }, /^2 of 2 confirmed orders/],
  [
    'S1: one unit too many',
    { journal: journal.map((o) => (o.userId === 'ada' ? { ...o, quantity: 2 } : o)) },
    /^3 units sold of 2/,
  ],
  ['S1: one unit too few', { drop: { held: 0, sold: 1, free: 1 } }, /units sold/],
  [
    'O3: a second order of one user',
    {
      journal: [...journal, { ...journalOrder('eve', 'expired'), orderId: 'order-2' }],
      acknowledged: [
        ...goodSale().acknowledged,
        {
          orderId: 'order-2',
          userId: 'eve',
          key: 'key-eve',
          holdExpiresAt: 0,
          pressedAgain: false,
        },
      ],
      paymentOf: new Map([...goodSale().paymentOf, ['order-2', 'never']]),
    },
    /^1 duplicate orders/,
  ],
  [
    'O2: an acknowledged order that the journal lacks',
    { journal: journal.filter(({ userId }) => userId !== 'eve') },
    /^4 of 5 acknowledged orders/,
  ],
  [
    'O2: an order that was not acknowledged',
    { acknowledged: goodSale().acknowledged.slice(1) },
    /^4 of 4 acknowledged orders/,
  ],
  [
    'P3: a paid order that failed',
    { paymentOf: new Map([...goodSale().paymentOf, ['order-cleo', 'prompt']]) },
    /orders match their payments/,
  ],
  ['P4: a late payment without unit or refund', { refundRequested: new Set() }, /^2 paid late/],
  ['a buyer without an answer', { buyersAnswered: 8 }, /^8 of 9 buyers/],
  ['N2: a follower who missed the sell-out', { sawSellOut: 1 }, /followers received/],
  ['N2: a notice that did not arrive', { noticesDelivered: 2 }, /^2 of 3 notifications/],
  ['X2: a replay that differs', { verified: ['drop x: sold 3, not 2'] }, /read models agree/],
  ['L2: analytics of other units', { counted: { placed: 5, units: 3 } }, /in the analytics/],
  ['L2: analytics that miss an order', { counted: { placed: 4, units: 2 } }, /in the analytics/],
  [
    'L1: a bundle of the ledger that is wrong',
    { ledger: { ...goodSale().ledger, findings: ['WRONG: x'] } },
    /the ledger is verified/,
  ],
  ['a verify that did not finish', { verified: null }, /read models agree/],
];
for (const [title, change, line] of WRONG) {
  test(`the proof fails on ${title}`, (t) => {
    const failed = failures(change);
    t.true(
      failed.some((text) => line.test(text)),
      failed.join('; '),
    );
  });
}
