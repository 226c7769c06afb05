import test from 'ava';
import { success } from '../../../domain/refusal.ts';
import { drop, NOW, order, startFixture } from '../fixture.ts';
import { ask } from './ask.ts';

const product = {
  id: 'prd_1',
  creatorId: 'creator',
  name: 'Shoe',
  description: '',
  imageUrls: ['https://shop.example/shoe.jpg'],
  createdAt: NOW,
  revision: 1,
};
const profile = {
  id: 'creator',
  name: 'Ada',
  followerCount: 2,
  followingCount: 0,
  createdAt: NOW,
};
const DROP_NODE = 'RHJvcDpkcnBfMQ==';

test('G1: a page of drops with product, creator, money and times', async (t) => {
  const fixture = await startFixture(t);
  fixture.actions['catalogue.drops'] = () => success({ items: [drop], nextCursor: 'next' });
  fixture.actions['catalogue.productsById'] = () => success([product]);
  fixture.actions['accounts.profiles'] = () => success([profile]);
  const { status, json } = await ask(
    fixture,
    `{ drops(first: 1, status: LIVE) {
      edges { cursor node {
        id restId status startsAt paused access unitAmount { amount currency digits decimal }
        product { id name imageUrls } creator { name followerCount }
      } }
      pageInfo { hasNextPage endCursor }
    } }`,
  );
  t.is(status, 200);
  t.is(json['errors'], undefined);
  t.deepEqual(json['data'], {
    drops: {
      edges: [
        {
          cursor: 'next',
          node: {
            id: DROP_NODE,
            restId: 'drp_1',
            status: 'LIVE',
            startsAt: '2026-03-01T11:59:59.000Z',
            paused: false,
            access: 'PUBLIC',
            unitAmount: { amount: 1500, currency: 'EUR', digits: 2, decimal: '15.00' },
            product: {
              id: 'UHJvZHVjdDpwcmRfMQ==',
              name: 'Shoe',
              imageUrls: ['https://shop.example/shoe.jpg'],
            },
            creator: { name: 'Ada', followerCount: 2 },
          },
        },
      ],
      pageInfo: { hasNextPage: true, endCursor: 'next' },
    },
  });
  t.like(fixture.calls[0], { params: { status: 'live', page: { limit: 1, cursor: null } } });
});

test('G1: a list goes on behind any of its edges', async (t) => {
  const fixture = await startFixture(t);
  const all = Array.from({ length: 10 }, (_, i) => ({ ...drop, id: `d_${i}` }));
  fixture.actions['catalogue.drops'] = ({
    page: { limit, cursor },
  }: {
    page: { limit: number; cursor: string | null };
  }) => {
    const from = cursor === null ? 0 : Number(cursor);
    const end = from + limit;
    const nextCursor = end < all.length ? String(end) : null;
    return success({ items: all.slice(from, end), nextCursor });
  };
  const page = async (first: number, after: string | null) => {
    const document = `query ($first: Int, $after: String) {
      drops(first: $first, after: $after) {
        edges { cursor node { restId } } pageInfo { hasNextPage hasPreviousPage }
      }
    }`;
    const { data } = await ask(fixture, document, { first, after });
    const { edges, pageInfo } = data['drops'] as {
      edges: { cursor: string; node: { restId: string } }[];
      pageInfo: object;
    };
    return { edges, pageInfo, ids: edges.map(({ node }) => node.restId) };
  };
  const { edges } = await page(4, null);
  for (const [index, { cursor }] of edges.entries()) {
    const next = await page(3, cursor);
    t.deepEqual(
      next.ids,
      all.slice(index + 1, index + 4).map(({ id }) => id),
    );
    t.deepEqual(next.pageInfo, { hasNextPage: true, hasPreviousPage: true });
    const last = await page(100, next.edges.at(-1)!.cursor);
    t.deepEqual(
      last.ids,
      all.slice(index + 4).map(({ id }) => id),
    );
    t.deepEqual(last.pageInfo, { hasNextPage: false, hasPreviousPage: true });
    t.deepEqual((await page(5, last.edges.at(-1)!.cursor)).ids, []);
  }
});

