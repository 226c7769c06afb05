import test from 'ava';
import { success } from '../../../domain/refusal.ts';
import { drop, NOW, startFixture } from '../fixture.ts';
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

test('G1: a page of drops with product, creator, money and times', async (t) => {
  const fixture = await startFixture(t);
  fixture.actions['catalogue.drops'] = () => success({ items: [drop], nextCursor: 'next' });
  fixture.actions['catalogue.product'] = () => success(product);
  fixture.actions['accounts.profile'] = () =>
    success({ id: 'creator', name: 'Ada', followerCount: 2, followingCount: 0, createdAt: NOW });
  const { status, json } = await ask(
    fixture,
    `{ drops(first: 1, status: LIVE) {
      edges { cursor node {
        id restId status startsAt unitAmount { amount currency digits decimal }
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
            id: 'RHJvcDpkcnBfMQ==',
            restId: 'drp_1',
            status: 'LIVE',
            startsAt: '2026-03-01T11:59:59.000Z',
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
  t.deepEqual(json['extensions'], { cost: { requested: 8, max: 2000 } });
});
