// What the job of a ban does to the user's orders, page by page, in two rounds.

import test from 'ava';
import type { CommandRouter } from '../../actors/command-router.ts';
import { type EnforceBanParams, EnforceBanHandler } from '../../app/jobs/enforce-ban.ts';
import type { DropCommand } from '../../contracts/commands.ts';
import type { Job } from '../../contracts/jobs.ts';
import type { OrderView } from '../../contracts/orders.ts';
import { refusal, success } from '../../domain/refusal.ts';
import { queuedJob, stepped } from '../../events/jobs/job.ts';
import { memoryStores } from '../../storage/memory/stores.ts';
import { drop, order } from '../gateway/fixture.ts';

const EVERYWHERE: EnforceBanParams = {
  creatorId: null,
  userId: 'buyer',
  refundsAs: null,
  restock: true,
};

function setUp() {
  const { orderList, catalogue } = memoryStores();
  const commands: string[] = [];
  const unfollowed: string[] = [];
  let ordinal = 0;
  let answer: unknown = null;
  const place = async (change: Partial<OrderView> = {}): Promise<string> => {
    const { dropId } = { ...order, ...change };
    const id = `${dropId}-${(ordinal++).toString(36)}`;
    const placed = { ...order, status: 'reserved' as const, ...change, id, createdAt: ordinal };
    await orderList.put([{ shard: 0, sequence: ordinal, rows: [placed] }]);
    return id;
  };
  const router = {
    send: async (command: DropCommand) => {
      const { type, orderId } = command as { type: string; orderId: string };
      const { caller } = command as { caller: { userId: string } };
      commands.push(`${type} ${orderId} as ${caller.userId}`);
      return answer;
    },
  } as unknown as CommandRouter;
  const followsOf = {
    unfollow: async ({ creatorId }: { creatorId: string }) => {
      unfollowed.push(creatorId);
      return success(null);
    },
  };
  const handler = new EnforceBanHandler({ orderList, catalogue, router, followsOf });
  const jobOf = (params: EnforceBanParams): Job =>
    queuedJob(
      {
        id: 'j',
        kind: 'enforce-ban',
        callerId: 'c',
        subject: params.userId,
        params,
        total: null,
      },
      0,
    );
  /** To the end of the round. */
  const round = async (from: Job, now: number): Promise<Job> => {
    let job = from;
    while (job.state === 'running') job = stepped(job, await handler.step(job), now);
    return job;
  };
  const answers = (next: unknown) => (answer = next);
  return { catalogue, commands, unfollowed, place, handler, jobOf, round, answers };
}

test('A9: holds are let go in the buyer’s name, on all pages, and once more after a while', async (t) => {
  const { commands, unfollowed, place, jobOf, round, answers } = setUp();
  answers(success({ ...order, status: 'cancelled' }));
  const ids: string[] = [];
  for (let i = 0; i < 40; i++) ids.push(await place());
  await place({ status: 'confirmed' });
  await place({ status: 'expired' });
  await place({ userId: 'other' });
  const first = await round({ ...jobOf(EVERYWHERE), state: 'running' }, 1_000);
  t.deepEqual(commands.toSorted(), ids.map((id) => `cancel-order ${id} as buyer`).toSorted());
  t.like(first, { state: 'queued', dueAt: 16_000, progress: { done: 40, refused: {} } });
  // One that was on its way when the ban was made.
  commands.length = 0;
  const late = await place();
  const second = await round({ ...first, state: 'running' }, 16_000);
  t.true(commands.includes(`cancel-order ${late} as buyer`));
  t.like(second, { state: 'done', progress: { left: 0 } });
  t.deepEqual(unfollowed, []);
});

test('A9: a creator’s ban lets go of holds and refunds orders of that creator’s drops', async (t) => {
  const { catalogue, commands, unfollowed, place, jobOf, round, answers } = setUp();
  answers(success({ ...order, status: 'cancelled' }));
  await catalogue.putDrops([drop, { ...drop, id: 'drp_2', creatorId: 'else' }]);
  const held = await place();
  const paid = await place({ status: 'confirmed' });
  await place({ dropId: 'drp_2' });
  await place({ dropId: 'drp_2', status: 'confirmed' });
  await place({ dropId: 'drp_unknown' });
  const params = {
    ...EVERYWHERE,
    creatorId: 'creator',
    refundsAs: { userId: 'creator', operator: false },
  };
  await round({ ...jobOf(params), state: 'running' }, 1_000);
  t.deepEqual(commands.toSorted(), [
    `cancel-order ${held} as buyer`,
    `refund-order ${paid} as creator`,
  ]);
  t.deepEqual(unfollowed, ['creator']);
});

test('A9: refusals are counted, and a drop that cannot be reached is tried again', async (t) => {
  const { place, handler, jobOf, answers } = setUp();
  await place();
  answers(refusal('hold-expired'));
  const { progress } = await handler.step(jobOf(EVERYWHERE));
  t.deepEqual(progress, { done: 0, refused: { 'hold-expired': 1 }, left: null });
  answers(refusal('unavailable'));
  await t.throwsAsync(handler.step(jobOf(EVERYWHERE)), { code: 'job-step-failed' });
});
