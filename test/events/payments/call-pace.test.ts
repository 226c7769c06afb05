// The pace of calls of a provider that takes only so many a second.

import test from 'ava';
import { CallPace } from '../../../events/payments/call-pace.ts';
import { ManualClock } from '../../actors/manual-clock.ts';
import { NOW } from '../../services/harness.ts';

test('R5: turns are as far apart as the rate says, in the order in which they are asked for', async (t) => {
  const clock = new ManualClock(NOW);
  let rate = 25;
  const pace = new CallPace({ rate: () => rate, clock });
  const taken: [turn: number, atMs: number][] = [];
  const ask = (turn: number) => pace.turn().then(() => taken.push([turn, clock.now() - NOW]));
  for (let turn = 0; turn < 4; turn++) void ask(turn);
  await clock.advance(39);
  t.is(taken.length, 1);
  for (let i = 0; i < 100; i++) await clock.advance(1);
  t.deepEqual(taken, [
    [0, 0],
    [1, 40],
    [2, 80],
    [3, 120],
  ]);
  // Another node has come.
  rate = 12.5;
  void ask(4);
  void ask(5);
  t.is(pace.waitMs > 0, true);
  for (let i = 0; i < 200; i++) await clock.advance(1);
  t.deepEqual(taken.slice(4), [
    [4, 160],
    [5, 240],
  ]);
});

test('R5: after a quiet time there is no burst, and a pause delays the next turn', async (t) => {
  const clock = new ManualClock(NOW);
  const pace = new CallPace({ rate: () => 10, clock });
  await clock.advance(60_000);
  const at: number[] = [];
  const ask = () => pace.turn().then(() => at.push(clock.now() - NOW - 60_000));
  void ask();
  void ask();
  for (let i = 0; i < 150; i++) await clock.advance(1);
  pace.pause(1_000);
  void ask();
  for (let i = 0; i < 1_200; i++) await clock.advance(1);
  t.deepEqual(at, [0, 100, 1_150]);
});
