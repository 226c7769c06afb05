// The start, the crashes and the stop of one supervised process. The program is a small script.

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
  /** Resolves to the first report that matches and that no earlier call returned. */
  readonly reported: (pattern: RegExp) => Promise<string>;
}

function scene(
  t: ExecutionContext,
  script: string,
  options: { stopTimeoutMs?: number; program?: string } = {},
): Scene {
  const directory = mkdtempSync(join(tmpdir(), 'livedrops-supervised-'));
  const logFile = join(directory, 'log');
  const reports: string[] = [];
  let wake: () => void = () => undefined;
  const supervised = new SupervisedProcess({
    name: 'thing',
    program: options.program ?? process.execPath,
    args: ['-e', script],
    environment: { LIVEDROPS_TEST: 'seen' },
    ready: /ready/,
    logFile,
    stopTimeoutMs: options.stopTimeoutMs ?? 10_000,
    report: (text) => {
      reports.push(text);
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
    async reported(pattern) {
      for (;;) {
        const index = reports.findIndex((text) => pattern.test(text));
        if (index >= 0) return reports.splice(index, 1)[0]!;
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

test('a process runs once its output matches, and the output is in the log file', async (t) => {
  const { process: thing, log } = scene(t, `console.error(process.env.LIVEDROPS_TEST);${READY}`);
  await thing.start();
  t.is(thing.state, 'running');
  const pid = thing.pid!;
  await thing.stop();
  // The order of the two pipes is not defined.
  await until(() => log().length > `seen\nready ${pid}`.length);
  t.deepEqual(log().trimEnd().split('\n').toSorted(), [`ready ${pid}`, 'seen']);
  t.deepEqual([thing.state, thing.pid, lives(pid)], ['ended', null, false]);
});

test('a failed start rejects with the exit code and the last output', async (t) => {
  const { process: thing } = scene(t, `console.error('no disk'); process.exit(3)`);
  const error = await t.throwsAsync(thing.start());
  t.is(error?.message, 'thing ended before it was ready (exit code 3):\n  no disk');
  t.is(thing.state, 'ended');
});

test('a missing program is reported with the command that installs it', async (t) => {
  const { process: thing } = scene(t, '', { program: 'livedrops-no-such-server' });
  const error = await t.throwsAsync(thing.start());
  t.is(
    error?.message,
    'livedrops-no-such-server is not installed here; on Debian: ' +
      'apt-get install livedrops-no-such-server',
  );
});

test('a crashed process is restarted after a longer delay each time, and reported', async (t) => {
  const { process: thing, reported } = scene(t, READY);
  await thing.start();
  const first = thing.pid!;
  await thing.kill();
  t.false(lives(first));
  t.is(await reported(/crashed/), 'thing has crashed (SIGKILL), restart in 200 ms');
  await reported(/thing is back/);
  t.not(thing.pid, first);
  await thing.kill();
  t.is(await reported(/crashed/), 'thing has crashed (SIGKILL), restart in 400 ms');
  await reported(/thing is back/);
  t.is(thing.restarts, 2);
});

test('exit code EXIT_RESTART restarts the process; exit code 0 does not', async (t) => {
  const { process: thing, reported } = scene(
    t,
    `process.on('SIGUSR2', () => process.exit(${EXIT_RESTART}));${READY}`,
  );
  await thing.start();
  thing.signal('SIGUSR2');
  t.is(await reported(/thing/), 'thing requested a restart');
  await reported(/thing is back/);
  thing.signal('SIGTERM');
  t.is(await reported(/thing/), 'thing has ended by itself and is not restarted');
  t.is(thing.state, 'ended');
  await thing.start();
  t.is(thing.state, 'running');
});

test('a process that does not end in time is killed, a paused one too', async (t) => {
  const stubborn = `process.on('SIGTERM', () => 0);
setInterval(() => 0, 1000); console.log('ready')`;
  for (const pause of [false, true]) {
    const { process: thing, reported } = scene(t, stubborn, { stopTimeoutMs: 100 });
    await thing.start();
    const pid = thing.pid!;
    if (pause) thing.signal('SIGSTOP');
    await thing.stop();
    t.is(await reported(/thing/), 'thing did not end in time and is killed');
    t.false(lives(pid));
  }
});

test('a stop during the restart delay ends the delay', async (t) => {
  const { process: thing, reported } = scene(t, READY);
  await thing.start();
  await thing.kill();
  await reported(/crashed/);
  t.is(thing.state, 'waiting');
  await thing.stop();
  t.deepEqual([thing.state, thing.pid], ['ended', null]);
});
