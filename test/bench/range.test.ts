import test from 'ava';
import { median } from '../../bench/measure.ts';
import { aimText, latencyOf, numberText, rangeOf, verdictOf } from '../../bench/range.ts';
import { count, type Finding, ratio, type Subject } from '../../bench/scenario.ts';

function subjectWith(...values: number[]): Subject {
  const samples = values.map((rate) => ({ figures: { rate } }));
  return { key: 'one', label: 'One', role: 'peer', about: '', samples };
}

test('a median is the middle sample, or the middle of the two', (t) => {
  t.is(median([9, 1, 5]), 5);
  t.is(median([4, 1, 2, 9]), 3);
  t.is(median([7]), 7);
});

test('a range has median, least, greatest and count; without samples it is null', (t) => {
  t.deepEqual(rangeOf([3, 1, 2]), { median: 2, min: 1, max: 3, samples: 3 });
  t.is(rangeOf([]), null);
});

test('a ratio divides the figures of the same round', (t) => {
  const [of, to] = [subjectWith(10, 30), subjectWith(20, 10)];
  const finding = ratio({ label: 'rate', of, to, figure: 'rate', aim: 1 });
  t.deepEqual(finding.samples, [0.5, 3]);
  const inverse = ratio({ label: 'cost', of, to, figure: 'rate', aim: 1, inverse: true });
  t.deepEqual(inverse.samples, [2, 1 / 3]);
  t.is(inverse.better, 'more');
});

test('the median meets an aim, also exactly at the aim; no sample: unmeasured', (t) => {
  const finding: Finding = {
    label: 'p99',
    unit: 'ms',
    digits: 1,
    better: 'less',
    aim: 10,
    samples: [9, 10, 500],
  };
  t.is(verdictOf(finding), 'met');
  t.is(verdictOf({ ...finding, aim: 9.9 }), 'missed');
  t.is(verdictOf({ ...finding, better: 'more' }), 'met');
  t.is(verdictOf({ ...finding, better: 'more', aim: 10.1 }), 'missed');
  t.is(verdictOf({ ...finding, aim: null }), 'none');
  t.is(verdictOf({ ...finding, samples: [] }), 'unmeasured');
  t.is(aimText(finding), 'at most 10.0 ms');
});

test('latencies are the medians of the rounds at each percentile', (t) => {
  const round = (p50: number, p99: number) => ({
    figures: {},
    latency: [
      [50, p50],
      [99, p99],
    ] as const,
  });
  const samples = [round(1, 9), round(3, 7), round(2, 80)];
  t.deepEqual(latencyOf({ ...subjectWith(), samples }), [
    [50, 2],
    [99, 9],
  ]);
});

test('numbers are grouped, and a missing number is a dash', (t) => {
  t.is(numberText(1_234_567.891, 1), '1,234,567.9');
  t.is(numberText(null, 2), '-');
});

test('an amount is a whole number of at least 1', (t) => {
  t.is(count('64'), 64);
  for (const text of ['0', '-1', '1.5', 'many', '']) t.throws(() => count(text));
});
