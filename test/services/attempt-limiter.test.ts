// The limiter of log-in attempts.

import test from 'ava';
import { AttemptLimiter } from '../../services/attempt-limiter.ts';

function takes(limiter: AttemptLimiter, key: string, now: number, times: number): number {
  let taken = 0;
  for (let i = 0; i < times; i++) taken += limiter.take(key, now) === 0 ? 1 : 0;
  return taken;
}

test('A3: a key has its burst, then one attempt for each refill', (t) => {
  const limiter = new AttemptLimiter({ burst: 3, refillMs: 1_000 });
  t.is(takes(limiter, 'a', 0, 10), 3);
  t.is(takes(limiter, 'a', 999, 10), 0);
  t.is(takes(limiter, 'a', 1_000, 10), 1);
  t.is(takes(limiter, 'a', 3_500, 10), 2);
  t.is(takes(limiter, 'a', 1_000_000, 10), 3);
});

test('A3: whoever waits as long as told has an attempt', (t) => {
  const limiter = new AttemptLimiter({ burst: 2, refillMs: 1_000 });
  takes(limiter, 'a', 500, 2);
  t.is(limiter.take('a', 500), 1_000);
  t.is(limiter.take('a', 1_499), 1);
  t.is(limiter.take('a', 1_500), 0);
});

test('A3: keys are limited each for itself', (t) => {
  const limiter = new AttemptLimiter({ burst: 1, refillMs: 1_000 });
  t.is(limiter.take('a', 0), 0);
  t.is(limiter.take('b', 0), 0);
  t.true(limiter.take('a', 0) > 0);
});

test('A3: an attempt given back may be made again', (t) => {
  const limiter = new AttemptLimiter({ burst: 1, refillMs: 1_000 });
  t.is(limiter.take('a', 0), 0);
  limiter.giveBack('a');
  t.is(limiter.take('a', 0), 0);
  t.true(limiter.take('a', 0) > 0);
  limiter.giveBack('never seen');
  t.is(takes(limiter, 'never seen', 0, 2), 1);
});

test('A3: only so many keys are remembered, the last used ones', (t) => {
  const limiter = new AttemptLimiter({ burst: 2, refillMs: 1_000, keysMax: 2 });
  takes(limiter, 'a', 0, 2);
  takes(limiter, 'b', 0, 2);
  takes(limiter, 'c', 0, 2);
  t.true(limiter.take('b', 0) > 0);
  t.true(limiter.take('c', 0) > 0);
  t.is(limiter.take('a', 0), 0);
});
