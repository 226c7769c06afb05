// Jobs go on where they ended: after faults, lost leases and the end of a process.

import test from 'ava';
import pino from 'pino';
import type { Job } from '../../../contracts/jobs.ts';
import { cancelRequested, type JobStep, retryRequested } from '../../../events/jobs/job.ts';
import { type JobHandler, JobStepError } from '../../../events/jobs/job-handler.ts';
import { JobQueue } from '../../../events/jobs/job-queue.ts';
import { JobRunner } from '../../../events/jobs/job-runner.ts';
import { MemoryJobStore } from '../../../storage/memory/jobs-memory.ts';
import { StoreUnavailableError } from '../../../storage/ports/journal.ts';
import { ManualClock } from '../../actors/manual-clock.ts';

const NOW = 1_800_000_000_000;
const STEPS = 5;

/** Counts to five, one step each. */
class Counting implements JobHandler {
  readonly kind = 'refund-orders';
  readonly concurrency: number;
  /** The job and the number of each step. */
  readonly steps: string[] = [];
  /** What happens before a step ends. */
  before: (job: Job, signal: AbortSignal) => void | Promise<void> = () => undefined;

  constructor(concurrency = 1) {
    this.concurrency = concurrency;
  }

  async step(job: Job, signal: AbortSignal): Promise<JobStep> {
    const number = Number(job.cursor ?? 0) + 1;
    this.steps.push(`${job.id} ${number}`);
    await this.before(job, signal);
    const progress = { done: number, refused: {}, left: STEPS - number };
    return { cursor: String(number), progress, isLast: number === STEPS };
  }
}

/** A process with a runner. Pass the store and the clock of another one to share them. */
function start(handler: JobHandler, earlier?: { jobs: MemoryJobStore; clock: ManualClock }) {
  const jobs = earlier?.jobs ?? new MemoryJobStore();
  const clock = earlier?.clock ?? new ManualClock(NOW);
  const queue = new JobQueue({ jobs, now: () => clock.now() });
  const log = pino({ level: 'silent' });
  const options = { jobs, queue, handlers: [handler], clock, log, random: () => 0 };
  const runner = new JobRunner(options);
  runner.start();
  const add = (id: string, callerId = 'ann') =>
    queue.add({ id, kind: 'refund-orders', callerId, subject: 'd_1', params: {}, total: 5 });
  const find = async (id: string) => (await jobs.find(id))!;
  return { jobs, clock, queue, runner, add, find };
}

/** Steps that last until the test lets them end. */
function hold(handler: Counting) {
  const ends: (() => void)[] = [];
  let signal: AbortSignal | null = null;
  handler.before = async (_job, given) => {
    signal = given;
    await new Promise<void>((resolve) => ends.push(resolve));
  };
  return { end: () => ends.forEach((end) => end()), isAborted: () => signal!.aborted };
}

test('J11: a job is done step by step, and the same id is one job', async (t) => {
  const handler = new Counting();
  const { jobs, clock, add, find, runner } = start(handler);
  await add('j_1');
  const again = await add('j_1');
  t.true(again.ok);
  await clock.advance(100);
  t.deepEqual(
    handler.steps,
    [1, 2, 3, 4, 5].map((number) => `j_1 ${number}`),
  );
  t.like(await find('j_1'), { state: 'done', cursor: '5', attempts: 0, dueAt: null });
  t.deepEqual((await find('j_1')).progress, { done: 5, refused: {}, left: 0 });
  await clock.advance(20_000);
  t.deepEqual(runner.counts(), [{ kind: 'refund-orders', state: 'done', count: 1 }]);
  clock.shiftWall(7 * 24 * 60 * 60_000);
  await clock.advance(20_000);
  t.is(await jobs.find('j_1'), null);
});

test('L5: for how long the oldest due job waits is known, while others run', async (t) => {
  const handler = new Counting();
  const { clock, add, runner } = start(handler);
  const held = hold(handler);
  await add('j_1');
  await clock.advance(100);
  t.deepEqual(runner.overdue(), [{ kind: 'refund-orders', ms: 0 }], 'what runs does not wait');
  await add('j_2', 'bob');
  await add('j_3', 'cid');
  await clock.advance(5_000);
  const [waiting] = runner.overdue();
  t.true(waiting!.ms >= 4_900 && waiting!.ms <= 5_000, String(waiting!.ms));
  handler.before = () => undefined;
  held.end();
  await clock.advance(5_000);
  t.deepEqual(runner.overdue(), [{ kind: 'refund-orders', ms: 0 }]);
});

