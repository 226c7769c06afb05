// What the studio's charts of a sale show: rates made from sums, bounded, drawn once a frame.

import test from 'ava';
import type { AnalyticsPoint } from '../../sdk/api.ts';
import { LiveRates, RATES_MAX } from '../../web/studio/charts/live-rates.ts';
import { onceAFrame } from '../../web/studio/charts/once-a-frame.ts';

const T0 = Date.parse('2026-12-01T18:00:00Z');

function sums(placed: number, soldOut = 0, quick = placed) {
  return {
    placed,
    tries: placed + soldOut,
    refused: soldOut === 0 ? [] : [{ code: 'sold-out', count: soldOut }],
    latency: { within20Ms: quick, within200Ms: placed - quick, within500Ms: 0, longer: soldOut },
  };
}

test('U2: a rate is taken over four seconds of sums, and refusals have one each', (t) => {
  const live = new LiveRates();
  live.add(T0, sums(1_000), 5);
  t.deepEqual(live.rates, [], 'one sum alone is no rate');
  for (let second = 1; second <= 10; second++)
    live.add(T0 + second * 1_000, sums(1_000 + 50 * second, 10 * second), 5 + second);
  t.is(live.rates.length, 10);
  for (const rate of live.rates) {
    t.is(rate.placed, 50);
    t.is(rate.tries, 60);
    t.is(rate.refused.get('sold-out'), 10);
  }
  t.is(live.rates.at(-1)!.watching, 15);
  // The server shows nothing for three seconds, and then all of it: no spike of four times as much.
  for (let second = 11; second <= 13; second++) live.add(T0 + second * 1_000, sums(1_500, 100), 15);
  live.add(T0 + 14_000, sums(1_700, 100), 15);
  t.is(live.rates.at(-1)!.placed, 50);
  // After a gap, as in a hidden tab, it is the rate over the gap.
  live.add(T0 + 34_000, sums(1_900, 100), 15);
  t.is(live.rates.at(-1)!.placed, 10);
  const before = live.rates.length;
  live.add(T0 + 34_000, sums(9_999), 15);
  t.is(live.rates.length, before, 'a read that is not newer changes nothing');
});

test('U2: shares of quick answers are of the answers in the window; without any there is none', (t) => {
  const live = new LiveRates();
  live.add(T0, sums(0), 0);
  live.add(T0 + 1_000, sums(10, 10, 5), 0);
  t.like(live.rates.at(-1), { within20Ms: 0.25, within200Ms: 0.5, within500Ms: 0.5 });
  const quiet = new LiveRates();
  quiet.add(T0, sums(10), 0);
  quiet.add(T0 + 1_000, sums(10), 0);
  t.like(quiet.rates.at(-1), { placed: 0, within20Ms: null });
});

test('U2: charts begin with the server’s own steps, and have a quarter of an hour at most', (t) => {
  const live = new LiveRates();
  const point = { ...sums(120), at: new Date(T0).toISOString(), watchersMax: 7 };
  const points = [point as unknown as AnalyticsPoint];
  live.begin(points, 60_000, T0 + 90_000);
  t.like(live.rates[0], { at: T0 + 60_000, placed: 2, watching: 7 });
  live.begin(points, 60_000, T0 + 30_000);
  t.like(live.rates[0], { at: T0 + 30_000, placed: 4 }, 'the minute that is going on');
  for (let second = 0; second <= RATES_MAX + 50; second++)
    live.add(T0 + 60_000 + second * 1_000, sums(second), 1);
  t.is(live.rates.length, RATES_MAX);
  const times = live.rates.map(({ at }) => at);
  t.deepEqual(
    times,
    times.toSorted((a, b) => a - b),
  );
  t.is(times.at(-1), T0 + 60_000 + (RATES_MAX + 50) * 1_000);
});

test('U2: a chart is drawn once a frame, however often it changes', (t) => {
  const frames: (() => void)[] = [];
  const cancelled: number[] = [];
  let drawn = 0;
  const chart = onceAFrame(
    () => drawn++,
    (run) => frames.push(run),
    (handle) => cancelled.push(handle),
  );
  for (let i = 0; i < 100; i++) chart.want();
  t.is(frames.length, 1);
  frames.pop()!();
  t.is(drawn, 1);
  chart.want();
  chart.end();
  t.deepEqual([drawn, cancelled.length], [1, 1]);
});
