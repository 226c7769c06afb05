// What threads count together: never more than a bound over all of them.

import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import test, { type ExecutionContext } from 'ava';
import { createSharedTable, SharedTable } from '../../actors/threads/shared-table.ts';
import { RateLimiter } from '../../domain/rate-limiter.ts';
import { OwnPlaces, SharedPlaces } from '../../gateway/http/places.ts';
import { SharedRateLimiter } from '../../gateway/http/shared-rate-limiter.ts';
import type { CountingTask } from './counting-thread.ts';

const THREADS = 3;

/** What each thread got. */
async function countIn(t: ExecutionContext, task: CountingTask): Promise<number[]> {
  return await Promise.all(
    Array.from({ length: THREADS }, async () => {
      const worker = new Worker(new URL('counting-thread.ts', import.meta.url), {
        workerData: task,
      });
      t.teardown(() => worker.terminate());
      const [taken] = (await once(worker, 'message')) as [number];
      return taken;
    }),
  );
}

test('H5: threads that count at the same time give exactly the quota', async (t) => {
  const table = createSharedTable(1_024);
  const policy = { name: 'orders-user', quota: 4_000, windowSeconds: 1 };
  const gate = new SharedArrayBuffer(4);
  const taken = await countIn(t, { kind: 'rate', table, policy, tries: 4_000, gate, threads: 3 });
  // At one moment there is what a full bucket has: half of the quota.
  t.is(
    taken.reduce((sum, count) => sum + count, 0),
    2_000,
  );
  const limiter = new SharedRateLimiter({ policy, table });
  t.true(limiter.take('ann', 1_000) > 0);
  t.is(limiter.take('ann', 2_000), 0);
});

test('H5: what threads count together is what one thread counts', (t) => {
  const policy = { name: 'reads-user', quota: 30, windowSeconds: 10 };
  const own = new RateLimiter({ policy, keysMax: 1_000 });
  const table = createSharedTable(1_024);
  const threads = [1, 2, 3].map(() => new SharedRateLimiter({ policy, table }));
  let now = 50;
  for (let turn = 0; turn < 3_000; turn++) {
    now += (turn * 7_919) % 61;
    const key = `user ${turn % 17}`;
    t.is(threads[turn % 3]!.take(key, now), own.take(key, now), String(turn));
  }
  for (const limiter of [own, ...threads]) limiter.setQuota(10);
  for (let turn = 0; turn < 100; turn++)
    t.is(threads[turn % 3]!.take('bob', now), own.take('bob', now));
  t.is(threads[0]!.keyCount, own.keyCount);
  const refused = threads.reduce((sum, { refusedCount }) => sum + refusedCount, 0);
  t.is(refused, own.refusedCount);
});

test('H6: threads that take places at the same time get exactly as many as there are', async (t) => {
  const table = createSharedTable(1_024);
  const gate = new SharedArrayBuffer(4);
  const taken = await countIn(t, { kind: 'places', table, max: 500, tries: 900, gate, threads: 3 });
  t.is(
    taken.reduce((sum, count) => sum + count, 0),
    500,
  );
  const places = new SharedPlaces(table);
  t.false(places.take('all', 500));
  places.release('all');
  t.true(places.take('all', 500));
  t.false(places.take('all', 500));
});

test('places of one thread and of several are the same', (t) => {
  const both = [new OwnPlaces(), new SharedPlaces(createSharedTable(1_024))];
  const [one, other] = both.map((places) => {
    const answers: unknown[] = [];
    for (let turn = 0; turn < 500; turn++) {
      const key = `k${turn % 7}`;
      const isTaken = places.take(key, 1 + (turn % 5));
      answers.push(isTaken);
      if (isTaken && turn % 3 === 0) places.release(key);
    }
    return answers;
  });
  t.deepEqual(one, other);
});

test('a table that is full takes no more places, and forgets the rate that is full soonest', (t) => {
  const table = createSharedTable(16);
  const places = new SharedPlaces(table);
  let count = 0;
  while (places.take(`k${count}`, 1)) count += 1;
  t.true(count >= 64 && count <= 80, String(count));
  places.release('k0');
  t.true(places.take('k0', 1), 'a place that is free again is taken again');
  const rates = createSharedTable(16);
  const policy = { name: 'x', quota: 2, windowSeconds: 1 };
  const limiter = new SharedRateLimiter({ policy, table: rates });
  for (let key = 0; key < 1_000; key++) t.is(limiter.take(`k${key}`, 0), 0);
  t.true(limiter.keyCount <= 80);
  t.true(limiter.take('k999', 0) > 0, 'the newest is not forgotten');
});

test('keys that differ in a letter have numbers of their own', (t) => {
  const table = new SharedTable(createSharedTable(2 ** 16));
  for (let key = 0; key < 20_000; key++) {
    t.is(table.find(`10.0.${key >> 8}.${key & 255}`), -1);
    table.values[table.insert(0, false)] = key + 1;
  }
  for (let key = 0; key < 20_000; key++)
    t.is(table.values[table.find(`10.0.${key >> 8}.${key & 255}`)], key + 1);
});
