// Waits of the client between tries, in numbers.

import test from 'ava';
import { LIVE_TIMING } from '../../sdk/reconnecting-socket.ts';
import { jittered } from '../../sdk/waits.ts';

const TABS = 1_000;
const PARTS = 10;

test('G4: reconnects of 1,000 tabs are spread evenly over a wait that doubles up to 20 s', (t) => {
  const { firstWaitMs: firstMs, maxWaitMs: maxMs } = LIVE_TIMING;
  for (const [tries, boundMs] of [
    [1, 1_000],
    [2, 2_000],
    [5, 16_000],
    [6, 20_000],
    [1_000, 20_000],
  ] as const) {
    const counts = Array.from({ length: PARTS }, () => 0);
    for (let tab = 0; tab < TABS; tab++) {
      const part = Math.floor((jittered(tries, { firstMs, maxMs }) / boundMs) * PARTS);
      counts[part] = (counts[part] ?? 0) + 1;
    }
    t.is(counts.length, PARTS, `a wait past ${boundMs} ms`);
    // A hundred each, give or take six standard deviations of 9.5.
    for (const count of counts) t.true(count > 40 && count < 160, counts.join());
  }
});
