// What the job of a take-down or a suspension does to drops, status by status, in two rounds.

import test from 'ava';
import type { CommandRouter } from '../../actors/command-router.ts';
import { StopDropsHandler, type StopDropsParams } from '../../app/jobs/stop-drops.ts';
import type { DropCommand } from '../../contracts/commands.ts';
import type { DropStatus } from '../../contracts/drops.ts';
import type { Job } from '../../contracts/jobs.ts';
import type { RestrictionKey } from '../../contracts/restrictions.ts';
import { refusal, success } from '../../domain/refusal.ts';
import { queuedJob, stepped } from '../../events/jobs/job.ts';
import { standingOf, takeDownOf } from '../../app/selling-rules.ts';
import { memoryStores } from '../../storage/memory/stores.ts';
import { ManualClock } from '../actors/manual-clock.ts';
import { drop } from '../gateway/fixture.ts';

const CALLER = { userId: 'boss', operator: true };
const SINCE = 500;
const BOUNDS = { ofScopeMax: 10, max: 10 };
const OF_CREATOR = { ...takeDownOf('creator', 'creator'), since: SINCE };
const OF_PRODUCT = { ...takeDownOf('product', 'prd_1'), since: SINCE };
const OF_DROP = { ...takeDownOf('drop', 'd_1'), since: SINCE };
const SUSPENDED = { ...standingOf('suspended', 'creator'), since: SINCE };
const KEYS = [OF_CREATOR, OF_PRODUCT, OF_DROP, SUSPENDED];

async function setUp(params: Omit<StopDropsParams, 'caller'>) {
  const { catalogue, restrictions } = memoryStores();
  const clock = new ManualClock(SINCE);
  const commands: string[] = [];
  let answer: unknown = success(drop);
  const router = {
    send: async ({ type, dropId }: DropCommand) => {
      commands.push(`${type} ${dropId}`);
      return answer;
    },
  } as unknown as CommandRouter;
  const add = async (id: string, status: DropStatus, change = {}) =>
    await catalogue.putDrops([{ ...drop, id, status, ...change }]);
  for (let i = 0; i < 20; i++) await add(`d_live${i}`, 'live', { createdAt: i });
  await add('d_upcoming', 'upcoming');
  await add('d_ended', 'ended');
  await add('d_cancelled', 'cancelled');
  await add('d_product', 'live', { productId: 'prd_2' });
  await add('d_paused', 'live', { paused: true });
  await add('d_else', 'live', { creatorId: 'else', productId: 'prd_3' });
  const restrict = (key: RestrictionKey, since: number) =>
    restrictions.put({ ...key, reason: null, since, until: null, by: 'boss' }, BOUNDS, since);
  for (const key of KEYS) await restrict(key, SINCE);
  const handler = new StopDropsHandler({ catalogue, restrictions, router, clock });
  const job = queuedJob(
    {
      id: 'j',
      kind: 'stop-drops',
      callerId: 'boss',
      subject: 'x',
      params: { ...params, caller: CALLER },
      total: null,
    },
    0,
  );
  /** To the end of the round. */
  const round = async (from: Job, now: number): Promise<Job> => {
    let at: Job = { ...from, state: 'running' };
    while (at.state === 'running') at = stepped(at, await handler.step(at), now);
    return at;
  };
  const answers = (next: unknown) => (answer = next);
  return { restrictions, restrict, add, commands, handler, job, round, answers };
}

const LIVE = Array.from({ length: 20 }, (_, i) => `d_live${i}`);

test('A11: live and upcoming drops of a creator are paused, and once more after a while', async (t) => {
  const { add, commands, job, round } = await setUp({ creatorId: 'creator', cancel: false });
  const first = await round(job, 1_000);
  // Also the one whose row says it is paused, which may be older than a resume.
  const paused = [...LIVE, 'd_upcoming', 'd_product', 'd_paused'].map((id) => `pause-drop ${id}`);
  t.deepEqual(commands.toSorted(), paused.toSorted());
  t.like(first, { state: 'queued', dueAt: 16_000, progress: { done: 22, refused: {} } });
  for (const id of LIVE) await add(id, 'live', { paused: true, version: 9 });
  await add('d_late', 'upcoming');
  commands.length = 0;
  const second = await round(first, 16_000);
  t.deepEqual(commands.toSorted(), [...paused, 'pause-drop d_late'].toSorted());
  // Twice: the two whose rows do not say yet that they are paused.
  t.like(second, { state: 'done', progress: { done: 25, left: 0 } });
});

test('A11: drops of a product are cancelled where that is wished, those that have ended too', async (t) => {
  const { commands, job, round } = await setUp({ productId: 'prd_1', cancel: true });
  await round(job, 1_000);
  const cancelled = [...LIVE, 'd_upcoming', 'd_ended', 'd_paused'].map((id) => `cancel-drop ${id}`);
  t.deepEqual(commands.toSorted(), cancelled.toSorted());
});

test('A11: one drop is stopped alone, and once more after a while', async (t) => {
  const { commands, job, round } = await setUp({ dropId: 'd_1', cancel: false });
  const first = await round(job, 1_000);
  t.deepEqual(commands, ['pause-drop d_1']);
  t.like(first, { state: 'queued', dueAt: 16_000, progress: { done: 1, refused: {} } });
  const second = await round(first, 16_000);
  t.deepEqual(commands, ['pause-drop d_1', 'pause-drop d_1']);
  t.like(second, { state: 'done', progress: { done: 1, refused: {}, left: 0 } });
});

test('A11: a drop that cannot be stopped is counted, and tried again if it can be', async (t) => {
  const { job, handler, round, answers } = await setUp({ dropId: 'd_1', cancel: false });
  answers(refusal('drop-ended'));
  const done = await round(await round(job, 1_000), 16_000);
  t.like(done, { state: 'done', progress: { done: 0, refused: { 'drop-ended': 1 }, left: 0 } });
  answers(refusal('unavailable'));
  await t.throwsAsync(handler.step(job), { code: 'job-step-failed' });
});

const STOPPED = [
  { creatorId: 'creator', cancel: true, restriction: OF_CREATOR },
  { creatorId: 'creator', cancel: false, restriction: SUSPENDED },
  { productId: 'prd_1', cancel: true, restriction: OF_PRODUCT },
  { dropId: 'd_1', cancel: true, restriction: OF_DROP },
];

test('A11: once what is stopped is restored, or stopped anew, its job does nothing more', async (t) => {
  for (const isAnew of [false, true]) {
    for (const params of STOPPED) {
      const { restrictions, restrict, commands, job, round } = await setUp(params);
      await restrictions.lift(params.restriction);
      if (isAnew) await restrict(params.restriction, 600);
      const done = await round(job, 1_000);
      t.like(done, { state: 'done', progress: { done: 0, left: 0 } }, JSON.stringify(params));
      t.deepEqual(commands, [], JSON.stringify(params));
    }
  }
});

test('A11: a job of an earlier version goes on while its target is stopped for any reason', async (t) => {
  for (const { restriction: _, ...params } of STOPPED) {
    const { restrictions, commands, job, round } = await setUp(params);
    // One of the two of a creator is enough.
    await restrictions.lift(OF_CREATOR);
    await round(job, 1_000);
    t.true(commands.length > 0, JSON.stringify(params));
    commands.length = 0;
    for (const key of KEYS) await restrictions.lift(key);
    t.like(await round(job, 1_000), { state: 'done' });
    t.deepEqual(commands, [], JSON.stringify(params));
  }
});
