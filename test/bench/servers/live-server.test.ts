import test from 'ava';
import { earliest, shares } from '../../../bench/servers/live-server.ts';

test('shares are even and add up to the whole', (t) => {
  t.deepEqual(shares(50_000, 3), [16_666, 16_667, 16_667]);
  t.deepEqual(shares(4, 1), [4]);
  t.deepEqual(shares(2, 4), [0, 1, 0, 1]);
});

test('a version published by several servers counts from the first publish', (t) => {
  const published = [
    [
      [7, 100],
      [8, 205],
    ],
    [
      [7, 101],
      [8, 203],
    ],
  ] as const;
  t.deepEqual(earliest(published), [
    [7, 100],
    [8, 203],
  ]);
});
