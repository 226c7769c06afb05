// Passes by jobs: how they go on after a crash, and for whom they are (D9).

import test, { type ExecutionContext } from 'ava';
import pino from 'pino';
import { ExportDownloads } from '../../../app/jobs/export-downloads.ts';
import { ExportSpace } from '../../../app/jobs/export-space.ts';
import { PassLists, PassListsHandler } from '../../../app/passes/pass-lists.ts';
import { PASS_MINUTE_MS, PassTexts } from '../../../app/passes/pass-texts.ts';
import type { Job } from '../../../contracts/jobs.ts';
import type { MadePass, NewPassList } from '../../../contracts/passes.ts';
import { passTerms } from '../../../domain/pass.ts';
import { success } from '../../../domain/refusal.ts';
import { JobQueue } from '../../../events/jobs/job-queue.ts';
import { claimed, stepped } from '../../../events/jobs/job.ts';
import { FolderExportFiles } from '../../../storage/exports/export-files-folder.ts';
import { memoryStores } from '../../../storage/memory/stores.ts';
import { FEATURE_LEVEL, ReachedLevel } from '../../../storage/ports/feature-level.ts';
import { ManualClock } from '../../actors/manual-clock.ts';
import { dropView, ScriptedRouter } from '../../services/harness.ts';
import { removeDirectory, temporaryDirectory } from '../../storage/temporary-directory.ts';

/** A whole minute. */
const NOW = 30_000_000 * PASS_MINUTE_MS;
const SERIAL_BYTES = 6;
const CREATOR = { userId: 'cleo', roles: [] };

interface Choice {
  readonly level?: number;
  readonly withSecret?: boolean;
  readonly withPlace?: boolean;
}

function setUp(t: ExecutionContext, choice: Choice = {}) {
  const { level = FEATURE_LEVEL, withSecret = true, withPlace = true } = choice;
  const folder = temporaryDirectory();
  t.teardown(() => removeDirectory(folder));
  const files = new FolderExportFiles({ folder, create: true });
  const stores = memoryStores();
  const { jobs, follows } = stores;
  const clock = new ManualClock(NOW);
  const now = () => clock.now();
  const space = new ExportSpace({ files, jobs, clock, log: pino({ level: 'silent' }) });
  const passTexts = new PassTexts(['a secret of passes']);
  const router = new ScriptedRouter();
  router.answer = () => success(dropView({ id: 'd_1', creatorId: 'cleo' }));
  let ids = 0;
  const lists = new PassLists({
    router,
    queue: new JobQueue({ jobs, now }),
    levels: new ReachedLevel(level),
    passTexts: withSecret ? passTexts : null,
    exportSpace: withPlace ? space : null,
    now,
    // Every list begins with the last serial, and has an id of its own.
    random: (count) => new Uint8Array(count).fill(count === SERIAL_BYTES ? 255 : ++ids),
  });
  const downloads = new ExportDownloads({ ...stores, router, files });
  /** A process that runs the job. */
  const runner = () => new PassListsHandler({ passTexts, follows, files, space });
  const ask = (wanted: NewPassList, caller = CREATOR) =>
    lists.request({ caller, dropId: 'd_1', wanted });
  const queue = async (wanted: NewPassList): Promise<Job> => {
    const queued = await ask(wanted);
    if (!queued.ok) throw new Error(queued.code);
    return (await jobs.find(queued.value.id))!;
  };
  const claim = async (job: Job): Promise<Job> => {
    const next = claimed(job, NOW);
    t.true(await jobs.replace(next));
    return next;
  };
  const step = async (job: Job): Promise<Job> => {
    const next = stepped(job, await runner().step(job), NOW);
    t.true(await jobs.replace(next));
    return next;
  };
  const finish = async (begun: Job): Promise<Job> => {
    let job = begun;
    while (job.state === 'running') job = await step(job);
    return job;
  };
  const read = async ({ id }: Job): Promise<string> => {
    const opened = await downloads.openPasses(CREATOR, id);
    if (!opened.ok) return opened.code;
    let text = '';
    for await (const chunk of opened.value.chunks) text += chunk;
    return text;
  };
  return { ask, queue, claim, step, finish, read, runner, follows, passTexts };
}

