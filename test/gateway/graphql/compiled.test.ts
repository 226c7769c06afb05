// A query that is compiled, once it came often, answers as one that is executed.

import test from 'ava';
import { getIntrospectionQuery } from 'graphql';
import { success } from '../../../domain/refusal.ts';
import { drop, order, startFixture } from '../fixture.ts';
import { ask } from './ask.ts';

const QUERIES: readonly (readonly [string, object?])[] = [
  ['{ __typename drops { edges { cursor node { id unitAmount { decimal digits } } } } }'],
  ['query A($n: Int = 7, $s: DropStatus) { drops(first: $n, status: $s) { nodes { status } } }'],
  ['query B($s: DropStatus!) { drops(status: $s) { nodes { __typename } } }', { s: 'LIVE' }],
  [
    `query C($yes: Boolean!, $no: Boolean!) {
      drops { nodes { id @include(if: $yes) free @skip(if: $yes) ...F @include(if: $no) } }
      again: drops(first: 1) { nodes { ...F ... on Drop { sold } } }
    } fragment F on Drop { stocked product { name } creator { name } }`,
    { yes: true, no: false },
  ],
  ['{ drop(id: "drp_1") { orders(since: "2026-01-01T00:00:00Z") { nodes { id } } } }'],
  ['{ drop(id: "drp_1") { orders(since: "yesterday") { nodes { id } } } }'],
  ['query D($t: DateTime) { drop(id: "drp_1") { orders(since: $t) { nodes { id } } } }', { t: 1 }],
  [
    '{ search(q: "x", min: 100, max: 5000000000, currency: "EUR", sort: PRICE) ' +
      '{ nodes { name } } }',
  ],
  [
    'query E($i: [ID!]!) { nodes(ids: $i) { id ... on Drop { free } } }',
    { i: ['RHJvcDpkcnBfMQ=='] },
  ],
  ['query F($i: ID!) { node(id: $i) { __typename id } }', { i: 'RHJvcDpkcnBfMQ==' }],
  ['query G($i: ID!) { node(id: $i) { id } }', { i: 'nothing' }],
  ['query H($n: Int!) { drops(first: $n) { nodes { id } } }', { n: 101 }],
  ['query I($n: Int!) { drops(first: $n) { nodes { id } } }', { n: 'many' }],
  ['query J($n: Int!) { drops(first: $n) { nodes { id } } }', {}],
  ['{ viewer { orders { nodes { id restId drop { free } } } account { email } } }'],
  ['{ user(id: "nobody") { name } suggest(q: "x") { restId } }'],
  [getIntrospectionQuery()],
];

test('G2: a compiled query answers as it did before it was compiled', async (t) => {
  const fixture = await startFixture(t);
  fixture.router.answer = () => success(drop);
  fixture.actions['catalogue.drops'] = () => success({ items: [drop], nextCursor: 'next' });
  fixture.actions['orders.list'] = () => success({ items: [order], nextCursor: null });
  fixture.actions['orders.ofDrop'] = () =>
    success({ items: [order], nextCursor: null, version: 1 });
  fixture.actions['search.find'] = () =>
    success({ result: { items: [], nextCursor: null, counts: null, corrections: [] }, lagMs: 0 });
  fixture.actions['catalogue.productsById'] = () => ({ ok: false, code: 'unavailable' });
  for (const [query, variables] of QUERIES) {
    const texts: string[] = [];
    for (let times = 0; times < 20; times++)
      texts.push((await ask(fixture, query, variables, { as: 'buyer' })).text);
    t.is(texts[1], texts[0], query);
    t.deepEqual(JSON.parse(texts.at(-1)!), JSON.parse(texts[0]!), query);
  }
});
