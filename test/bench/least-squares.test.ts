// The least-squares fit behind the findings of a soak.

import test from 'ava';
import { slopeOf, slopesOf } from '../../bench/least-squares.ts';

test('both slopes of a plane are found, however large its numbers', (t) => {
  const observations = Array.from({ length: 30 }, (_, i) => {
    const [first, second] = [1e6 + ((i * 7) % 11) * 1000, 5e6 + i * 20_000];
    return { first, second, value: 2e8 + 120 * first + 0.5 * second };
  });
  const { first, second } = slopesOf(observations);
  t.true(Math.abs(first - 120) < 1e-6, String(first));
  t.true(Math.abs(second - 0.5) < 1e-6, String(second));
});

test('a change explained by one variable gives the other no slope', (t) => {
  const observations = [0, 1, 2, 3, 4, 5].map((i) => ({ first: i % 3, second: i, value: i % 3 }));
  const { first, second } = slopesOf(observations);
  t.true(Math.abs(first - 1) < 1e-9);
  t.true(Math.abs(second) < 1e-9);
});

test('observations with dependent variables give no slopes', (t) => {
  const alike = [1, 2, 3].map((i) => ({ first: i, second: 2 * i, value: i }));
  t.deepEqual(slopesOf(alike), { first: Number.NaN, second: Number.NaN });
  t.deepEqual(slopesOf([]), { first: Number.NaN, second: Number.NaN });
});

test('the slope of a line is found, and NaN for points at one place', (t) => {
  const line = [3, 1, 2].map((at) => ({ at: at * 1e6, value: 5e8 - 12 * at * 1e6 }));
  t.true(Math.abs(slopeOf(line) + 12) < 1e-9);
  t.is(slopeOf([{ at: 1, value: 2 }]), Number.NaN);
  t.is(slopeOf([]), Number.NaN);
});
