// One supervised process: its start, its crashes, its end. The program is a small script that does
// as its arguments say.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { SupervisedProcess } from '../../../operator/cluster/supervised-process.ts';
import { EXIT_RESTART } from '../../../operator/start.ts';

const READY = `process.on('SIGTERM', () => process.exit(0)); setInterval(() => 0, 1000);
console.log('ready', process.pid);`;

interface Scene {
  readonly process: SupervisedProcess;
  readonly log: () => string;
  /** Resolves to the first thing told from now on that matches, or was told and not yet asked for. */
  readonly told: (pattern: RegExp) => Promise<string>;
}

function scene(
  t: ExecutionContext,
  script: string,
  options: { stopTimeoutMs?: number; program?: string } = {},
): Scene {
  const directory = mkdtempSync(join(tmpdir(), 'livedrops-supervised-'));
  const logFile = join(directory, 'log');
  const heard: string[] = [];
  let wake: () => void = () => undefined;
  const supervised = new SupervisedProcess({
    name: 'thing',
    program: options.program ?? process.execPath,
    args: ['-e', script],
    environment: { LIVEDROPS_TEST: 'seen' },
    ready: /ready/,
    logFile,
    stopTimeoutMs: options.stopTimeoutMs ?? 10_000,
    tell: (text) => {
      heard.push(text);
      wake();
    },
  });
  t.teardown(async () => {
    await supervised.stop('SIGKILL');
    rmSync(directory, { recursive: true, force: true });
  });
  return {
    process: supervised,
    log: () => readFileSync(logFile, 'utf8'),
    async told(pattern) {
      for (;;) {
        const index = heard.findIndex((text) => pattern.test(text));
        if (index >= 0) return heard.splice(index, 1)[0]!;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
  };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test('it is ready when it says so, and its words are kept in its log file', async (t) => {
  const { process: thing, log } = scene(t, `console.error(process.env.LIVEDROPS_TEST);${READY}`);
  await thing.start();
  t.is(thing.state, 'running');
  const pid = thing.pid!;
  await thing.stop();
  // Two pipes: which of them is read first is open.
  await until(() => log().length > `seen\nready ${pid}`.length);
  t.deepEqual(log().trimEnd().split('\n').toSorted(), [`ready ${pid}`, 'seen']);
  t.deepEqual([thing.state, thing.pid, lives(pid)], ['ended', null, false]);
});

test('a start that fails says why, with the last words, and leaves nothing running', async (t) => {
  const { process: thing } = scene(t, `console.error('no disk'); process.exit(3)`);
  const error = await t.throwsAsync(thing.start());
  t.is(error?.message, 'thing ended before it was ready (exit code 3):\n  no disk');
  t.is(thing.state, 'ended');
});

test('a program that is not installed is named, with what would bring it', async (t) => {
  const { process: thing } = scene(t, '', { program: 'livedrops-no-such-server' });
  const error = await t.throwsAsync(thing.start());
  t.is(
    error?.message,
    'livedrops-no-such-server is not installed here; on Debian: ' +
      'apt-get install livedrops-no-such-server',
  );
});

test('what crashes is started again, later each time, and each crash is told', async (t) => {
  const { process: thing, told } = scene(t, READY);
  await thing.start();
  const first = thing.pid!;
  await thing.kill();
  t.false(lives(first));
  t.is(await told(/crashed/), 'thing has crashed (SIGKILL), started again in 200 ms');
  await told(/thing is back/);
  t.not(thing.pid, first);
  await thing.kill();
  t.is(await told(/crashed/), 'thing has crashed (SIGKILL), started again in 400 ms');
  await told(/thing is back/);
  t.is(thing.restarts, 2);
});

test('what asks for a restart is started again at once, and what ends in order stays ended', async (t) => {
  const { process: thing, told } = scene(
    t,
    `process.on('SIGUSR2', () => process.exit(${EXIT_RESTART}));${READY}`,
  );
  await thing.start();
  thing.signal('SIGUSR2');
  t.is(await told(/thing/), 'thing is started again, as it asked');
  await told(/thing is back/);
  thing.signal('SIGTERM');
  t.is(await told(/thing/), 'thing has ended by itself, and stays so');
  t.is(thing.state, 'ended');
  await thing.start();
  t.is(thing.state, 'running');
});

test('one that does not end in time is killed, a paused one too', async (t) => {
  const stubborn = `process.on('SIGTERM', () => 0); setInterval(() => 0, 1000); console.log('ready')`;
  for (const pause of [false, true]) {
    const { process: thing, told } = scene(t, stubborn, { stopTimeoutMs: 100 });
    await thing.start();
    const pid = thing.pid!;
    if (pause) thing.signal('SIGSTOP');
    await thing.stop();
    t.is(await told(/thing/), 'thing did not end in time and is killed');
    t.false(lives(pid));
  }
});

test('a stop while it waits to be started again ends the waiting', async (t) => {
  const { process: thing, told } = scene(t, READY);
  await thing.start();
  await thing.kill();
  await told(/crashed/);
  t.is(thing.state, 'waiting');
  await thing.stop();
  t.deepEqual([thing.state, thing.pid], ['ended', null]);
});
