import test from 'ava';
import { applyEvent, createDrop } from '../../domain/apply.ts';
import { mayHaveOrder, orderFilter } from '../../domain/order-filter.ts';

const NOW = 1_800_000_000_000;
/** What a message between nodes may have, far below the 1 MiB that NATS takes. */
const BYTES_MAX = 512 * 1024;
const MANY = 300_000;

function dropWith(orders: number) {
  const terms = {
    id: 'd_1',
    productId: 'p_1',
    creatorId: 'creator',
    startsAt: NOW,
    endsAt: NOW + 1000,
    unitAmount: 1,
    currency: 'EUR',
    limitPerUser: 1,
    holdSeconds: 60,
    payment: 'instant',
  } as const;
  const state = createDrop({ type: 'drop-created', terms, stock: orders }, NOW);
  applyEvent(state, { type: 'drop-opened' }, NOW);
  for (let i = 0; i < orders; i++)
    applyEvent(state, { type: 'order-placed', userId: `user-${i}`, key: 'key', quantity: 1 }, NOW);
  return state;
}

test('H7, O3, O6a: a filter knows everybody with an order, and few others', (t) => {
  const filter = orderFilter(dropWith(1000), 'user');
  let strangers = 0;
  for (let i = 0; i < 1000; i++) {
    t.true(mayHaveOrder(filter, `user-${i}`, 'key'));
    t.true(mayHaveOrder(filter, `user-${i}`, 'other'));
    if (mayHaveOrder(filter, `other-${i}`, 'key')) strangers += 1;
  }
  t.true(strangers < 150, `${strangers} of 1000`);
});

test('H7, O3: the filter for older gateways knows every pair of user and key', (t) => {
  const filter = orderFilter(dropWith(1000), undefined);
  let strangers = 0;
  for (let i = 0; i < 1000; i++) {
    t.true(mayHaveOrder(filter, `user-${i}`, 'key'));
    if (mayHaveOrder(filter, `user-${i}`, 'other')) strangers += 1;
  }
  t.true(strangers < 150, `${strangers} of 1000`);
});

test('H7: the filter of a very large drop still fits into one message between nodes', (t) => {
  const filter = orderFilter(dropWith(MANY), 'user');
  t.is(filter.bitmap.length, BYTES_MAX);
  for (let i = 0; i < MANY; i += 997) t.true(mayHaveOrder(filter, `user-${i}`, 'key'));
});
