// `livedrops jobs`: its table, its list, and what it changes.

import test from 'ava';
import type { Static } from 'typebox';
import type { JobBody } from '../../contracts/jobs.ts';
import { RECONCILE_KINDS, reconcileJobId } from '../../contracts/reconcile.ts';
import { jobsText } from '../../operator/jobs.ts';
import { reconcileText } from '../../operator/reconcile.ts';
import { jobOf } from '../storage/contract/jobs.ts';
import { startPretendGateway, TOKEN } from './pretend-gateway.ts';
import { runCommand } from './run-command.ts';

const TIME = '2027-01-15T08:00:00.000Z';

function jobInfo(change: Partial<Static<typeof JobBody>> = {}): Static<typeof JobBody> {
  return {
    id: 'j_01kb9c0q0example00000000',
    kind: 'refund-orders',
    state: 'queued',
    callerId: 'ann',
    subject: 'd_1',
    progress: { done: 0, refused: {}, left: 3 },
    attempts: 0,
    createdAt: TIME,
    updatedAt: TIME,
    ...change,
  };
}

test('J11: jobs print as a table with their progress and reasons', (t) => {
  t.is(jobsText([]), 'No jobs.\n');
  const progress = { done: 7, refused: { 'not-found': 2, 'order-not-refundable': 1 } };
  const rows = [jobInfo(), jobInfo({ state: 'failed', attempts: 10, reason: 'Away.', progress })];
  const [headings, ...lines] = jobsText(rows).split('\n');
  t.regex(headings!, /^created +id +kind +of +by +state +done +refused +left +attempts +reason$/);
  t.deepEqual(
    lines.map((line) => line.replaceAll(/ +/g, ' ')),
    [
      `${TIME} j_01kb9c0q0example00000000 refund-orders d_1 ann queued 0 - 3 0 -`,
      `${TIME} j_01kb9c0q0example00000000 refund-orders d_1 ann failed 7 ` +
        '2 not-found, 1 order-not-refundable - 10 Away.',
      '2 jobs',
      '',
    ],
  );
});

test('J11: jobs are listed up to --limit, shown, retried and cancelled', async (t) => {
  const gateway = await startPretendGateway(t, ['node-1']);
  const { jobs } = gateway.cluster;
  const bounds = { ofKindMax: 1_000, ofCallerMax: 1_000 };
  const idOf = (i: number) => `j_${String(i).padStart(25, '0')}`;
  for (let i = 0; i < 130; i++) await jobs.add(jobOf(idOf(i), { createdAt: i }), bounds);
  t.is((await gateway.api.jobs(null, 1_000)).length, 130);
  t.is((await gateway.api.jobs('queued', 120)).length, 120);
  t.is((await gateway.api.jobs('failed', 120)).length, 0);
  const run = (...args: string[]) =>
    runCommand(['jobs', ...args, '--url', gateway.url, '--token', TOKEN]);
  const [listed, shown, planned, unknown] = await Promise.all([
    run('--limit', '2', '--json'),
    run('show', idOf(5)),
    run('cancel', idOf(5), '--dry-run'),
    run('retry', 'x'),
  ]);
  t.is((JSON.parse(listed.stdout) as unknown[]).length, 2);
  t.regex(shown.stdout, /queued/);
  t.is(planned.stdout, `${idOf(5)} would be cancelled\n`);
  t.is(unknown.code, 2);
  t.is((await jobs.find(idOf(5)))!.state, 'queued');
  t.is((await run('cancel', idOf(5))).stdout, `${idOf(5)} is cancelled\n`);
  t.is((await run('retry', idOf(5))).stdout, `${idOf(5)} is queued\n`);
  t.deepEqual(
    gateway.cluster.log.actions.map(({ action }) => action),
    ['cancel-job', 'retry-job'],
  );
});

test('L3: reconciliation is shown by kind, and begun now', async (t) => {
  const gateway = await startPretendGateway(t, ['node-1']);
  const { jobs } = gateway.cluster;
  const bounds = { ofKindMax: 10, ofCallerMax: 10 };
  for (const kind of RECONCILE_KINDS) {
    const job = jobOf(reconcileJobId(kind), { kind: 'reconcile', subject: kind });
    await jobs.add({ ...job, dueAt: Number.MAX_SAFE_INTEGER }, bounds);
  }
  const run = (...args: string[]) =>
    runCommand(['reconcile', ...args, '--url', gateway.url, '--token', TOKEN]);
  const [all, now] = await Promise.all([run(), run('--now', '--kind', 'orders', '--json')]);
  t.deepEqual([all.code, now.code], [0, 0], `${all.stderr}${now.stderr}`);
  t.regex(
    all.stdout,
    /^kind +state +pass +compared +mended +since +reason\nfollows +queued +none yet/,
  );
  t.is((JSON.parse(now.stdout) as unknown[]).length, 1);
  t.true((await jobs.find('reconcile-orders'))!.dueAt! < Number.MAX_SAFE_INTEGER);
  t.is((await jobs.find('reconcile-follows'))!.dueAt, Number.MAX_SAFE_INTEGER);
});

test('L3: a pass prints what it compared and mended', (t) => {
  const ended = { done: 70, refused: {}, left: 0, mended: 2 };
  const rows = [
    jobInfo({ subject: 'follows', progress: ended }),
    jobInfo({ subject: 'orders', state: 'running', progress: { done: 9, refused: {}, mended: 0 } }),
  ];
  const [, ...lines] = reconcileText(rows).split('\n');
  t.deepEqual(
    lines.map((line) => line.replaceAll(/ +/g, ' ')),
    [`follows queued ended 70 2 ${TIME} -`, `orders running under way 9 0 ${TIME} -`, ''],
  );
});