test('J11: a step that fails is tried again later, and the caller reads why', async (t) => {
  const handler = new Counting();
  const { clock, add, find } = start(handler);
  let failures = 0;
  handler.before = (job) => {
    if (job.cursor !== '2' || failures === 2) return;
    failures += 1;
    if (failures === 1) throw new Error('secret of the house');
    throw new JobStepError('The provider is busy.', { retryAfterMs: 60_000 });
  };
  await add('j_1');
  await clock.advance(400);
  t.like(await find('j_1'), { state: 'queued', attempts: 1, reason: 'The server met a fault.' });
  await clock.advance(2_000);
  t.like(await find('j_1'), { attempts: 2, reason: 'The provider is busy.', cursor: '2' });
  await clock.advance(50_000);
  t.is(handler.steps.length, 4);
  await clock.advance(15_000);
  t.like(await find('j_1'), { state: 'done', attempts: 0, reason: null });
});

test('J11: after ten failures in a row a job is failed; a retry goes on where it was', async (t) => {
  const handler = new Counting();
  const { clock, add, find, jobs } = start(handler);
  handler.before = (job) => {
    if (job.cursor === '3') throw new Error('again');
  };
  await add('j_1');
  await clock.advance(60 * 60_000);
  t.like(await find('j_1'), { state: 'failed', attempts: 10, cursor: '3', dueAt: null });
  const tried = handler.steps.length;
  t.is(tried, 3 + 10);
  handler.before = () => undefined;
  t.true(await jobs.replace(retryRequested(await find('j_1'), clock.now())!));
  await clock.advance(2_000);
  t.deepEqual(handler.steps.slice(tried), ['j_1 4', 'j_1 5']);
  t.is((await find('j_1')).state, 'done');
});

test('J11: what cannot succeed is failed at once', async (t) => {
  const handler = new Counting();
  handler.before = () => {
    throw new JobStepError('There is no such drop.', { isFinal: true });
  };
  const { clock, add, find } = start(handler);
  await add('j_1');
  await clock.advance(100);
  t.like(await find('j_1'), { state: 'failed', attempts: 1, reason: 'There is no such drop.' });
});

test('J11: a job of a dead process goes on elsewhere, and repeats one step at most', async (t) => {
  const dead = new Counting();
  const { jobs, clock, add, find } = start(dead);
  await add('j_1');
  dead.before = async (job, signal) => {
    if (job.cursor !== '2') return;
    // The process stands still: it neither renews its lease nor ends the step.
    jobs.replace = () => Promise.reject(new StoreUnavailableError('cut off'));
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
  };
  await clock.advance(100);
  t.deepEqual(dead.steps, ['j_1 1', 'j_1 2', 'j_1 3']);
  const alive = new Counting();
  const shared = new MemoryJobStoreView(jobs);
  start(alive, { jobs: shared, clock });
  await clock.advance(10_000);
  t.deepEqual(alive.steps, []);
  await clock.advance(10_000);
  t.deepEqual(alive.steps, ['j_1 3', 'j_1 4', 'j_1 5']);
  t.is((await find('j_1')).state, 'done');
});

/** The same jobs through a connection of its own. */
class MemoryJobStoreView extends MemoryJobStore {
  readonly #jobs: MemoryJobStore;

  constructor(jobs: MemoryJobStore) {
    super();
    this.#jobs = jobs;
  }

