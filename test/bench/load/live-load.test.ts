// Merging the reports of several load processes.

import test from 'ava';
import { atPercentile, Latencies } from '../../../bench/load/latencies.ts';
import { mergedReport } from '../../../bench/load/live-load.ts';
import type { LiveReport } from '../../../bench/load/live-subscribers.ts';

function report(ms: readonly number[], more: Partial<LiveReport> = {}): LiveReport {
  const latencies = new Latencies();
  for (const one of ms) latencies.add(one);
  const snapshot = latencies.snapshot();
  const none = { steppedBack: 0, missed: 0, closed: 0 };
  return {
    frames: ms.length,
    frameBytes: 100,
    frame: snapshot,
    change: snapshot,
    ...none,
    ...more,
  };
}

test('reports of processes merge: latencies together, errors added up', (t) => {
  const quick = Array.from({ length: 98 }, () => 1);
  const joined = mergedReport([
    report(quick, { steppedBack: 1, missed: 2 }),
    report([50, 80], { frameBytes: 150, missed: 3, closed: 4 }),
  ]);
  t.is(joined.frames, 100);
  t.is(joined.frameBytes, 101);
  t.is(Math.round(atPercentile(joined.frame, 95)), 1);
  t.is(Math.round(atPercentile(joined.frame, 99)), 50);
  t.is(atPercentile(joined.change, 100), 80);
  t.deepEqual([joined.steppedBack, joined.missed, joined.closed], [1, 5, 4]);
});
