// What every driver of the jobs must do. They are one list for the whole store, so the tests run
// one after the other.

import test from 'ava';
import type { Job } from '../../../contracts/jobs.ts';
import {
  cancelRequested,
  claimed,
  queuedJob,
  retryRequested,
  stepped,
} from '../../../events/jobs/job.ts';
import type { JobBounds, JobFilter, JobStore } from '../../../storage/ports/jobs.ts';
import { failsWith } from './errors.ts';

/** The bound of the stores that the contract tests. */
export const FINISHED_JOBS_MAX = 3;
const BOUNDS: JobBounds = { ofKindMax: 20, ofCallerMax: 4 };
const KIND = 'refund-orders';

export function jobOf(id: string, change: Partial<Job> = {}): Job {
  const params = { text: 'no, "never", ünïcode', ids: ['d_1-0'] };
  const job = { id, kind: KIND, callerId: 'ann', subject: 'd_1', params, total: 3 } as const;
  return { ...queuedJob(job, 1_000), ...change };
}

export function jobsContract(store: () => JobStore): void {
  async function listed(filter: JobFilter, limit = 2): Promise<string[][]> {
    const pages: string[][] = [];
    let cursor: string | null = null;
    do {
      const page = await store().list(filter, { limit, cursor });
      pages.push(page.items.map(({ id }) => id));
      cursor = page.nextCursor;
    } while (cursor !== null && pages.length < 20);
    return pages;
  }

  async function counted(): Promise<Record<string, number>> {
    const counts = await store().counts();
    return Object.fromEntries(counts.map(({ state, count }) => [state, count]));
  }

  test.serial('J11: a job is found as it was added, and added only once', async (t) => {
    t.is(await store().find('j_1'), null);
    t.deepEqual(await store().counts(), []);
    const first = jobOf('j_1');
    t.is(await store().add(first, BOUNDS), 'added');
    t.is(await store().add(jobOf('j_1', { subject: 'other' }), BOUNDS), 'exists');
    t.deepEqual(await store().find('j_1'), first);
    t.deepEqual(await store().counts(), [{ kind: KIND, state: 'queued', count: 1 }]);
  });

  test.serial(
    'J11: of two who claim a job one has it, and an earlier token changes nothing',
    async (t) => {
      const queued = (await store().find('j_1'))!;
      const both = await Promise.all([
        store().replace(claimed(queued, 2_000)),
        store().replace(claimed(queued, 2_001)),
      ]);
      t.is(both.filter(Boolean).length, 1);
      const running = (await store().find('j_1'))!;
      t.like(running, { state: 'running', token: 1, revision: 1 });
      // Its lease ended, and another one has the job.
      t.true(await store().replace(claimed(running, 99_000)));
      const late = stepped(
        running,
        { cursor: '5', progress: running.progress, isLast: true },
        99_001,
      );
      t.false(await store().replace(late));
      t.like(await store().find('j_1'), { state: 'running', token: 2, cursor: null });
      t.false(await store().replace({ ...jobOf('j_none'), revision: 1 }));
      t.deepEqual(await counted(), { running: 1 });
    },
  );

  test.serial('J11: due are those of the kind whose time has come, earliest first', async (t) => {
    for (const [id, dueAt] of [
      ['j_2', 70],
      ['j_3', 60],
    ] as const)
      await store().add(jobOf(id, { dueAt, callerId: 'ben', createdAt: 2_000 }), BOUNDS);
    const due = async (time: number, limit = 9, kind = KIND as string) =>
      (await store().due(kind, time, limit)).map(({ id }) => id);
    t.deepEqual(await due(59), []);
    t.deepEqual(await due(60), ['j_3']);
    t.deepEqual(await due(70), ['j_3', 'j_2']);
    t.deepEqual(await due(70, 1), ['j_3']);
    t.deepEqual(await due(1e9, 9, 'other'), []);
    // A running job is due when its lease ends.
    t.deepEqual(await due(114_000), ['j_3', 'j_2', 'j_1']);
  });

  test.serial('J11: jobs are listed newest first: all, in a state, of a caller', async (t) => {
    t.deepEqual(await listed({}), [['j_3', 'j_2'], ['j_1']]);
    t.deepEqual(await listed({ state: 'queued' }), [['j_3', 'j_2']]);
    t.deepEqual(await listed({ callerId: 'ann' }), [['j_1']]);
    t.deepEqual(await listed({ callerId: 'nobody' }), [[]]);
    t.deepEqual(await listed({ state: 'failed' }), [[]]);
    await failsWith(t, 'invalid-cursor', store().list({}, { limit: 2, cursor: 'nonsense' }));
  });

  test.serial('J11: a finished job is due no more, and is removed when it expires', async (t) => {
    const ended = cancelRequested((await store().find('j_3'))!, 5_000)!;
    t.true(await store().replace(ended));
    t.deepEqual(await store().find('j_3'), ended);
    t.deepEqual(await store().due(KIND, 60, 9), []);
    t.deepEqual(await counted(), { running: 1, queued: 1, cancelled: 1 });
    const { expiresAt } = ended;
    t.is(await store().removeExpired(expiresAt! - 1, 9), 0);
    t.is(await store().removeExpired(expiresAt!, 9), 1);
    t.is(await store().find('j_3'), null);
    t.deepEqual(await listed({}), [['j_2', 'j_1']]);
    t.deepEqual(await counted(), { running: 1, queued: 1 });
  });

  test.serial('J11: unfinished jobs of a caller and of a kind are bounded', async (t) => {
    const add = (id: string, callerId: string) => store().add(jobOf(id, { callerId }), BOUNDS);
    const mine = await Promise.all([0, 1, 2, 3, 4].map((i) => add(`j_c${i}`, 'cat')));
    t.deepEqual(mine.toSorted(), ['added', 'added', 'added', 'added', 'full']);
    for (let i = 0; i < 30; i++) await add(`j_k${i}`, `k${i}`);
    t.is((await counted())['queued'], BOUNDS.ofKindMax - 1);
    t.is(await add('j_last', 'somebody'), 'full');
    // One that ends makes room.
    t.true(await store().replace(cancelRequested((await store().find('j_k0'))!, 6_000)!));
    t.is(await add('j_last', 'somebody'), 'added');
    t.is(await add('j_last', 'somebody'), 'exists');
  });

  test.serial('J11: the oldest finished jobs of a caller are removed past the bound', async (t) => {
    for (let i = 0; i < 6; i++) {
      const id = `j_f${i}`;
      const callerId = 'fay';
      // The kind is full, so they come where others leave.
      const other = (await store().find(`j_k${i + 1}`))!;
      await store().replace(cancelRequested(other, 6_000)!);
      t.is(await store().add(jobOf(id, { callerId, createdAt: 9_000 + i }), BOUNDS), 'added');
      t.true(await store().replace(cancelRequested((await store().find(id))!, 10_000 + i)!));
    }
    t.deepEqual(await listed({ callerId: 'fay' }, 9), [['j_f5', 'j_f4', 'j_f3']]);
    t.is(await store().find('j_f0'), null);
    const total = Object.values(await counted()).reduce((sum, count) => sum + count, 0);
    t.is(total, (await listed({}, 99))[0]!.length);
  });

  test.serial(
    'J11, H11: a job is replaced once for a request, its answer kept with it',
    async (t) => {
      const request = { id: 'job_once', fingerprint: 'f', callerId: 'fay' };
      await store().add(jobOf('j_once', { callerId: 'fay', createdAt: 20_000 }), BOUNDS);
      const cancelled = cancelRequested((await store().find('j_once'))!, 20_001)!;
      const late = await store().replaceOnce(request, { ...cancelled, revision: 9 }, 'late');
      t.deepEqual(late, { result: 'new', value: null });
      t.is(await store().requests.find(request), null, 'what replaced nothing is not kept');
      const answer = '{"answer": "ü \\n"}';
      const cancel = (job: Job) => store().replaceOnce(request, job, answer);
      const tries = await Promise.all([cancel(cancelled), cancel(cancelled)]);
      t.deepEqual(tries.map(({ result }) => result).toSorted(), ['new', 'repeated']);
      for (const one of tries) t.is('value' in one ? one.value : null, answer);
      t.deepEqual(await store().find('j_once'), cancelled);
      t.deepEqual(await listed({ callerId: 'fay' }, 9), [['j_once', 'j_f5', 'j_f4']]);
      // Somebody else's change in between must stay.
      const retried = retryRequested(cancelled, 20_002)!;
      t.true(await store().replace(retried));
      const again = await cancel(cancelRequested(retried, 20_003)!);
      t.deepEqual(again, { result: 'repeated', value: answer });
      t.deepEqual(await store().find('j_once'), retried);
      const other = await store().replaceOnce({ ...request, fingerprint: 'g' }, retried, 'other');
      t.deepEqual(other, { result: 'reused' });
      t.deepEqual(await store().requests.keep(request, 'other'), again);
      const [ended = []] = await listed({ state: 'cancelled' }, 99);
      t.false(ended.includes('j_once'));
    },
  );
}
