// Tests the checker with handwritten histories, each with one error: a checker without findings
// proves nothing until it has found something.

import test from 'ava';
import {
  ANN,
  at,
  attempt,
  BEN,
  type Case,
  DROP,
  drop,
  findings,
  goodCase,
  notice,
  order,
  terms,
} from './good-case.ts';

test('a history in which nothing is wrong has no findings', (t) => {
  t.deepEqual(findings(goodCase()), []);
});

const VIOLATIONS: [name: string, spoil: (good: Case) => void, finding: RegExp][] = [
  [
    'J4: an acknowledged order that the journal lost',
    ({ history }) =>
      history.attempts.push({
        ...attempt(at(8000, 201), 'cal', 1, order(`${DROP}-2`, 'reserved', 8)),
      }),
    /^J4: acknowledged, but not there: d1-2; round 1, a client does something: 201$/,
  ],
  [
    'J4: an order whose only attempt was refused',
    ({ history }) => {
      history.attempts[3] = attempt(at(5000, 409, 'limit-per-user'), 'ben', 1, null);
    },
    /^J4: d1-1 was made at .* when its key was refused or idle/,
  ],
  [
    'J4: an order made long after its unanswered attempt had ended, when a retry was refused',
    ({ history }) => {
      history.attempts[3] = attempt(at(4000, 0), 'ben', 1, null);
      history.attempts.push(attempt(at(5000, 409, 'drop-ended'), 'ben', 1, null));
    },
    /^J4: d1-1 was made at/,
  ],
  [
    'J4: an order that nobody placed',
    ({ history }) => history.attempts.pop(),
    /^J4: d1-1 is there, and nobody placed it$/,
  ],
  [
    'J4: an order of another quantity than asked for',
    ({ history }) => {
      history.attempts[3] = attempt(at(5000, 0), 'ben', 3, null);
    },
    /^J4: d1-1 was made at/,
  ],
  [
    'O9: an acknowledged order that an owner of the past does not know',
    ({ history }) => history.lostOrders.push(at(6500, 404, 'not-found')),
    /^O9: an order was not found; round 1, a client does something: 404 not-found$/,
  ],
  [
    'O3: two orders under one key',
    ({ events }) => events.push({ type: 'order-placed', userId: 'ann', key: 'ka', quantity: 1 }),
    /^O3: d1-0 and d1-2 are there under one key/,
  ],
  [
    'O3: a replay that gives another order',
    ({ history }) =>
      history.attempts.push({
        ...attempt(at(3800, 201), 'ann', 2, order(BEN, 'reserved', 5)),
        replayed: true,
      }),
    /^J4: acknowledged, but not there: d1-1/,
  ],
  [
    'O3: two answers under one key that both say they are the first',
    ({ history }) =>
      history.attempts.push(attempt(at(3800, 201), 'ann', 2, order(ANN, 'reserved', 3))),
    /^O3: a second "first" answer/,
  ],
  [
    'O3: a refusal under a key that has its order already',
    ({ history }) => history.attempts.push(attempt(at(6000, 409, 'sold-out'), 'ann', 2, null)),
    /^O3: d1-0 was there already; .* 409 sold-out$/,
  ],
  [
    'O2: an order shown in a state that is not in the journal',
    ({ history }) =>
      history.orders.push({ where: at(8000, 200), order: order(ANN, 'refunded', 8) }),
    /^O8: d1-0 was shown at version 8, and is confirmed at 4/,
  ],
  [
    'O2: an order shown with another status than it had at that version',
    ({ history }) => history.orders.push({ where: at(8000, 200), order: order(ANN, 'failed', 4) }),
    /^O2: d1-0 was shown as 2 failed at version 4, and is 2 confirmed there/,
  ],
  [
    'O8: an order that goes back behind an acknowledged confirmation',
    ({ history }) =>
      history.orders.push({ where: at(8000, 200), order: order(ANN, 'reserved', 3) }),
    /^O8: d1-0 went back from version 4 to 3/,
  ],
  [
    'O12: an acknowledged cancellation that does not hold',
    ({ events }) => events.splice(5, 1),
    /^O8: d1-1 was shown at version 6, and is reserved at 5/,
  ],
  [
    'S1: more units than there are',
    ({ events }) => {
      events[0] = { type: 'drop-created', terms, stock: 2 };
    },
    /^S1: d1 at version 5: 1 held, 2 sold of 2$/,
  ],
  [
    'S3: a view that does not add up',
    ({ history }) =>
      history.drops.push({
        where: at(4700, 200),
        source: 'read',
        drop: drop(4, 0, 2, { free: 3 }),
      }),
    /^S3: d1 at version 4/,
  ],
  [
    'O6: a user over the limit',
    ({ events }) => events.push({ type: 'order-placed', userId: 'ann', key: 'kc', quantity: 1 }),
    /^O6: ann has 3 units of d1, the limit 2$/,
  ],
  [
    'S5: sold out was said while units were free',
    ({ history }) =>
      history.attempts.push({
        ...attempt(at(1000, 409, 'sold-out'), 'ann', 2, null),
        refusedAt: 2,
      }),
    /^S5: version 2 was live, 4 free; .* 409 sold-out$/,
  ],
  [
    'O2: a refusal at a version that the journal never had',
    ({ history }) =>
      history.attempts.push({
        ...attempt(at(1000, 409, 'sold-out'), 'ann', 2, null),
        refusedAt: 9,
      }),
    /^O2: refused at version 9, which is not there/,
  ],
  [
    'O2: a live frame of a version that a crash took away',
    ({ history }) => {
      const where = at(5200, 200);
      const frame = { where, connection: 1, type: 'drop.stock', topic: `drop:${DROP}` };
      history.liveDrops.push({ ...frame, drop: drop(8, 2, 2) });
    },
    /^O2: d1 was shown at version 8, and the journal has 7/,
  ],
  [
    'O2: a drop shown otherwise than it was at that version',
    ({ history }) =>
      history.drops.push({ where: at(9000, 200), source: 'list', drop: drop(5, 2, 2) }),
    /^O2: d1 at version 5 was shown live, 2 held, 2 sold of 4, and is live, 1 held, 2 sold of 4/,
  ],
  [
    'O8: a read that goes back behind an acknowledged order',
    ({ history }) =>
      history.drops.push({ where: at(4900, 200), source: 'read', drop: drop(3, 2, 0) }),
    /^O8: d1 went back from version 4 to 3/,
  ],
  [
    'O8: a read after a crash that is behind a live frame from before',
    ({ history }) =>
      history.drops.push({ where: at(9000, 200, '', 2), source: 'read', drop: drop(4, 0, 2) }),
    /^O8: d1 went back from version 5 to 4/,
  ],
  [
    'N6: an older frame after a newer one',
    ({ history }) => {
      const frame = { where: at(5300, 200), connection: 1, topic: `drop:${DROP}` };
      history.liveDrops.push({ ...frame, type: 'drop.stock', drop: drop(4, 0, 2) });
    },
    /^N6: drop.stock of version 4 after 5/,
  ],
  [
    'S4: an acknowledged restock that is gone',
    ({ events }) => events.pop(),
    /^S4: d1 was restocked 0 times; 1 were acknowledged, 0 unknown/,
  ],
  [
    'P3: a payment that was taken and not kept',
    ({ history }) =>
      history.settlements.push({ where: at(5500, 200), orderId: BEN, succeeded: true }),
    /^P3: the payment was taken, and d1-1 is cancelled/,
  ],
  [
    'P4: an order that is confirmed without a payment',
    ({ history }) => history.settlements.splice(0),
    /^P4: d1-0 was confirmed, and nobody reported a payment$/,
  ],
  [
    'P4: an order whose payment is refunded and that is kept',
    (found) => found.events.push({ type: 'refund-requested', ordinal: 0, reference: 'r' }),
    /^P4: d1-0 is confirmed at version 8, and its payment is refunded$/,
  ],
  [
    'O12: an order that goes on after its refund',
    (found) =>
      found.events.push(
        { type: 'order-refunded', ordinal: 0 },
        { type: 'order-confirmed-late', ordinal: 0, reference: 'r' },
      ),
    /^O12: d1-0 is confirmed at version 9, after it was refunded$/,
  ],
  [
    'N2: a notification that is missing',
    ({ feeds }) => feeds.set('ben', []),
    /^N2: the feed of ben has order.cancelled d1-1 0 times$/,
  ],
  [
    'N2: a notification that is there twice',
    ({ feeds }) => feeds.get('ben')!.push(notice('3', 'order.cancelled', BEN)),
    /^N2: the feed of ben has order.cancelled d1-1 2 times$/,
  ],
  [
    'N2: a notification of what did not happen',
    ({ feeds }) => feeds.get('ben')!.push(notice('3', 'order.refunded', BEN)),
    /^N2: ben received order.refunded d1-1, which did not happen$/,
  ],
  [
    'N7: a live notification that came twice',
    ({ history }) => history.liveNotices.push(history.liveNotices[0]!),
    /^N7: ann received live 5, order.confirmed d1-0; the feed goes on with none/,
  ],
  [
    'N7: a notification that a resuming client never got',
    ({ feeds }) => feeds.get('ann')!.unshift(notice('4', 'order.failed', ANN)),
    /^N7: ann received live 5, .* the feed goes on with 4, order.failed d1-0/,
  ],
  [
    'O9: an order that its buyer’s list does not have',
    ({ orderLists }) => orderLists.set('ben', []),
    /^O9: the list of ben has d1-1 not at all$/,
  ],
  [
    'O9: a list that is behind',
    ({ orderLists }) => orderLists.set('ann', [order(ANN, 'reserved', 3)]),
    /^O9: the list of ann has d1-0 reserved at 3, it is confirmed at 4$/,
  ],
  [
    'D4: a drop that its creator’s list does not have',
    ({ dropLists }) => dropLists.set('cleo', []),
    /^D4: d1 is live, and listed not at all$/,
  ],
  [
    'F1: an acknowledged follow that is gone',
    ({ history, followers, following }) => {
      history.follows.pop();
      followers.set('cleo', { ids: [], count: 0 });
      following.set('ann', []);
    },
    /^F1: ann does not follow cleo/,
  ],
  [
    "F5: a follow that is only in the user's list",
    ({ following }) => following.set('ben', ['cleo']),
    /^F5: ben follows cleo in the list of ben, and not in that of cleo$/,
  ],
  [
    "F5: a follow that is only in the creator's list",
    ({ following }) => following.set('ann', []),
    /^F5: ann follows cleo in the list of cleo, and not in that of ann$/,
  ],
  [
    'F3: a count that is not the length of the list',
    ({ followers }) => followers.set('cleo', { ids: ['ann'], count: 2 }),
    /^F3: cleo has 1 followers, the count says 2$/,
  ],
  [
    'A1: an acknowledged account that is gone',
    ({ accounts }) => accounts.clear(),
    /^A1: the account of ann@example.com is not there/,
  ],
  [
    'H2: an answer of 500',
    ({ history }) => history.unexpectedAnswers.push(at(1000, 500, 'internal')),
    /^H2: an answer that no rule knows; .* 500 internal$/,
  ],
];

for (const [name, spoil, finding] of VIOLATIONS) {
  test(`the checker finds ${name}`, (t) => {
    const spoilt = goodCase();
    spoil(spoilt);
    const found = findings(spoilt);
    t.true(
      found.some((text) => finding.test(text)),
      found.join('\n') || 'nothing was found',
    );
  });
}