function passesIn(text: string): MadePass[] {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as MadePass);
}

test('D9: every pass of a list is good and has a serial of its own, also past the last', async (t) => {
  const { queue, claim, finish, read, passTexts } = setUp(t);
  const from = NOW + PASS_MINUTE_MS;
  const wanted = { count: 10_000, format: 'ndjson', units: 3, singleUse: true, from } as const;
  const job = await finish(await claim(await queue(wanted)));
  t.like(job.progress, { done: 10_000, left: 0 });
  const numbers = passesIn(await read(job)).map(({ pass }) => {
    const proved = passTexts.read(pass, 'd_1', 'anybody')!;
    t.is(proved.from, from);
    t.like(passTerms(proved.number), { units: 3, singleUse: true });
    return proved.number;
  });
  t.is(new Set(numbers).size, 10_000);
});

test('J11, D9: a list goes on in another process, and a step that comes again counts once', async (t) => {
  const { queue, claim, step, finish, read, runner } = setUp(t);
  const whole = await finish(await claim(await queue({ count: 9_000 })));
  const expected = await read(whole);
  const begun = await claim(await queue({ count: 9_000 }));
  t.is(await read(begun), 'export-not-done');
  await runner().step(begun);
  const again = await claim(begun);
  const first = await step(again);
  const lost = await runner().step(first);
  t.false(lost.isLast);
  const finished = await finish(first);
  t.is(await read(finished), expected);
});

test('D9: of the followers those get a pass who follow since the time, newest first', async (t) => {
  const { queue, claim, finish, read, follows, passTexts } = setUp(t);
  for (let i = 0; i < 1_300; i++) await follows.follow(`fan${i}`, 'cleo', NOW + i);
  await follows.unfollow('fan900', 'cleo');
  const wanted = { followersSince: NOW + 100, format: 'ndjson' } as const;
  const job = await finish(await claim(await queue(wanted)));
  const made = passesIn(await read(job));
  t.is(made.length, 1_199);
  t.deepEqual([made[0]!.userId, made.at(-1)!.userId], ['fan1299', 'fan100']);
  for (const { pass, userId } of made) t.not(passTexts.read(pass, 'd_1', userId!), null);
  t.is(passTexts.read(made[0]!.pass, 'd_1', made[1]!.userId!), null);
});

test('D9: named users as CSV, in which no cell is computed', async (t) => {
  const { queue, claim, finish, read } = setUp(t);
  const job = await finish(await claim(await queue({ userIds: ['ann', '=1+1'] })));
  const lines = (await read(job)).split('\r\n');
  t.is(lines[0], 'pass,userId');
  t.regex(lines[1]!, /^[0-9A-Z-]{29},ann$/);
  t.regex(lines[2]!, /^[0-9A-Z-]{29},'=1\+1$/);
});

test('D9: a list needs one kind of receivers, a secret, a place and every node', async (t) => {
  const { ask } = setUp(t);
  const codeOf = async (asked: ReturnType<typeof ask>) => {
    const outcome = await asked;
    return outcome.ok ? 'queued' : outcome.code;
  };
  t.is(await codeOf(ask({ units: 1 })), 'invalid-request');
  t.is(await codeOf(ask({ count: 1, userIds: ['ann'] })), 'invalid-request');
  t.is(await codeOf(ask({ followersSince: Number.NaN })), 'invalid-request');
  for (const from of [NOW + 1, 0, -PASS_MINUTE_MS, Number.NaN])
    t.is(await codeOf(ask({ count: 1, from })), 'invalid-request', `${from}`);
  t.is(await codeOf(ask({ count: 1 }, { userId: 'ann', roles: [] })), 'forbidden');
  t.is(await codeOf(ask({ count: 1 })), 'queued');
  for (const choice of [{ level: 3 }, { withSecret: false }, { withPlace: false }])
    t.is(await codeOf(setUp(t, choice).ask({ count: 1 })), 'unavailable');
});
