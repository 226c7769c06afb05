// What the job of a ban does to the user's orders, page by page, in two rounds.

import test from 'ava';
import type { CommandRouter } from '../../actors/command-router.ts';
import { banKey, type EnforceBanParams, EnforceBanHandler } from '../../app/jobs/enforce-ban.ts';
import type { DropCommand } from '../../contracts/commands.ts';
import type { Job } from '../../contracts/jobs.ts';
import type { OrderView } from '../../contracts/orders.ts';
import { refusal, success } from '../../domain/refusal.ts';
import { queuedJob, stepped } from '../../events/jobs/job.ts';
import { memoryStores } from '../../storage/memory/stores.ts';
import { ManualClock } from '../actors/manual-clock.ts';
import { drop, order } from '../gateway/fixture.ts';

const SINCE = 500;
const BOUNDS = { ofScopeMax: 10, max: 10 };

const EVERYWHERE: EnforceBanParams = {
  creatorId: null,
  userId: 'buyer',
  refundsAs: null,
  restock: true,
  since: SINCE,
};

async function setUp(bannedBy: string | null = null) {
  const { orderList, catalogue, restrictions } = memoryStores();
  const clock = new ManualClock(SINCE);
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
  const options = { orderList, catalogue, restrictions, router, clock, followsOf };
  const handler = new EnforceBanHandler(options);
  const key = banKey(bannedBy, EVERYWHERE.userId);
  const ban = (since: number, until: number | null = null) =>
    restrictions.put({ ...key, reason: null, since, until, by: 'boss' }, BOUNDS, since);
  const lift = () => restrictions.lift(key);
  await ban(SINCE);
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
  return {
    ban,
    lift,
    clock,
    catalogue,
    commands,
    unfollowed,
    place,
    handler,
    jobOf,
    round,
    answers,
  };
}

test('A9: holds are let go in the buyer’s name, on all pages, and once more after a while', async (t) => {
  const { commands, unfollowed, place, jobOf, round, answers } = await setUp();
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
  const { catalogue, commands, unfollowed, place, jobOf, round, answers } = await setUp('creator');
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
  const { place, handler, jobOf, answers } = await setUp();
  await place();
  answers(refusal('hold-expired'));
  const { progress } = await handler.step(jobOf(EVERYWHERE));
  t.deepEqual(progress, { done: 0, refused: { 'hold-expired': 1 }, left: null });
  answers(refusal('unavailable'));
  await t.throwsAsync(handler.step(jobOf(EVERYWHERE)), { code: 'job-step-failed' });
});

for (const [how, since] of [
  ['lifted', SINCE],
  ['lifted', undefined],
  ['over', SINCE],
  ['over', undefined],
  ['made anew', SINCE],
] as const) {
  const origin = since === undefined ? ', of an earlier version too' : '';
  test(`A9: once the ban is ${how} its job does nothing more${origin}`, async (t) => {
    const { ban, lift, clock, catalogue, commands, unfollowed, place, jobOf, round, answers } =
      await setUp('creator');
    answers(success({ ...order, status: 'cancelled' }));
    await catalogue.putDrops([drop]);
    if (how === 'over') await ban(SINCE, 16_000);
    const { since: _, ...params } = { ...EVERYWHERE, creatorId: 'creator' };
    const job = jobOf(since === undefined ? params : { ...params, since });
    const first = await round({ ...job, state: 'running' }, 1_000);
    t.like(first, { state: 'queued', progress: { done: 0 } });
    t.deepEqual(unfollowed, ['creator']);
    await clock.advance(16_000 - SINCE);
    if (how !== 'over') await lift();
    if (how === 'made anew') await ban(2_000);
    // The user orders and follows again.
    await place();
    const second = await round({ ...first, state: 'running' }, 16_000);
    t.like(second, { state: 'done', progress: { done: 0, left: 0 } });
    t.deepEqual(commands, []);
    t.deepEqual(unfollowed, ['creator']);
  });
}
