// What a test starts in a shell ends, however the test ends.

import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { pathToFileURL } from 'node:url';
import { join } from 'node:path';
import test from 'ava';
import { eventually } from '../end-to-end/sale-client.ts';
import { runInShell } from './shell-group.ts';

const here = { cwd: import.meta.dirname, environment: process.env, timeoutMs: 60_000 };

function runs(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function ended(pid: number): Promise<boolean> {
  return !(await eventually(
    () => Promise.resolve(runs(pid)),
    (alive) => !alive,
  ));
}

test('a shell shows what its commands print, and ends what they leave running', async (t) => {
  const commands = 'sleep 600 & echo $!; echo wrong >&2';
  const { shown, wrong } = await runInShell({ ...here, commands });
  t.is(wrong, 'wrong\n');
  t.true(await ended(Number(shown)));
});

test('a shell that waits for ever ends at its timeout, with all it started', async (t) => {
  const commands = 'sleep 600 & echo $!; until false; do sleep 0.1; done';
  const { shown } = await runInShell({ ...here, commands, timeoutMs: 500 });
  t.true(await ended(Number(shown)));
});

test('a shell whose process is killed ends, with all it started', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'livedrops-shell-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const module = pathToFileURL(join(import.meta.dirname, 'shell-group.ts')).href;
  const commands = 'sleep 600 & echo $! $$ >pids; until false; do sleep 0.1; done';
  const options = JSON.stringify({ ...here, cwd: folder, commands });
  const program = `
    const { runInShell } = await import(${JSON.stringify(module)});
    await runInShell(${options});`;
  const parent = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: 'inherit',
  });
  const pids = await eventually(
    () => Promise.resolve(readPids(join(folder, 'pids'))),
    ({ length }) => length === 2,
    30_000,
  );
  t.true(parent.kill('SIGKILL'));
  t.is(pids.length, 2);
  for (const pid of pids) t.true(await ended(pid));
});

function readPids(path: string): readonly number[] {
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8').trim().split(' ').filter(Boolean).map(Number);
}
