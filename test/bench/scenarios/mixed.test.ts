import test from 'ava';
import type { KindResult } from '../../../bench/load/open-loop-load.ts';
import { highestStep } from '../../../bench/scenarios/mixed.ts';
import { ORDERS } from '../../../bench/scenarios/mixed-requests.ts';

/** One look at one rate: the 99th percentile of its orders, and how many of 100 were placed. */
function look(p99Ms: number, placed = 100): { kinds: Record<string, KindResult> } {
  const done = { answers: placed, p50Ms: 1, p99Ms, maxMs: p99Ms, latency: [] };
  return { kinds: { [ORDERS]: { due: 100, done, statuses: {} } } };
}

test('one slow round of three does not decide whether a rate holds', (t) => {
  const steps = [
    [look(900), look(3), look(4)],
    [look(5), look(800), look(6)],
    [look(7), look(90), look(80)],
  ];
  t.is(highestStep(steps), 1);
});

test('a rate does not hold if orders are not placed, however fast the others are', (t) => {
  t.is(highestStep([[look(3)], [look(4, 98)]]), 0);
  t.is(highestStep([[look(3)], [look(4, 99)]]), 1);
});

test('the highest rate that holds counts; without one the step is -1', (t) => {
  t.is(highestStep([[look(26)], [look(25)]]), 1);
  t.is(highestStep([[look(26)], [look(4, 0)]]), -1);
});
