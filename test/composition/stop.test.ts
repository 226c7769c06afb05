// A stop has an end, also where what is to be stopped has just begun.

import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import pino from 'pino';
import { systemClock } from '../../actors/clock.ts';
import { loadConfig } from '../../composition/config.ts';
import { OffLoopThread } from '../../composition/off-loop-thread.ts';
import { startServer } from '../../composition/server.ts';
import { freePort } from '../servers/child-server.ts';
import { removeDirectory, temporaryDirectory } from '../storage/temporary-directory.ts';

const folder = temporaryDirectory();
test.after.always(() => removeDirectory(folder));

const PARTS = new URL('../../composition/off-loop-parts.ts', import.meta.url).href;

/** Stops a thread once its program has begun. Whether it wrote the file `finished`. */
async function finishes(name: string, programOf: (finish: string) => string): Promise<boolean> {
  const [began, finished] = [join(folder, `${name}-began`), join(folder, `${name}-finished`)];
  const program = join(folder, `${name}.mjs`);
  writeFileSync(
    program,
    `import { writeFileSync } from 'node:fs';
     import { parentPort } from 'node:worker_threads';
     import { beginThread } from ${JSON.stringify(PARTS)};
     writeFileSync(${JSON.stringify(began)}, '');
     ${programOf(`writeFileSync(${JSON.stringify(finished)}, '')`)}`,
  );
  const thread = new OffLoopThread({
    name: 'test',
    program: new URL(`file://${program}`),
    data: {},
    serve: null,
    lag: null,
    clock: systemClock,
    log: pino({ level: 'silent' }),
  });
  thread.start();
  while (!existsSync(began)) await new Promise(setImmediate);
  await Promise.all([thread.stop(), thread.stop()]);
  return existsSync(finished);
}

test('a thread that runs at the stop finishes its work', async (t) => {
  const finish = (text: string) =>
    `parentPort.once('message', () => setTimeout(() => ${text}, 500))`;
  t.true(await finishes('running', finish));
});

test('a thread that still loads at the stop ends itself before it opens anything', async (t) => {
  const program = (finish: string) => `
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
    beginThread({ info() {} });
    ${finish};`;
  t.false(await finishes('loading', program));
});

test.serial('a server stops just after its start while its media process is silent', async (t) => {
  const config = loadConfig({
    LIVEDROPS_DATA: join(folder, 'data'),
    LIVEDROPS_PORT: '0',
    LIVEDROPS_MEDIA_PORT: String(await freePort()),
    LIVEDROPS_THREADS: '1',
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
