import test from 'ava';
import fc from 'fast-check';
import { Rate, RateLimiter } from '../../domain/rate-limiter.ts';

test('H5: in no window of any history does a key get more than its quota', (t) => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 30 }),
      fc.integer({ min: 1, max: 20 }),
      fc.array(fc.integer({ min: 0, max: 3_000 }), { minLength: 1, maxLength: 300 }),
      (quota, windowSeconds, steps) => {
        const limiter = new RateLimiter({
          policy: { name: 'x', quota, windowSeconds },
          keysMax: 10,
        });
        const taken: number[] = [];
        let now = 1_700_000_000_000;
        for (const step of steps) {
          now += step;
          if (limiter.take('a', now) === 0) taken.push(now);
        }
        return taken.every((from) => {
          const until = from + windowSeconds * 1000;
          return taken.filter((at) => at >= from && at < until).length <= quota;
        });
      },
    ),
    { numRuns: 300 },
  );
  t.pass();
});

test('H5a: however often a quota changes, no window gets more than its largest', (t) => {
  const quota = fc.integer({ min: 1, max: 40 });
  const step = fc.record({ afterMs: fc.integer({ min: 0, max: 600 }), quota: fc.option(quota) });
  fc.assert(
    fc.property(
      quota,
      fc.integer({ min: 1, max: 5 }),
      fc.array(step, { minLength: 1, maxLength: 300 }),
      (first, windowSeconds, steps) => {
        const policy = { name: 'x', quota: first, windowSeconds };
        const limiter = new RateLimiter({ policy, keysMax: 10 });
        const taken: number[] = [];
        const quotas = [{ at: -Infinity, quota: first }];
        let now = 0;
        for (const { afterMs, quota: next } of steps) {
          now += afterMs;
          if (next !== null) {
            limiter.setQuota(next);
            quotas.push({ at: now, quota: next });
          }
          for (let i = 0; i < 10; i++) if (limiter.take('a', now) === 0) taken.push(now);
        }
        const largest = (from: number, until: number) =>
          Math.max(
            ...quotas
              .filter(({ at }, i) => at < until && (quotas[i + 1]?.at ?? Infinity) >= from)
              .map((one) => one.quota),
          );
        return taken.every((from) => {
          const until = from + windowSeconds * 1000;
          const count = taken.filter((at) => at >= from && at < until).length;
          return count <= largest(from, until);
        });
      },
    ),
    { numRuns: 300 },
  );
  t.pass();
});

test('H5a: a changed quota gives an empty bucket no burst, and nobody waits past a window', (t) => {
  const policy = { name: 'x', quota: 10, windowSeconds: 10 };
  const limiter = new RateLimiter({ policy, keysMax: 10 });
  const burst = (key: string, now: number): number => {
    let count = 0;
    while (limiter.take(key, now) === 0) count += 1;
    return count;
  };
  t.is(burst('busy', 0), 5);
  limiter.setQuota(1_000);
  t.is(limiter.policy.quota, 1_000);
  t.is(burst('busy', 0), 0);
  t.is(burst('rested', 0), 500);
  t.is(burst('busy', 1_000), 50);
  limiter.setQuota(2);
  t.is(burst('rested', 1_000), 0);
  const waitMs = limiter.take('rested', 1_000);
  t.true(waitMs > 0 && waitMs <= 10_000, `${waitMs} ms`);
  t.is(limiter.take('rested', 1_000 + Math.ceil(waitMs)), 0);
});

test('H5: whoever waits as long as told gets through', (t) => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 50 }),
      fc.integer({ min: 1, max: 60 }),
      (quota, windowSeconds) => {
        const limiter = new RateLimiter({
          policy: { name: 'x', quota, windowSeconds },
          keysMax: 10,
        });
        let now = 1_700_000_000_000;
        let waitMs = 0;
        for (let i = 0; i <= quota && waitMs === 0; i++) waitMs = limiter.take('a', now);
        now += Math.ceil(waitMs);
        return waitMs > 0 && waitMs <= windowSeconds * 1000 && limiter.take('a', now) === 0;
      },
    ),
  );
  t.pass();
});

test('H5: half of the quota is there at once', (t) => {
  const policy = { name: 'x', quota: 10, windowSeconds: 10 };
  const limiter = new RateLimiter({ policy, keysMax: 10 });
  const waits = Array.from({ length: 6 }, () => limiter.take('a', 0));
  t.deepEqual(waits.slice(0, 5), [0, 0, 0, 0, 0]);
  t.is(waits[5], 2000);
  t.is(limiter.take('b', 0), 0);
});

test('H5: the keys remembered are bounded, and refilled ones go first', (t) => {
  const policy = { name: 'x', quota: 2, windowSeconds: 1 };
  const limiter = new RateLimiter({ policy, keysMax: 3 });
  limiter.take('old', 0);
  limiter.take('b', 5_000);
  limiter.take('c', 5_000);
  limiter.take('d', 5_000);
  t.is(limiter.keyCount, 3);
  t.true(limiter.take('b', 5_000) > 0, 'a key in use is still remembered');
  for (let i = 0; i < 100; i++) limiter.take(`k${i}`, 5_000);
  t.is(limiter.keyCount, 3);
});

test('A3: a request given back may be made again', (t) => {
  const policy = { name: 'x', quota: 2, windowSeconds: 1 };
  const limiter = new RateLimiter({ policy, keysMax: 10 });
  t.is(limiter.take('a', 0), 0);
  limiter.giveBack('a');
  t.is(limiter.take('a', 0), 0);
  t.is(limiter.take('a', 0), 1_000);
  limiter.giveBack('never seen');
  t.is(limiter.take('never seen', 0), 0);
  t.true(limiter.take('never seen', 0) > 0);
});

test('A3, H5: keys are limited each for itself, and a refusal takes nothing', (t) => {
  const policy = { name: 'x', quota: 6, windowSeconds: 3 };
  const limiter = new RateLimiter({ policy, keysMax: 10 });
  const taken = (key: string, now: number, times: number): number =>
    Array.from({ length: times }, () => limiter.take(key, now)).filter((waitMs) => waitMs === 0)
      .length;
  t.is(taken('a', 0, 10), 3);
  t.is(taken('b', 0, 10), 3);
  t.is(taken('a', 999, 10), 0);
  t.is(taken('a', 1_000, 10), 1);
  t.is(taken('a', 3_500, 10), 2);
  t.is(taken('a', 1_000_000, 10), 3);
  t.is(limiter.refusedCount, 7 + 7 + 10 + 9 + 8 + 7);
});

test('H5: a rate of one connection is the same algorithm, and its number the only memory', (t) => {
  const rate = new Rate({ burst: 2, intervalMs: 50 });
  let fullAt = 0;
  const take = (now: number): number => {
    const next = rate.next(fullAt, now);
    const waitMs = rate.waitMs(next, now);
    if (waitMs === 0) fullAt = next;
    return waitMs;
  };
  t.deepEqual([take(1_000), take(1_000), take(1_000), take(1_049), take(1_050)], [0, 0, 50, 1, 0]);
});
