// What an operation may be and cost, and what becomes of one that is past a bound.

import test from 'ava';
import {
  GRAPHQL_ALIASES_MAX,
  GRAPHQL_REPEATS_MAX,
  GRAPHQL_SPREADS_MAX,
  GRAPHQL_TOKENS_MAX,
} from '../../../contracts/bounds.ts';
import { success } from '../../../domain/refusal.ts';
import { drop, startFixture } from '../fixture.ts';
import { ask } from './ask.ts';

const NOTHING = { items: [], nextCursor: null };

test('G2: an operation past a bound is refused before anything is read', async (t) => {
  const fixture = await startFixture(t);
  const nested = (depth: number): string =>
    depth === 0 ? 'id' : `products(first: 1) { nodes { creator { ${nested(depth - 1)} } } }`;
  const aliases = Array.from({ length: GRAPHQL_ALIASES_MAX + 1 }, (_, i) => `a${i}: __typename`);
  for (const [document, said] of [
    [`{ user(id: "u") { ${nested(5)} } }`, /depth/],
    [`{ ${aliases.join(' ')} }`, /aliases/],
    [`{ ${'__typename '.repeat(GRAPHQL_TOKENS_MAX)} }`, /tokens/],
    [`{ ${'__typename '.repeat(GRAPHQL_REPEATS_MAX + 2)} }`, /repeated/],
    [
      `{ ${'...F '.repeat(GRAPHQL_SPREADS_MAX + 1)} } fragment F on Query { __typename }`,
      /spreads/,
    ],
    ['{ drops(first: 1000000000) { nodes { id } } }', /cost/],
    ['{ drops(first: 100) { nodes { product { drops { nodes { id } } } } } }', /cost/],
    [
      `mutation { cancelOrder(input: { orderId: "o" }) { __typename } ${Array.from(
        { length: 10 },
        (_, i) => `m${i}: endOtherSessions { __typename }`,
      ).join(' ')} }`,
      /mutations/,
    ],
  ] as const) {
    const { status, json } = await ask(fixture, document, {}, { as: 'buyer' });
    t.is(status, 200, document.slice(0, 80));
    t.regex((json['errors'] as { message: string }[])[0]!.message, said);
    t.false('data' in json);
    const accept = 'application/graphql-response+json';
    const strict = await ask(fixture, document, {}, { as: 'buyer', headers: { accept } });
    t.is(strict.status, 400);
  }
  t.deepEqual(fixture.calls, []);
});

test('G2: fragments that name each other many times over are counted, not followed', async (t) => {
  const fixture = await startFixture(t);
  const fragments = Array.from(
    { length: 40 },
    (_, i) => `fragment f${i} on Query { ...f${i + 1} ...f${i + 1} }`,
  );
  const document = `{ ...f0 } ${fragments.join(' ')} fragment f40 on Query {
    drops { nodes { id } }
  }`;
  const { json } = await ask(fixture, document);
  t.regex((json['errors'] as { message: string }[])[0]!.message, /number of fields|cost/);
});

test('G2: the cost is told: a list is a read and its items, and what each item has', async (t) => {
  const fixture = await startFixture(t);
  fixture.actions['catalogue.drops'] = () => success(NOTHING);
  const cost = async (document: string, variables?: object) =>
    (await ask(fixture, document, variables)).json['extensions'];
  const max = 2_000;
  t.deepEqual(await cost('{ drops { nodes { id __typename } } __typename }'), {
    cost: { requested: 25, max },
  });
  const document = 'query ($n: Int) { drops(first: $n) { nodes { id creator { name } } } }';
  t.deepEqual(await cost(document, { n: 100 }), { cost: { requested: 205, max } });
});

test('G2: a first past the bound of pages is refused by the list itself', async (t) => {
  const fixture = await startFixture(t);
  const { data, codes } = await ask(fixture, '{ drops(first: 101) { nodes { id } } }');
  t.deepEqual(data, { drops: null });
  t.deepEqual(codes, ['invalid-request']);
});

test('G2: nobody is told the schema where introspection is off', async (t) => {
  const fixture = await startFixture(t, { introspection: false });
  const { json } = await ask(fixture, '{ __schema { queryType { name } } }');
  t.regex((json['errors'] as { message: string }[])[0]!.message, /introspection/);
  t.deepEqual((await ask(fixture, '{ __typename }')).data, { __typename: 'Query' });
});

test('G2: a page of 100 drops with product, creator and counts is one call of each kind', async (t) => {
  const fixture = await startFixture(t);
  const ids = Array.from({ length: 100 }, (_, i) => i);
  fixture.actions['catalogue.drops'] = () => {
    const items = ids.map((i) => {
      return { ...drop, id: `d_${i}`, productId: `p_${i}`, creatorId: `u_${i}` };
    });
    return success({ items, nextCursor: null });
  };
  fixture.actions['catalogue.productsById'] = ({ productIds }: { productIds: string[] }) =>
    success(
      productIds.map((id) => {
        const about = { name: id, description: '', imageUrls: [], createdAt: 0, revision: 1 };
        return { id, creatorId: 'u', ...about };
      }),
    );
  fixture.actions['accounts.profiles'] = ({ userIds }: { userIds: string[] }) =>
    success(
      userIds.map((id) => {
        return { id, name: id, followerCount: 1, followingCount: 2, createdAt: 0 };
      }),
    );
  const document = `{ drops(first: 100) { nodes {
    restId product { name creator { name } } creator { name followerCount followingCount }
  } } }`;
  const { data } = await ask(fixture, document);
  const nodes = (data['drops'] as { nodes: unknown[] }).nodes;
  t.deepEqual(nodes[99], {
    restId: 'd_99',
    product: { name: 'p_99', creator: { name: 'u' } },
    creator: { name: 'u_99', followerCount: 1, followingCount: 2 },
  });
  const called = fixture.calls.map(({ action }) => action);
  t.deepEqual(called.toSorted(), [
    'accounts.profiles',
    'accounts.profiles',
    'catalogue.drops',
    'catalogue.productsById',
  ]);
  // Of the products' creators the second time, who are known only once the products are.
  t.is((fixture.calls[1]!.params['productIds'] as string[])?.length ?? 100, 100);
  fixture.calls.length = 0;
  await ask(fixture, document);
  t.true(fixture.calls.every(({ action }) => action === 'catalogue.drops'));
});
