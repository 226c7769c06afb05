import test from 'ava';
import { besideFindings, besideNote } from '../../bench/orders-beside.ts';
import type { Sample } from '../../bench/scenario.ts';

const p99 = (...values: number[]): Sample[] => values.map((p99Ms) => ({ figures: { p99Ms } }));
const orders = { alone: p99(10, 10), control: p99(10, 10) };
const besideMedia = (measured: Parameters<typeof besideNote>[1]) => besideNote('media', measured);

test('p99 beside something is told as a ratio, with what two equal measurements differ by', (t) => {
  const control = p99(8, 20);
  const found = besideFindings('media', { ...orders, control, beside: p99(20, 40) });
  t.deepEqual(
    found.map(({ samples, aim }) => ({ samples, aim })),
    [
      { samples: [0.5, 0.25], aim: 0.9 },
      { samples: [0.8, 0.5], aim: null },
    ],
  );
});

test('an aim that is met needs no note', (t) => {
  t.is(besideMedia({ ...orders, control: p99(20, 20), beside: p99(11, 11) }), null);
});

test('a note tells that two equal measurements, or the durable floor, miss the aim too', (t) => {
  const beside = p99(20, 20);
  t.is(besideMedia({ ...orders, beside }), null, 'nothing explains it');
  const control = p99(20, 20);
  t.regex(besideMedia({ ...orders, control, beside })!, /two equal measurements .*\(0\.50\)/);
  const floor = { floor: p99(2, 2), floorBeside: p99(8, 8) };
  t.regex(besideMedia({ ...orders, beside, ...floor })!, /the durable floor \(0\.25\)/);
  const unhurt = { floor: p99(2, 2), floorBeside: p99(2, 2) };
  t.is(besideMedia({ ...orders, beside, ...unhurt }), null);
});
