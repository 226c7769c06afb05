// Analytics of a drop and a creator by GraphQL, on the routes of REST.

import test from 'ava';
import { figuresOf } from '../../../app/analytics-figures.ts';
import { refusal, success } from '../../../domain/refusal.ts';
import { drop, NOW, startFixture } from '../fixture.ts';
import { ask } from './ask.ts';

const figures = figuresOf({ views: 2, orders: 1, units: 3, 'revenue/EUR': 4_500 });
const range = { step: 'hour', from: NOW, to: NOW + 3_600_000 } as const;
const analytics = { ...range, total: figures, inRange: figures, points: [{ at: NOW, ...figures }] };
const QUERY = `{ drops(first: 1) { nodes { analytics(step: HOUR) {
  dropId step secondsToSoldOut
  total { orders units revenue { amount { amount decimal } } }
  points { at units }
} } } }`;

test('L2, G1: a drop has its analytics for whom REST shows them to', async (t) => {
  const fixture = await startFixture(t);
  fixture.actions['analytics.ofDrop'] = ({ range: asked }) => {
    t.deepEqual(asked, { step: 'hour' });
    return success({
      dropId: drop.id,
      creatorId: drop.creatorId,
      openedAt: NOW,
      soldOutAt: null,
      secondsToSoldOut: null,
      watching: 0,
      ...analytics,
    });
  };
  fixture.actions['catalogue.drops'] = () => success({ items: [drop], nextCursor: null });
  const { json } = await ask(fixture, QUERY, {}, { as: 'creator' });
  t.is(json['errors'], undefined);
  const at = new Date(NOW).toISOString();
  t.deepEqual(json['data'], {
    drops: {
      nodes: [
        {
          analytics: {
            dropId: drop.id,
            step: 'HOUR',
            secondsToSoldOut: null,
            total: {
              orders: 1,
              units: 3,
              revenue: [{ amount: { amount: 4_500, decimal: '45.00' } }],
            },
            points: [{ at, units: 3 }],
          },
        },
      ],
    },
  });
  fixture.actions['analytics.ofDrop'] = () => refusal('forbidden');
  const refused = await ask(fixture, QUERY, {}, { as: 'eve' });
  t.deepEqual(refused.json['data'], { drops: { nodes: [{ analytics: null }] } });
});