  override replace(job: Job) {
    return MemoryJobStore.prototype.replace.call(this.#jobs, job);
  }
  override find(id: string) {
    return this.#jobs.find(id);
  }
  override due(kind: string, time: number, limit: number) {
    return this.#jobs.due(kind, time, limit);
  }
}

test('J11: a node alone goes on at once with what it was doing when it was killed', async (t) => {
  const killed = new Counting();
  const { jobs, clock, add, find } = start(killed);
  hold(killed);
  await add('j_1');
  await clock.advance(10);
  const again = new Counting();
  const queue = new JobQueue({ jobs, now: () => clock.now() });
  const log = pino({ level: 'silent' });
  const options = { jobs: new MemoryJobStoreView(jobs), queue, handlers: [again], clock, log };
  new JobRunner({ ...options, isAlone: true }).start();
  await clock.advance(100);
  t.is((await find('j_1')).state, 'done');
  t.is(again.steps.length, STEPS);
});

test('J11: who lost the lease is aborted, and what it did late is not stored', async (t) => {
  const slow = new Counting();
  const { jobs, clock, add, find, runner } = start(slow);
  const step = hold(slow);
  await add('j_1');
  await clock.advance(10);
  const running = await find('j_1');
  // As if this process had stood still for longer than its lease.
  t.true(await jobs.replace({ ...running, token: 2, revision: running.revision + 1 }));
  step.end();
  await clock.advance(100);
  t.true(step.isAborted());
  t.like(await find('j_1'), { state: 'running', token: 2, cursor: null });
  t.is(slow.steps.length, 1);
  await runner.stop();
  t.like(await find('j_1'), { state: 'running', token: 2 });
});

test('J11: a long step keeps its lease', async (t) => {
  const slow = new Counting();
  const { jobs, clock, add, find } = start(slow);
  const step = hold(slow);
  const other = new Counting();
  start(other, { jobs: new MemoryJobStoreView(jobs), clock });
  await add('j_1');
  await clock.advance(120_000);
  t.deepEqual([slow.steps, other.steps], [['j_1 1'], []]);
  slow.before = () => undefined;
  step.end();
  await clock.advance(5_000);
  t.is((await find('j_1')).state, 'done');
  t.deepEqual(other.steps, []);
});

test('J11: a process that ends in good order gives its jobs back at once', async (t) => {
  const first = new Counting();
  const { jobs, clock, add, runner } = start(first);
  const step = hold(first);
  await add('j_1');
  await clock.advance(10);
  const stopped = runner.stop();
  step.end();
  await clock.advance(10);
  await stopped;
  const second = new Counting();
  const { find } = start(second, { jobs, clock });
  await clock.advance(100);
  t.is((await find('j_1')).state, 'done');
  // The step that was under way was stored, or is done again.
  t.true(second.steps.length === STEPS || second.steps.length === STEPS - 1);
});

test('J11: a step that never ends does not hold up the end of its process', async (t) => {
  const handler = new Counting();
  hold(handler);
  const { clock, add, find, runner } = start(handler);
  await add('j_1');
  await clock.advance(0);
  t.deepEqual(handler.steps, ['j_1 1']);
  await runner.stop();
  t.like(await find('j_1'), { state: 'running', cursor: null });
});

test('J11: a cancelled job ends after its step, and one that waits at once', async (t) => {
  const handler = new Counting();
  const { jobs, clock, add, find } = start(handler);
  const step = hold(handler);
  await add('j_1');
  await clock.advance(10);
  await add('j_2');
  for (const id of ['j_1', 'j_2'])
    t.true(await jobs.replace(cancelRequested(await find(id), clock.now())!));
  t.like(await find('j_1'), { state: 'running', cancelRequested: true });
  t.like(await find('j_2'), { state: 'cancelled' });
  step.end();
  await clock.advance(2_000);
  t.like(await find('j_1'), { state: 'cancelled', cursor: '1', progress: { done: 1 } });
  t.is(cancelRequested(await find('j_1'), clock.now()), null);
  t.deepEqual(handler.steps, ['j_1 1']);
});

test('J11: a process runs only so many jobs of a kind at once, and one of each user', async (t) => {
  const handler = new Counting(2);
  const { clock, add, find } = start(handler);
  const step = hold(handler);
  for (let i = 0; i < 5; i++) await add(`j_ann${i}`);
  for (const user of ['ben', 'cat']) await add(`j_${user}`, user);
  await clock.advance(5_000);
  // The other jobs of ann hold up nobody.
  t.deepEqual(handler.steps, ['j_ann0 1', 'j_ben 1']);
  handler.before = () => undefined;
  step.end();
  await clock.advance(60_000);
  const ids = ['j_ann1', 'j_ann2', 'j_ann3', 'j_ann4', 'j_ben', 'j_cat'];
  const done = await Promise.all(ids.map(find));
  t.deepEqual(new Set(done.map(({ state }) => state)), new Set(['done']));
});

test('J11: jobs of one user are bounded', async (t) => {
  const handler = new Counting();
  hold(handler);
  const { add } = start(handler);
  for (let i = 0; i < 20; i++) t.true((await add(`j_${i}`)).ok);
  t.like(await add('j_20'), { ok: false, code: 'overloaded' });
});

test('J7, J11: a store that is away for a while delays a job, and loses nothing', async (t) => {
  const handler = new Counting();
  const { jobs, clock, add, find } = start(handler);
  const replace = jobs.replace.bind(jobs);
  let away = 0;
  jobs.replace = (job) => {
    away += 1;
    return away % 3 === 0 ? Promise.reject(new StoreUnavailableError('not now')) : replace(job);
  };
  await add('j_1');
  await clock.advance(5 * 60_000);
  t.like(await find('j_1'), { state: 'done', progress: { done: 5 } });
});
