// What the job of a take-down or a suspension does to drops, status by status, in two rounds.

import test from 'ava';
import type { CommandRouter } from '../../actors/command-router.ts';
import { StopDropsHandler, type StopDropsParams } from '../../app/jobs/stop-drops.ts';
import type { DropCommand } from '../../contracts/commands.ts';
import type { DropStatus } from '../../contracts/drops.ts';
import type { Job } from '../../contracts/jobs.ts';
import { refusal, success } from '../../domain/refusal.ts';
import { queuedJob, stepped } from '../../events/jobs/job.ts';
import { memoryStores } from '../../storage/memory/stores.ts';
import { drop } from '../gateway/fixture.ts';

const CALLER = { userId: 'boss', operator: true };

async function setUp(params: Omit<StopDropsParams, 'caller'>) {
  const { catalogue } = memoryStores();
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
  const handler = new StopDropsHandler({ catalogue, router });
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
  return { add, commands, handler, job, round, answers };
}

const LIVE = Array.from({ length: 20 }, (_, i) => `d_live${i}`);

test('A11: live and upcoming drops of a creator are paused, and once more after a while', async (t) => {
  const { add, commands, job, round } = await setUp({ creatorId: 'creator', cancel: false });
  const first = await round(job, 1_000);
  const paused = [...LIVE, 'd_upcoming', 'd_product'].map((id) => `pause-drop ${id}`);
  t.deepEqual(commands.toSorted(), paused.toSorted());
  t.like(first, { state: 'queued', dueAt: 16_000, progress: { done: 22, refused: {} } });
  await add('d_late', 'upcoming');
  const second = await round(first, 16_000);
  t.true(commands.includes('pause-drop d_late'));
  t.like(second, { state: 'done', progress: { left: 0 } });
});

test('A11: drops of a product are cancelled where that is wished, those that have ended too', async (t) => {
  const { commands, job, round } = await setUp({ productId: 'prd_1', cancel: true });
  await round(job, 1_000);
  const cancelled = [...LIVE, 'd_upcoming', 'd_ended', 'd_paused'].map((id) => `cancel-drop ${id}`);
  t.deepEqual(commands.toSorted(), cancelled.toSorted());
});

test('A11: one drop is stopped alone; what cannot be is counted, and tried again if it can be', async (t) => {
  const { commands, job, handler, round, answers } = await setUp({ dropId: 'd_1', cancel: false });
  answers(refusal('drop-ended'));
  const done = await round(job, 1_000);
  t.deepEqual(commands, ['pause-drop d_1']);
  t.like(done, { state: 'done', progress: { done: 0, refused: { 'drop-ended': 1 }, left: 0 } });
  answers(refusal('unavailable'));
  await t.throwsAsync(handler.step(job), { code: 'job-step-failed' });
});
