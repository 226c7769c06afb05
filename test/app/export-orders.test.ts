// Exports by jobs: how they go on, begin anew, and keep to their room (O9a).

import test, { type ExecutionContext } from 'ava';
import pino from 'pino';
import { ExportDownloads } from '../../app/jobs/export-downloads.ts';
import { ExportOrdersHandler } from '../../app/jobs/export-orders.ts';
import { type ExportBounds, ExportSpace } from '../../app/jobs/export-space.ts';
import type { ExportPosition, OpenExport } from '../../app/order-exports.ts';
import type { Job } from '../../contracts/jobs.ts';
import { claimed, queuedJob, stepped } from '../../events/jobs/job.ts';
import { FolderExportFiles } from '../../storage/exports/export-files-folder.ts';
import { MemoryJobStore } from '../../storage/memory/jobs-memory.ts';
import { success } from '../../domain/refusal.ts';
import { memoryStores } from '../../storage/memory/stores.ts';
import { dropView, ScriptedRouter } from '../services/harness.ts';
import { ManualClock } from '../actors/manual-clock.ts';
import { removeDirectory, temporaryDirectory } from '../storage/temporary-directory.ts';

const NOW = 1_800_000_000_000;
const CHUNKS = 20;
const ORDERS_PER_CHUNK = 10;
const WIDE: ExportBounds = { callerBytesMax: 1e9, bytesMax: 1e9, exportsMax: 100 };

/** A drop of one version after the other, with a line for each chunk. */
class Drop {
  version = 5;
  opened = 0;
  closed = 0;

  readonly open: OpenExport = async (_dropId, _format, after = null) => {
    this.opened += 1;
    const { version } = this;
    const state = { at: after?.version === version ? after.orders : 0 };
    return {
      version,
      orders: CHUNKS * ORDERS_PER_CHUNK,
      at: () => state.at,
      chunks: this.#read(version, after, state),
      close: () => void (this.closed += 1),
    };
  };

  text(version = this.version): string {
    const lines = Array.from({ length: CHUNKS }, (_, i) => `${version} ${i}\n`);
    return [`head ${version}\n`, ...lines].join('');
  }

  async *#read(version: number, after: ExportPosition | null, state: { at: number }) {
    if (after?.version !== version) yield `head ${version}\n`;
    for (let i = state.at / ORDERS_PER_CHUNK; i < CHUNKS; i++) {
      state.at += ORDERS_PER_CHUNK;
      yield `${version} ${i}\n`;
    }
  }
}

async function setUp(t: ExecutionContext, bounds = WIDE) {
  const folder = temporaryDirectory();
  t.teardown(() => removeDirectory(folder));
  const files = new FolderExportFiles({ folder, create: true });
  const jobs = new MemoryJobStore();
  const clock = new ManualClock(NOW);
  const log = pino({ level: 'silent' });
  const drop = new Drop();
  const space = new ExportSpace({ files, jobs, bounds, clock, log });
  /** A process that runs the job. */
  const runner = () => new ExportOrdersHandler({ open: drop.open, files, space });
  const add = async (id = 'j_1'): Promise<Job> => {
    const params = { format: 'csv' };
    const given = { id, callerId: 'cleo', subject: 'd_1', params, total: null };
    const job = queuedJob({ ...given, kind: 'export-orders' }, NOW);
    await jobs.add(job, { ofKindMax: 100, ofCallerMax: 100 });
    return job;
  };
  const claim = async (job: Job): Promise<Job> => {
    const next = claimed(job, NOW);
    t.true(await jobs.replace(next));
    return next;
  };
  const step = async (handler: ExportOrdersHandler, job: Job): Promise<Job> => {
    const next = stepped(job, await handler.step(job, new AbortController().signal), NOW);
    t.true(await jobs.replace(next));
    return next;
  };
  const finish = async (handler: ExportOrdersHandler, begun: Job): Promise<Job> => {
    let job = begun;
    while (job.state === 'running') job = await step(handler, job);
    handler.left(job.id);
    return job;
  };
  const router = new ScriptedRouter();
  router.answer = () => success(dropView({ creatorId: 'cleo' }));
  const downloads = new ExportDownloads({ ...memoryStores(), router, jobs, files });
  const read = async (id = 'j_1', as = 'cleo', roles: readonly string[] = []) => {
    const opened = await downloads.open({ userId: as, roles }, id);
    if (!opened.ok) return opened.code;
    let text = '';
    for await (const chunk of opened.value.chunks) text += chunk;
    return text;
  };
  return { files, jobs, drop, space, runner, add, claim, step, finish, read };
}

