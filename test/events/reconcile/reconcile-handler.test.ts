// Reconciliation as standing jobs: it goes on behind its cursor, waits for the next pass, gives way
// to sales, and counts what it mended (L3).

import test from 'ava';
import pino from 'pino';
import { SaleMeter } from '../../../actors/sale-meter.ts';
import { UpkeepShare } from '../../../actors/upkeep.ts';
import { reconcileJobId } from '../../../contracts/reconcile.ts';
import { retryRequested } from '../../../events/jobs/job.ts';
import { JobQueue } from '../../../events/jobs/job-queue.ts';
import { JobRunner } from '../../../events/jobs/job-runner.ts';
import { ReconcileHandler } from '../../../events/reconcile/reconcile-handler.ts';
import type { Reconciler, ReconcileRun } from '../../../events/reconcile/reconciler.ts';
import { StandingJobs } from '../../../events/reconcile/standing-jobs.ts';
import { UnreadReconciler } from '../../../events/reconcile/stored.ts';
import { MemoryJobStore } from '../../../storage/memory/jobs-memory.ts';
import { memoryStores } from '../../../storage/memory/stores.ts';
import type { Reconciled } from '../../../storage/ports/reconciled.ts';
import { ManualClock } from '../../actors/manual-clock.ts';

const NOW = 1_800_000_000_000;
const HOUR_MS = 60 * 60_000;
const STEPS = 4;
const log = pino({ level: 'silent' });

/** Compares ten in each of four steps, of which the third mends two. */
class Pretended implements Reconciler {
  readonly kind = 'follows';
  readonly cursors: (string | null)[] = [];
  fails = false;
  lags = false;

  async step({ cursor }: ReconcileRun): Promise<Reconciled | null> {
    this.cursors.push(cursor);
    if (this.fails) throw new Error('the store is away');
    if (this.lags) return null;
    const step = Number(cursor ?? 0) + 1;
    const mended = step === 3 ? 2 : 0;
    const next = step === STEPS ? null : String(step);
    return { cursor: next, compared: 10, mended, examples: mended > 0 ? ['ann', 'bob'] : [] };
  }
}

/** A process. Pass the parts of another one for the next process on the same store. */
function start(earlier?: { jobs: MemoryJobStore; clock: ManualClock }) {
  const jobs = earlier?.jobs ?? new MemoryJobStore();
  const clock = earlier?.clock ?? new ManualClock(NOW);
  const queue = new JobQueue({ jobs, now: () => clock.now() });
  const meter = new SaleMeter();
  const limits = { sliceMs: 1, shareBesideSale: 1, shareAlone: 1, deferralMsMax: HOUR_MS };
  const reconciler = new Pretended();
  const upkeep = new UpkeepShare({ limits, meter, clock });
  const handler = new ReconcileHandler({ reconcilers: [reconciler], upkeep, log });
  const runner = new JobRunner({ jobs, queue, handlers: [handler], clock, log, random: () => 0 });
  const standing = new StandingJobs({ queue, clock, log });
  runner.start();
  standing.start();
  const find = async () => (await jobs.find(reconcileJobId('follows')))!;
  const passNow = async () => jobs.replace(retryRequested(await find(), clock.now())!);
  return { jobs, clock, meter, reconciler, handler, runner, find, passNow };
}

test('L3: a pass begins an hour after the store was made, and then once a day', async (t) => {
  const { clock, reconciler, find, handler } = start();
  await clock.advance(HOUR_MS - 2_000);
  t.is(reconciler.cursors.length, 0);
  await clock.advance(4_000);
  t.deepEqual(reconciler.cursors, [null, '1', '2', '3']);
  t.like(await find(), { state: 'queued', cursor: null, attempts: 0 });
  t.deepEqual((await find()).progress, { done: 40, refused: {}, left: 0, mended: 2 });
  t.deepEqual(handler.counts(), [{ kind: 'follows', compared: 40, mended: 2 }]);
  await clock.advance(23 * HOUR_MS);
  t.is(reconciler.cursors.length, STEPS);
  await clock.advance(2 * HOUR_MS);
  t.is(reconciler.cursors.length, 2 * STEPS);
  t.deepEqual((await find()).progress, { done: 40, refused: {}, left: 0, mended: 2 });
  t.is(handler.counts()[0]!.compared, 80);
});

