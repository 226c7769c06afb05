// Runs of long work: one of a kind, followed, cancelled, and cancelled because nobody follows them.

import test from 'ava';
import type { RunContext } from '../../actors/run-context.ts';
import { CancelledError, Runs, UNFOLLOWED_MAX_MS } from '../../actors/runs.ts';
import { flush, ManualClock } from './manual-clock.ts';
import { NOW } from './harness.ts';

const REPORT = { applied: true, shards: [] };

function start() {
  const clock = new ManualClock(NOW);
  const runs = new Runs({ clock });
  const asked: RunContext[] = [];
  let finish: () => void = () => undefined;
  const work = (run: RunContext) => {
    asked.push(run);
    return new Promise<typeof REPORT>((resolve, reject) => {
      finish = () => resolve(REPORT);
      run.signal.addEventListener('abort', () => reject(run.signal.reason as Error));
    });
  };
  const begin = (kind: 'verify' | 'rebuild' = 'verify') =>
    runs.begin({ kind, startedBy: 'olga', work });
  return { clock, runs, asked, begin, finish: () => finish() };
}

test('one run of each kind is under way, and the next begins after its end', async (t) => {
  const { runs, begin, finish } = start();
  const first = begin()!;
  t.like(first, { kind: 'verify', startedBy: 'olga', startedAt: NOW, end: null });
  t.is(begin(), null);
  t.not(begin('rebuild'), null);
  t.is(runs.list().length, 2);
  finish();
  await flush();
  t.is(begin('verify'), null);
  t.not(begin('rebuild'), null);
});

test('a run is cancelled once nobody follows it any more', async (t) => {
  const { clock, runs, begin, asked } = start();
  const { id } = begin()!;
  for (let n = 0; n < 5; n++) {
    await clock.advance(UNFOLLOWED_MAX_MS - 1);
    t.is(runs.follow(id)!.end, null);
  }
  await clock.advance(UNFOLLOWED_MAX_MS);
  t.true(asked[0]!.signal.aborted);
  await flush();
  const reason = 'nobody follows it any more';
  t.deepEqual(runs.follow(id)!.end, { type: 'cancelled', reason });
  t.not(begin(), null);
});

test('a run that is cancelled says so, and one that has ended cannot be', async (t) => {
  const { runs, begin } = start();
  const { id } = begin()!;
  t.true(runs.cancel(id));
  const { end, fault } = await runs.ended(id);
  t.deepEqual(end, { type: 'cancelled', reason: 'an operator cancelled it' });
  t.true(fault instanceof CancelledError);
  t.false(runs.cancel(id));
  t.false(runs.cancel('unknown'));
});

test('the end of a run is known for a minute', async (t) => {
  const { clock, runs, begin, finish } = start();
  const { id } = begin()!;
  finish();
  await flush();
  await clock.advance(59_000);
  t.deepEqual(runs.follow(id)!.end, { type: 'report', report: REPORT });
  await clock.advance(2_000);
  t.is(runs.follow(id), null);
});

test('a store that does not answer is `unavailable`, any other fault `internal`', async (t) => {
  const { runs } = start();
  for (const [code, told] of [
    ['store-unavailable', 'unavailable'],
    ['anything', 'internal'],
  ] as const) {
    const work = () => Promise.reject(Object.assign(new Error('away'), { code }));
    const { id } = runs.begin({ kind: 'verify', startedBy: 'olga', work })!;
    const { end } = await runs.ended(id);
    t.deepEqual(end, { type: 'failed', code: told });
  }
});
