// What threads did is known without a word of theirs.

import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import test from 'ava';
import { ThreadMeter } from '../../composition/thread-meter.ts';

const BURN = `
  const { parentPort } = require('node:worker_threads');
  const until = performance.now() + 50;
  while (performance.now() < until);
  parentPort.postMessage('burnt');
  setInterval(() => undefined, 1000);
`;
/** Longer than a sample is used for. */
const NEXT_SAMPLE_MS = 150;

test.serial('L5: the CPU of each thread is its own, and stays when it has ended', async (t) => {
  const meter = new ThreadMeter();
  meter.start();
  t.teardown(() => meter.stop());
  const workers = ['one', 'one', 'two'].map((name) => new Worker(BURN, { eval: true, name }));
  await Promise.all(workers.map((worker) => once(worker, 'message')));
  const cpuOf = async () => {
    const samples = await meter.sample();
    return Object.fromEntries(samples.map(({ thread, cpuSeconds }) => [thread, cpuSeconds]));
  };
  const running = await cpuOf();
  t.deepEqual(Object.keys(running).toSorted(), ['main', 'one', 'other', 'two']);
  t.true(running['two']! >= 0.02, String(running['two']));
  t.true(running['one']! >= 0.04, 'two threads of one name are one series');
  t.true(running['main']! > 0);
  const active = (await meter.sample()).filter(({ activeSeconds }) => activeSeconds !== null);
  t.false(
    active.some(({ thread }) => thread === 'other'),
    'of other threads it is not known',
  );
  await Promise.all(workers.map((worker) => worker.terminate()));
  await new Promise((resolve) => setTimeout(resolve, NEXT_SAMPLE_MS));
  const ended = await cpuOf();
  for (const name of ['one', 'two']) t.is(ended[name], running[name]);
  t.true(ended['other']! >= running['other']!);
});

test.serial(
  'L5: a thread that is busy in one call has the figures of before, and delays no scrape',
  async (t) => {
    const meter = new ThreadMeter();
    meter.start();
    t.teardown(() => meter.stop());
    const hang = `
    const { parentPort, workerData } = require('node:worker_threads');
    parentPort.postMessage('here');
    Atomics.wait(new Int32Array(workerData), 0, 0);
  `;
    const shared = new SharedArrayBuffer(4);
    const worker = new Worker(hang, { eval: true, name: 'stuck', workerData: shared });
    await once(worker, 'message');
    const samples = await meter.sample();
    t.true(samples.some(({ thread }) => thread === 'stuck'));
    Atomics.store(new Int32Array(shared), 0, 1);
    Atomics.notify(new Int32Array(shared), 0);
    await worker.terminate();
  },
);