test('L3: an operator has a pass begin now', async (t) => {
  const { clock, reconciler, passNow } = start();
  await clock.advance(1_000);
  t.true(await passNow());
  await clock.advance(2_000);
  t.deepEqual(reconciler.cursors, [null, '1', '2', '3']);
});

test('L3: a pass goes on where it was when its node died', async (t) => {
  const first = start();
  await first.clock.advance(1_000);
  await first.passNow();
  for (let turns = 0; first.reconciler.cursors.length < 2 && turns < 10_000; turns++)
    await first.clock.advance(1);
  await first.runner.stop();
  const { cursor } = await first.find();
  t.is(cursor, String(first.reconciler.cursors.length));
  const next = start(first);
  await first.clock.advance(5_000);
  t.is(next.reconciler.cursors[0], cursor);
  t.deepEqual((await next.find()).progress, { done: 40, refused: {}, left: 0, mended: 2 });
});

test('L3: nothing is compared while the node sells', async (t) => {
  const { clock, meter, reconciler, passNow } = start();
  await clock.advance(1_000);
  meter.addCommands(1);
  await passNow();
  for (let i = 0; i < 100; i++) {
    meter.addCommands(1);
    await clock.advance(50);
  }
  t.is(reconciler.cursors.length, 0);
  await clock.advance(3_000);
  t.is(reconciler.cursors.length, STEPS);
});

test('L3: a node that stops ends a step at its next pause, and the pass goes on elsewhere', async (t) => {
  const { jobs, clock, runner, handler, reconciler, passNow, find } = start();
  await clock.advance(1_000);
  const done = { pauses: 0 };
  reconciler.step = async ({ pause }) => {
    for (; done.pauses < 10_000; done.pauses++) await pause();
    return { cursor: null, compared: 1, mended: 0, examples: [] };
  };
  await passNow();
  for (let turns = 0; done.pauses === 0 && turns < 10_000; turns++) await clock.advance(1);
  handler.stop();
  await runner.stop();
  t.true(done.pauses < 1_000, `${done.pauses} pauses`);
  t.like(await find(), { cursor: null, attempts: 0 });
  const next = start({ jobs, clock });
  await clock.advance(5_000);
  t.deepEqual(next.reconciler.cursors, [null, '1', '2', '3']);
});

test('L3: what fails or lags is tried again later, from the same place', async (t) => {
  const { clock, reconciler, passNow, find } = start();
  await clock.advance(1_000);
  reconciler.fails = true;
  await passNow();
  await clock.advance(1_500);
  t.like(await find(), { state: 'queued', reason: 'The server met a fault.' });
  reconciler.fails = false;
  reconciler.lags = true;
  await clock.advance(5_000);
  const tries = reconciler.cursors.length;
  reconciler.lags = false;
  await clock.advance(40_000);
  t.is(reconciler.cursors.length, tries);
  await clock.advance(30_000);
  t.deepEqual(reconciler.cursors.slice(tries), [null, '1', '2', '3']);
});

test('L3: read marks are not compared while the feeds lag behind the journals', async (t) => {
  const stores = memoryStores();
  const unread = new UnreadReconciler({ ...stores, shardCount: 2 });
  const run = {
    cursor: null,
    pause: () => Promise.resolve(),
    signal: new AbortController().signal,
  };
  t.not(await unread.step(run), null);
  const behind = new UnreadReconciler({
    ...stores,
    shardCount: 2,
    journal: { head: async () => ({ epoch: 1, lastSequence: 3, firstSequence: 1 }) },
  });
  t.is(await behind.step(run), null);
});