test('G1: nodes are found by their ids, and wherever an id is taken REST’s is, too', async (t) => {
  const fixture = await startFixture(t);
  fixture.router.answer = () => success(drop);
  fixture.actions['catalogue.productsById'] = () => success([product]);
  fixture.actions['accounts.profiles'] = () => success([profile]);
  const { data } = await ask(
    fixture,
    `query ($ids: [ID!]!) {
      nodes(ids: $ids) {
        __typename id ... on Drop { free } ... on Product { name } ... on User { name }
      }
      own: drop(id: "drp_1") { id }
      node: drop(id: "${DROP_NODE}") { id }
    }`,
    { ids: [DROP_NODE, 'UHJvZHVjdDpwcmRfMQ==', 'VXNlcjpjcmVhdG9y'] },
  );
  t.deepEqual(data, {
    nodes: [
      { __typename: 'Drop', id: DROP_NODE, free: 9 },
      { __typename: 'Product', id: 'UHJvZHVjdDpwcmRfMQ==', name: 'Shoe' },
      { __typename: 'User', id: 'VXNlcjpjcmVhdG9y', name: 'Ada' },
    ],
    own: { id: DROP_NODE },
    node: { id: DROP_NODE },
  });
});

test('G1: what is not there is null, what may not be read is an error with its code', async (t) => {
  const fixture = await startFixture(t);
  fixture.actions['orders.ofDrop'] = () => ({ ok: false, code: 'forbidden' });
  fixture.router.answer = () => success(drop);
  const { data, codes } = await ask(
    fixture,
    '{ drop(id: "drp_1") { free orders { nodes { id } } } user(id: "nobody") { id } }',
    {},
    { as: 'somebody' },
  );
  t.deepEqual(data, { drop: { free: 9, orders: null }, user: null });
  t.deepEqual(codes, ['forbidden']);
});

test('G1: a viewer has orders, notifications and follows of their own', async (t) => {
  const fixture = await startFixture(t);
  fixture.actions['orders.list'] = () => success({ items: [order], nextCursor: null });
  fixture.actions['notifications.list'] = () => {
    const type = 'order.confirmed';
    const one = { userId: 'buyer', id: '7', type, data: { a: 1 }, createdAt: NOW, readAt: null };
    return success({ items: [one], nextCursor: null, unreadCount: 1 });
  };
  fixture.actions['follows.isFollowing'] = () => success(true);
  const { json } = await ask(
    fixture,
    `{ viewer {
      orders { nodes { restId status } }
      notifications(unread: true) { unreadCount nodes { id type data readAt } }
      follows(creatorId: "creator")
    } }`,
    {},
    { as: 'buyer' },
  );
  t.deepEqual(json['data'], {
    viewer: {
      orders: { nodes: [{ restId: 'drp_1-0', status: 'CONFIRMED' }] },
      notifications: {
        unreadCount: 1,
        nodes: [{ id: '7', type: 'order.confirmed', data: { a: 1 }, readAt: null }],
      },
      follows: true,
    },
  });
  t.deepEqual(
    fixture.calls.map(({ params }) => params['userId']),
    ['buyer', 'buyer', 'buyer'],
  );
});

test('H2: a fault of a field has a code, and its text stays in the log', async (t) => {
  const fixture = await startFixture(t);
  fixture.actions['catalogue.drops'] = () => success({ items: [drop], nextCursor: null });
  const away = Object.assign(new Error('secret address of a store'), { code: 'store-unavailable' });
  const document = '{ drops { nodes { free product { name } } } }';
  for (const [fault, code] of [
    [away, 'unavailable'],
    [new TypeError('secret of a defect'), 'internal'],
  ] as const) {
    fixture.actions['catalogue.productsById'] = () => {
      throw fault;
    };
    const answer = await ask(fixture, document);
    t.deepEqual(answer.data, { drops: { nodes: [{ free: 9, product: null }] } });
    t.deepEqual(answer.codes, [code]);
    t.false(answer.text.includes('secret'), answer.text);
    t.is(JSON.stringify(fixture.logged).includes('secret of a defect'), code === 'internal');
  }
  t.deepEqual((await ask(fixture, '{ nothing }')).codes, ['invalid-request']);
});
