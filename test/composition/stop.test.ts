// A stop has an end, also where what is to be stopped has just begun.

import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import pino from 'pino';
import { systemClock } from '../../actors/clock.ts';
import { loadConfig } from '../../composition/config.ts';
import { OffLoopThread, RUNNING } from '../../composition/off-loop-thread.ts';
import { startServer } from '../../composition/server.ts';
import { freePort } from '../servers/child-server.ts';
import { removeDirectory, temporaryDirectory } from '../storage/temporary-directory.ts';

const folder = temporaryDirectory();
test.after.always(() => removeDirectory(folder));

for (const [what, isRunning] of [
  ['has said that it runs finishes its work', true],
  ['still begins is ended at once', false],
] as const)
  test(`a thread that ${what} at the stop`, async (t) => {
    const began = join(folder, `${isRunning}-began`);
    const finished = join(folder, `${isRunning}-finished`);
    const program = join(folder, `${isRunning}.mjs`);
    writeFileSync(
      program,
      `import { writeFileSync } from 'node:fs';
       import { parentPort } from 'node:worker_threads';
       parentPort.once('message', () => setTimeout(() => {
         writeFileSync(${JSON.stringify(finished)}, '');
       }, 500));
       ${isRunning ? `parentPort.postMessage(${JSON.stringify(RUNNING)});` : ''}
       writeFileSync(${JSON.stringify(began)}, '');`,
    );
    const thread = new OffLoopThread({
      name: 'test',
      program: new URL(`file://${program}`),
      data: {},
      serve: null,
      clock: systemClock,
      log: pino({ level: 'silent' }),
    });
    thread.start();
    while (!existsSync(began)) await new Promise(setImmediate);
    // What the thread posted before is taken in a later turn than its file is seen.
    await new Promise((resolve) => void setTimeout(resolve, 50));
    await Promise.all([thread.stop(), thread.stop()]);
    t.is(existsSync(finished), isRunning);
  });

test.serial('a server stops just after its start while its media process is silent', async (t) => {
  const config = loadConfig({
    LIVEDROPS_DATA: join(folder, 'data'),
    LIVEDROPS_PORT: '0',
    LIVEDROPS_MEDIA_PORT: String(await freePort()),
    LIVEDROPS_LOG: 'silent',
  });
  const silent = join(folder, 'silent');
  writeFileSync(silent, '#!/bin/sh\ntrap "" TERM INT\nwhile :; do sleep 1; done\n', {
    mode: 0o700,
  });
  const { execPath } = process;
  process.execPath = silent;
  const server = await startServer(config).finally(() => {
    process.execPath = execPath;
  });
  const pid = server.mediaPid()!;
  t.true(existsSync(`/proc/${pid}`));
  await server.stop();
  t.is(server.mediaPid(), null);
  t.false(existsSync(`/proc/${pid}`));
});
