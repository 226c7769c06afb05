// The target of the access log ends, whatever its reader does.

import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { asyncLogTarget, endOf } from '../../composition/log.ts';
import { removeDirectory, temporaryDirectory } from '../storage/temporary-directory.ts';

const folder = temporaryDirectory();
test.after.always(() => removeDirectory(folder));

const LINE = `${'x'.repeat(1_023)}\n`;
const { O_NONBLOCK, O_RDONLY, O_WRONLY } = constants;

/** The two ends of a pipe. */
function pipe(name: string): { reader: number; writer: number } {
  const path = join(folder, name);
  execFileSync('mkfifo', [path]);
  const reader = openSync(path, O_RDONLY | O_NONBLOCK);
  return { reader, writer: openSync(path, O_WRONLY | O_NONBLOCK) };
}

test('L4: what waits is written before the end', async (t) => {
  const { reader, writer } = pipe('read');
  const target = asyncLogTarget(writer);
  target.write(LINE);
  await endOf(target, 60_000);
  const read = Buffer.alloc(2 * LINE.length);
  t.is(readSync(reader, read), LINE.length);
  closeSync(reader);
});

test('L4: a reader that has gone before the end or at it delays no stop', async (t) => {
  for (const name of ['before', 'at']) {
    const { reader, writer } = pipe(name);
    const target = asyncLogTarget(writer);
    closeSync(reader);
    const failed = new Promise((resolve) => target.once('error', resolve));
    target.write(LINE);
    if (name === 'before') await failed;
    await endOf(target, name === 'before' ? 50 : 60_000);
  }
  t.pass();
});

test('L4: a reader that reads nothing delays a stop within the bound', async (t) => {
  const { reader, writer } = pipe('silent');
  const target = asyncLogTarget(writer);
  for (let i = 0; i < 1_000; i++) target.write(LINE);
  await endOf(target, 50);
  closeSync(reader);
  t.pass();
});
