// The jobs of bans: what they are counted by, and how many of them are stored.

import test from 'ava';
import { InProcessLiveBus } from '../../actors/live-bus.ts';
import { Bans } from '../../app/bans.ts';
import type { Job } from '../../contracts/jobs.ts';
import { JobQueue } from '../../events/jobs/job-queue.ts';
import { memoryStores } from '../../storage/memory/stores.ts';

const OPERATOR = { userId: 'boss', roles: ['operator'] };

function setUp() {
  const { restrictions, operatorAccounts, auditLog, jobs } = memoryStores();
  let at = 0;
  let made = 0;
  /** Unfinished jobs of bans that are not in the store. */
  let othersCount = 0;
  const now = () => (at += 1);
  const add = jobs.add.bind(jobs);
  jobs.add = (job, { ofKindMax, ofCallerMax }) =>
    add(job, { ofKindMax: ofKindMax - othersCount, ofCallerMax });
  const bans = new Bans({
    restrictions,
    operatorAccounts,
    auditLog,
    queue: new JobQueue({ jobs, now }),
    liveBus: new InProcessLiveBus(),
    levels: { reached: () => 4 },
    now,
    random: (length) => {
      const bytes = Buffer.alloc(length);
      bytes.writeUInt32BE((made += 1));
      return bytes;
    },
  });
  const banBy = (creatorId: string, userId: string, refundOrders = false) => {
    const caller = { userId: creatorId, roles: [] };
    return bans.put({ caller, creatorId, userId, ban: { refundOrders } });
  };
  const ban = (userId: string, { creatorId = null as string | null, refundOrders = false } = {}) =>
    bans.put({ caller: OPERATOR, creatorId, userId, ban: { refundOrders } });
  const stored = async (): Promise<readonly Job[]> =>
    (await jobs.list({}, { limit: 1_000, cursor: null })).items;
  const finish = async () => {
    for (const job of await stored()) {
      const finished = { state: 'done', dueAt: null, finishedAt: now() } as const;
      await jobs.replace({ ...job, ...finished, revision: job.revision + 1 });
    }
  };
  return { ban, banBy, stored, finish, others: (count: number) => (othersCount = count) };
}

test('A9: a creator who bans a user again and again does not use up the jobs of operators', async (t) => {
  const { ban, banBy } = setUp();
  for (let i = 0; i < 25; i++) await banBy('accomplice', 'u');
  t.true((await ban('u')).ok);
  t.true((await ban('u', { creatorId: 'accomplice' })).ok);
  t.true((await banBy('other', 'u')).ok);
});

test('A9: who bans a whole crowd is not stopped by the bound of a user’s jobs', async (t) => {
  const { ban, banBy } = setUp();
  for (let i = 0; i < 100; i++) {
    t.true((await ban(`u_${i}`)).ok);
    t.true((await banBy('creator', `u_${i}`)).ok);
  }
});

test('A9: unfinished jobs of a creator’s bans are bounded, with a part left to operators', async (t) => {
  const { ban, banBy, others } = setUp();
  for (let i = 0; i < 200; i++) t.true((await banBy('creator', `u_${i}`)).ok);
  t.like(await banBy('creator', 'u_200'), { ok: false, code: 'overloaded' });
  t.true((await ban('u_200', { creatorId: 'creator' })).ok);
  others(10_000);
  t.like(await banBy('other', 'u'), { ok: false, code: 'overloaded' });
  t.like(await banBy('other', 'u', true), { ok: false, code: 'overloaded' });
  t.true((await ban('u')).ok);
  t.true((await ban('u', { refundOrders: true })).ok);
});

test('A9: finished jobs of bans are bounded, however many users are banned', async (t) => {
  const { ban, banBy, stored, finish } = setUp();
  for (let i = 0; i < 130; i++) {
    await ban(`u_${i}`);
    await banBy('creator', `u_${i}`);
  }
  await finish();
  t.is((await stored()).length, 200);
});
