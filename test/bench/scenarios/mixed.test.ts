import test from 'ava';
import type { KindResult } from '../../../bench/load/open-loop-load.ts';
import { highestStep } from '../../../bench/scenarios/mixed.ts';
import { ORDERS } from '../../../bench/scenarios/mixed-requests.ts';

/** One look at one rate: the 99th percentile of its orders, and how many of 100 were placed. */
function roundOf(p99Ms: number, placed = 100): { kinds: Record<string, KindResult> } {
  const done = { answers: placed, p50Ms: 1, p99Ms, maxMs: p99Ms, latency: [] };
  return { kinds: { [ORDERS]: { due: 100, done, statuses: {} } } };
}

test('one slow round of three does not decide whether a rate holds', (t) => {
  const steps = [
    [roundOf(900), roundOf(3), roundOf(4)],
    [roundOf(5), roundOf(800), roundOf(6)],
    [roundOf(7), roundOf(90), roundOf(80)],
  ];
  t.is(highestStep(steps), 1);
});

test('a rate does not hold if orders are not placed, however fast the others are', (t) => {
  t.is(highestStep([[roundOf(3)], [roundOf(4, 98)]]), 0);
  t.is(highestStep([[roundOf(3)], [roundOf(4, 99)]]), 1);
});

test('the highest rate that holds counts; without one the step is -1', (t) => {
  t.is(highestStep([[roundOf(26)], [roundOf(25)]]), 1);
  t.is(highestStep([[roundOf(26)], [roundOf(4, 0)]]), -1);
});
