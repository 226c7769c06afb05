// What `livedrops analytics` prints.

import test from 'ava';
import { figuresOf } from '../../app/analytics-figures.ts';
import { analyticsText } from '../../operator/analytics.ts';
import type { DropAnalytics } from '../../sdk/api.ts';

const figures = figuresOf({
  views: 40,
  tries: 9,
  'refused/sold-out': 2,
  orders: 4,
  units: 7,
  'revenue/EUR': 12_345,
  refundedUnits: 1,
  buyersNew: 3,
});
const shown: DropAnalytics = {
  dropId: 'd_1',
  creatorId: 'ann',
  step: 'minute',
  from: '2026-11-30T10:00:00.000Z',
  to: '2026-11-30T11:00:00.000Z',
  openedAt: '2026-11-30T10:00:00.000Z',
  soldOutAt: '2026-11-30T10:00:02.500Z',
  secondsToSoldOut: 2.5,
  watching: 12,
  total: figures,
  inRange: figures,
  points: [{ at: '2026-11-30T10:00:00.000Z', ...figures }],
};

test('L2: a drop’s figures are a table, with how fast it sold out and why orders were refused', (t) => {
  const [head, minute, all, end] = analyticsText(shown).split('\n');
  t.regex(head!, /^from +views +watchers +tries +refused +orders +units +revenue/);
  t.regex(minute!, /^2026-11-30T10:00:00\.000Z +40 +0 +9 +2 +4 +7 +123\.45 EUR +1 +3 +0$/);
  t.regex(all!, /^all time +40 /);
  t.is(end, 'Sold out after 2.5 s; 12 watching now; refused: 2 sold-out');
});