test('O9a, J11: a file is made in parts, and is there when its job is done', async (t) => {
  const { drop, runner, add, claim, step, finish, read } = await setUp(t);
  const handler = runner();
  const first = await step(handler, await claim(await add()));
  t.like(first.progress, { done: 70, left: 130 });
  t.is(await read(), 'export-not-done');
  const done = await finish(handler, first);
  t.like(done, { state: 'done', progress: { done: 200, left: 0 } });
  t.is(await read(), drop.text());
  t.deepEqual([drop.opened, drop.closed], [1, 1]);
});

test('O9a, A2: others do not see it, operators do', async (t) => {
  const { drop, runner, add, claim, finish, read } = await setUp(t);
  await finish(runner(), await claim(await add()));
  t.is(await read('j_1', 'ann'), 'not-found');
  t.is(await read('j_2'), 'not-found');
  t.is(await read('j_1', 'olga', ['operator']), drop.text());
});

test('O9a, J11: a job whose process died goes on behind its last part', async (t) => {
  const { drop, files, runner, add, claim, step, finish, read } = await setUp(t);
  const first = await step(runner(), await claim(await add()));
  // This step is not stored: the process dies after it wrote the part.
  const dying = runner();
  const second = await claim(first);
  await dying.step(second, new AbortController().signal);
  const done = await finish(runner(), await claim(second));
  t.is(done.state, 'done');
  t.is(await read(), drop.text());
  t.truthy(await files.read('j_1', '1-0'));
  t.is(await files.read('j_1', '1-1'), null);
  t.truthy(await files.read('j_1', '3-0'));
});

test('O9a: a drop that changed while no process had its export is exported anew', async (t) => {
  const { drop, runner, add, claim, step, finish, read } = await setUp(t);
  const first = await step(runner(), await claim(await add()));
  drop.version = 6;
  const done = await finish(runner(), await claim(first));
  t.like(done, { state: 'done', progress: { done: 200, left: 0 } });
  t.is(await read(), drop.text(6));
});

test('O9a: a change of the drop does not reach an export under way', async (t) => {
  const { drop, runner, add, claim, step, finish, read } = await setUp(t);
  const handler = runner();
  const first = await step(handler, await claim(await add()));
  drop.version = 6;
  await finish(handler, first);
  t.is(await read(), drop.text(5));
});

test('O9a: an export whose parts are gone is made anew', async (t) => {
  const { drop, files, runner, add, claim, step, finish, read } = await setUp(t);
  const first = await step(runner(), await claim(await add()));
  await files.remove('j_1');
  await finish(runner(), await claim(first));
  t.is(await read(), drop.text());
  await files.remove('j_1');
  t.is(await read(), 'not-found');
});

test('O9a: the process that leaves a job ends its export', async (t) => {
  const { drop, runner, add, claim, step } = await setUp(t);
  const handler = runner();
  const first = await step(handler, await claim(await add()));
  handler.left(first.id);
  handler.left(first.id);
  t.deepEqual([drop.opened, drop.closed], [1, 1]);
});

test('O9a, H6: files keep to their room, for each caller and in all', async (t) => {
  const own = await setUp(t, { ...WIDE, callerBytesMax: 90 });
  await own.finish(own.runner(), await own.claim(await own.add()));
  t.is(await own.space.room('cleo'), 'caller-full');
  t.is(await own.space.room('ann'), 'free');
  const second = await own.claim(await own.add('j_2'));
  await t.throwsAsync(own.step(own.runner(), second), { message: /room; each is removed/ });

  const all = await setUp(t, { ...WIDE, bytesMax: 90 });
  await all.finish(all.runner(), await all.claim(await all.add()));
  t.is(await all.space.room('ann'), 'full');
  await all.jobs.removeExpired(Infinity, 10);
  await all.space.removeOrphans();
  t.is(await all.space.room('ann'), 'free');
});

test('O9a: a file is removed with its job, and not before', async (t) => {
  const { files, jobs, space, runner, add, claim, step, finish } = await setUp(t);
  await finish(runner(), await claim(await add('j_done')));
  await step(runner(), await claim(await add('j_running')));
  await space.removeOrphans();
  t.is((await files.list()).length, 2);
  await jobs.removeExpired(Infinity, 10);
  await space.removeOrphans();
  t.deepEqual(
    (await files.list()).map(({ id }) => id),
    ['j_running'],
  );
});
