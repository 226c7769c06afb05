// The media process as its node sees it: it is started until it is there, and a stop has an end.

import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import test from 'ava';
import pino from 'pino';
import { loadConfig } from '../../composition/config.ts';
import { MediaProcess } from '../../composition/media.ts';
import { removeDirectory, temporaryDirectory } from '../storage/temporary-directory.ts';

const folder = temporaryDirectory();
test.after.always(() => removeDirectory(folder));

function processOf(text: string): MediaProcess {
  const program = join(folder, 'program.mjs');
  writeFileSync(program, text);
  const config = loadConfig({ LIVEDROPS_DATA: folder, LIVEDROPS_LOG: 'silent' });
  const unused = () => Promise.reject(new Error('nothing is asked'));
  return new MediaProcess({
    config,
    media: config.media!,
    gateway: { uploads: unused },
    call: unused,
    log: pino({ level: 'silent' }),
    program,
  });
}

const { execPath } = process;
const HANGING = `process.on('message', () => undefined); process.on('SIGTERM', () => undefined);`;

for (const [how, path] of [
  ['is not there', join(folder, 'nowhere')],
  ['cannot be asked for', 'a\0b'],
] as const)
  test.serial(`M1: a media process that ${how} is started anew`, async (t) => {
    const media = processOf(HANGING);
    process.execPath = path;
    try {
      media.start();
      await pause(50);
      t.is(media.pid, null);
    } finally {
      process.execPath = execPath;
    }
    const end = performance.now() + 60_000;
    while (media.pid === null && performance.now() < end) await pause(20);
    t.not(media.pid, null);
    await media.stop();
    t.is(media.pid, null);
  });

test.serial('M1: a media process that was never there is stopped at once', async (t) => {
  const media = processOf(HANGING);
  process.execPath = join(folder, 'nowhere');
  try {
    media.start();
    await media.stop();
  } finally {
    process.execPath = execPath;
  }
  await pause(50);
  t.is(media.pid, null);
});

test.serial('L5: what a media process has to do is known while it runs', async (t) => {
  const media = processOf(
    `process.on('message', ({ kind }) => {
       if (kind === 'stop') process.exit(0);
       process.send({ kind: 'listening', port: 1 });
       process.send({ kind: 'report', report: { waiting: 3, oldestMs: 1500 } });
     });`,
  );
  const nothing = { isRunning: false, waiting: 0, oldestMs: 0 };
  t.deepEqual(media.sample, nothing);
  media.start();
  const end = performance.now() + 60_000;
  while (media.sample.waiting === 0 && performance.now() < end) await pause(20);
  t.deepEqual(media.sample, { isRunning: true, waiting: 3, oldestMs: 1_500 });
  await media.stop();
  t.deepEqual(media.sample, nothing);
});

for (const [what, listens] of [
  ['listens finishes what it does', true],
  ['has not listened yet is ended at once', false],
] as const)
  test.serial(`M1: at the stop a media process that ${what}`, async (t) => {
    const began = join(folder, `${listens}-began`);
    const finished = join(folder, `${listens}-finished`);
    const media = processOf(
      `import { writeFileSync } from 'node:fs';
       process.on('message', ({ kind }) => {
         if (kind !== 'stop') return;
         setTimeout(() => {
           writeFileSync(${JSON.stringify(finished)}, '');
           process.exit(0);
         }, 500);
       });
       ${listens ? `process.send({ kind: 'listening', port: 1 });` : ''}
       writeFileSync(${JSON.stringify(began)}, '');`,
    );
    media.start();
    const isThere = () => existsSync(began) && (!listens || media.origin !== null);
    while (!isThere()) await pause(10);
    await media.stop();
    t.is(media.pid, null);
    t.is(existsSync(finished), listens);
  });
