// How late the event loop is, as several readers of the metrics see it.

import { createHistogram } from 'node:perf_hooks';
import test from 'ava';
import { Registry } from 'prom-client';
import { EventLoopLag, registerEventLoopLag } from '../../gateway/metrics/event-loop-lag.ts';
import { registerProcessMetrics } from '../../gateway/metrics/node-metrics.ts';
import { readSamples } from '../../gateway/metrics/samples.ts';

const MAX = 'nodejs_eventloop_lag_max_seconds';
const P99 = 'nodejs_eventloop_lag_p99_seconds';

function measured() {
  const delays = createHistogram();
  let now = 0;
  const registry = new Registry();
  registerEventLoopLag(registry, new EventLoopLag(delays, () => now));
  const value = async (name: typeof MAX | typeof P99) => {
    const [sample] = await readSamples(registry, [name]);
    return sample === undefined ? null : Math.round(sample.value * 1_000);
  };
  return {
    value,
    record: (ms: number) => delays.record(ms * 1e6),
    pass: (ms: number) => {
      now += ms;
    },
  };
}

test('L5: what one reader sees of the event loop, the next one sees too', async (t) => {
  const { value, record, pass } = measured();
  t.is(await value(MAX), null);
  record(10);
  record(300);
  for (let reader = 0; reader < 3; reader++) {
    t.is(await value(MAX), 300);
    t.is(await value(P99), 300);
    pass(1_000);
  }
  pass(12_000);
  for (let reader = 0; reader < 3; reader++) {
    t.is(await value(MAX), 300);
    record(20);
    pass(5_000);
  }
  t.is(await value(MAX), 20, 'what came after the last whole window');
});

test('L5: the metrics of the process have the lag of the event loop, read by read', async (t) => {
  const registry = new Registry();
  registerProcessMetrics(registry);
  const read = async () => (await readSamples(registry, [MAX]))[0]?.value ?? 0;
  while ((await read()) === 0) await new Promise((resolve) => setTimeout(resolve, 20));
  const end = performance.now() + 400;
  while (performance.now() < end);
  await new Promise((resolve) => setTimeout(resolve, 50));
  const first = await read();
  t.true(first >= 0.3, String(first));
  t.true((await read()) >= first);
});
