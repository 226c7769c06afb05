import test from 'ava';
import { Latencies } from '../../../bench/load/latencies.ts';
import { LATENCY_PERCENTILES } from '../../../bench/scenario.ts';

test('a percentile is within 0.5 % of the measured value over seven powers of ten', (t) => {
  for (let ms = 0.001; ms < 100_000; ms *= 1.37) {
    const latencies = new Latencies();
    latencies.add(ms);
    // Beside it something longer, so that the exact maximum is not what is told.
    latencies.add(1_000_000);
    const spread = latencies.spread().p50Ms;
    t.true(Math.abs(spread - ms) <= Math.max(ms * 0.005, 0.0005), `${ms} became ${spread}`);
  }
});

test('percentiles equal those of the sorted durations', (t) => {
  const latencies = new Latencies();
  for (let i = 1000; i >= 1; i--) latencies.add(i / 10);
  const points = new Map(latencies.points());
  t.deepEqual([...points.keys()], [...LATENCY_PERCENTILES]);
  for (const [percentile, ms] of points) {
    t.true(Math.abs(ms - percentile) <= percentile * 0.005 + 0.05, `${percentile} is ${ms}`);
  }
  t.is(points.get(100), 100);
  t.is(latencies.count, 1000);
});

test('an empty histogram gives zeros, and values out of bounds count at the bound', (t) => {
  t.true(new Latencies().points().every(([, ms]) => ms === 0));
  const latencies = new Latencies();
  latencies.add(-1);
  latencies.add(1e12);
  t.is(latencies.spread().p50Ms, 0);
  t.is(latencies.spread().maxMs, 1e12);
});

test('merged histograms of several processes equal one histogram of all values', (t) => {
  const [all, joined] = [new Latencies(), new Latencies()];
  const parts = [new Latencies(), new Latencies(), new Latencies()];
  for (let i = 0; i < 3000; i++) {
    const ms = (i * 7919) % 1009;
    all.add(ms);
    parts[i % 2]!.add(ms);
  }
  for (const part of parts) joined.merge(JSON.parse(JSON.stringify(part.snapshot())));
  t.deepEqual(joined.points(), all.points());
  t.is(joined.count, 3000);
});
