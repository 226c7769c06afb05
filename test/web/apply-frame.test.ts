// A drop after frames of its live stream.

import test from 'ava';
import { applyFrame } from '../../web/shared/drop/apply-frame.ts';
import type { Drop, DropFrame } from '../../web/shared/types.ts';

const DATA: DropFrame['data'] = {
  productId: 'p',
  creatorId: 'u',
  status: 'live',
  soldOut: false,
  startsAt: '2026-11-30T18:00:00Z',
  endsAt: '2026-11-30T20:00:00Z',
  unitAmount: 100,
  currency: 'EUR',
  stocked: 10,
  held: 0,
  sold: 0,
  free: 10,
};
const DROP: Drop = {
  ...DATA,
  id: 'd',
  limitPerUser: 1,
  holdSeconds: 60,
  payment: 'instant',
  version: 3,
  revision: 1,
  createdAt: '2026-11-30T17:00:00Z',
};

test('U1, D8: what a frame has no more is over: a pause, a pass', (t) => {
  const paused = applyFrame(DROP, {
    version: 4,
    data: { ...DATA, paused: true, pausedAt: DROP.startsAt, pauseReason: 'x', access: 'pass' },
  });
  t.like(paused, { paused: true, pauseReason: 'x', access: 'pass', version: 4 });
  const resumed = applyFrame(paused, { version: 5, data: { ...DATA, free: 9 } });
  t.deepEqual(resumed, { ...DROP, free: 9, version: 5 });
});

test('U1: an older frame changes nothing', (t) => {
  t.is(applyFrame(DROP, { version: 2, data: { ...DATA, free: 1 } }), DROP);
});
