import test from 'ava';
import { LoadCounters } from '../../../operator/demo/load-counters.ts';
import { Plan } from '../../../operator/demo/plan.ts';

test('the same seed plans the same, another seed does not', (t) => {
  const payments = (seed: number): string =>
    Array.from({ length: 200 }, (_, i) => new Plan({ seed }).payment(`buyer-${i}`, false)).join();
  t.is(payments(1), payments(1));
  t.not(payments(1), payments(2));
});

test('most pay at once; some are refused, some pay late, some never', (t) => {
  const plan = new Plan({ seed: 1 });
  const counts = { prompt: 0, refused: 0, 'refused-late': 0, late: 0, never: 0 };
  for (let i = 0; i < 10_000; i++) counts[plan.payment(plan.userId(i), false)]++;
  t.true(counts.prompt > 7500 && counts.prompt < 8500, JSON.stringify(counts));
  for (const kind of ['refused', 'late', 'never'] as const) t.true(counts[kind] > 150, kind);
  t.is(plan.payment('buyer-1', true), 'prompt');
  t.is(plan.buyerOf(plan.userId(17)), 17);
});

test('every buyer orders once, and followers take every second place at the front', (t) => {
  const order = new Plan({ seed: 1 }).pressOrder(10, 3);
  t.deepEqual(order.slice(0, 6), [0, 3, 1, 4, 2, 5]);
  t.deepEqual(
    [...order].sort((a, b) => a - b),
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
  );
});

test('latencies: a percentile is right within 4.5 %', (t) => {
  const counters = new LoadCounters();
  t.is(counters.latencyMs(0.5), null);
  for (let ms = 1; ms <= 1000; ms++) counters.addLatency(ms);
  const shared = new LoadCounters({ memory: counters.memory });
  for (const [share, exact] of [
    [0.5, 500],
    [0.99, 990],
  ] as const) {
    const measured = shared.latencyMs(share) ?? 0;
    t.true(Math.abs(measured / exact - 1) < 0.045, `${measured} for ${exact}`);
  }
});
