// How far behind a thread beside the shards is while it says nothing, or begins again and again.
// The threads are real, their clock is moved by hand.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import pino from 'pino';
import { consumerLagOf, lagOfConsumer, OffLoopThread } from '../../composition/off-loop-thread.ts';
import { ThreadLag } from '../../composition/thread-lag.ts';
import { ManualClock } from '../actors/manual-clock.ts';
import { removeDirectory, temporaryDirectory } from '../storage/temporary-directory.ts';

const folder = temporaryDirectory();
test.after.always(() => removeDirectory(folder));

const MINUTE_MS = 60_000;
const REPORT = { consumer: 'news', facts: 2, entries: 3, shardsBehind: 1, ms: 100 };

/** A started thread of this program, and its clock. */
function start(t: ExecutionContext, name: string, program: string) {
  const path = join(folder, `${name}.mjs`);
  writeFileSync(path, `import { parentPort } from 'node:worker_threads';\n${program}`);
  const clock = new ManualClock(0);
  const thread = new OffLoopThread({
    name: 'news',
    program: new URL(`file://${path}`),
    data: {},
    serve: null,
    lag: lagOfConsumer('news'),
    clock,
    log: pino({ level: 'silent' }),
  });
  thread.start();
  t.teardown(async () => {
    const stopping = thread.stop();
    await clock.advance(MINUTE_MS);
    await stopping;
  });
  return { clock, thread };
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 5));
}

const SAYS = `parentPort.postMessage([${JSON.stringify(REPORT)}]);`;

test('X4: a thread that died is behind for longer and longer', async (t) => {
  const { clock, thread } = start(t, 'dies', `${SAYS} parentPort.close();`);
  await until(() => thread.report !== null && clock.timerCount === 1);
  t.deepEqual(consumerLagOf(thread), [REPORT]);
  await clock.advance(90);
  t.deepEqual(consumerLagOf(thread), [REPORT]);
  // It is started again after these 10 ms, and has had no time to say anything.
  await clock.advance(MINUTE_MS - 90);
  t.deepEqual(consumerLagOf(thread), [{ ...REPORT, ms: MINUTE_MS + REPORT.ms }]);
});

test('X4: a thread that hangs is behind for longer and longer', async (t) => {
  const held = 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);';
  const { clock, thread } = start(t, 'hangs', `${SAYS} ${held}`);
  await until(() => thread.report !== null);
  await clock.advance(5_000);
  t.deepEqual(consumerLagOf(thread), [REPORT]);
  await clock.advance(MINUTE_MS - 5_000);
  t.deepEqual(consumerLagOf(thread), [{ ...REPORT, ms: MINUTE_MS + REPORT.ms }]);
});

test('X4: a thread that never said anything is behind since its first start', async (t) => {
  const { clock, thread } = start(t, 'fails', `throw new Error('as if a store were away');`);
  await until(() => clock.timerCount === 1);
  t.deepEqual(consumerLagOf(thread), []);
  for (let minutes = 1; minutes <= 3; minutes++) {
    await clock.advance(MINUTE_MS);
    await until(() => clock.timerCount === 1);
    const unknown = { consumer: 'news', facts: 0, entries: 0, shardsBehind: 0 };
    t.deepEqual(consumerLagOf(thread), [{ ...unknown, ms: minutes * MINUTE_MS }]);
  }
  t.is(thread.report, null);
});

test('X4: a thread that ends after each report is behind since before the first end', (t) => {
  const lag = new ThreadLag();
  lag.started(0);
  lag.said(1_000, 20);
  t.is(lag.lateMs(1_000), null);
  for (let at = 2_000; at <= MINUTE_MS; at += 2_000) {
    lag.started(at);
    lag.said(at + 1_000, 900);
  }
  t.is(lag.lateMs(MINUTE_MS + 1_000), MINUTE_MS + 20);
});

test('X4: after a restart that lasts, what the thread says counts again', (t) => {
  const lag = new ThreadLag();
  t.is(lag.lateMs(9_000), null, 'not started');
  lag.started(0);
  lag.said(10_000, 20);
  lag.started(20_000);
  t.is(lag.lateMs(20_000), 10_020);
  lag.said(21_000, 950);
  t.is(lag.lateMs(21_000), 11_020);
  lag.said(25_500, 5_400);
  t.is(lag.lateMs(25_500), 15_520, 'it may still do what waited before');
  lag.said(26_500, 30);
  t.is(lag.lateMs(26_500), null);
  t.is(lag.lateMs(31_500), null);
  t.is(lag.lateMs(31_501), 5_031);
});
