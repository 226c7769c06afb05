// Runs the real `.ci/run` with an `npm` that only prints what it is told to.

import { execFile } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';

const CI = fileURLToPath(new URL('../../.ci/run', import.meta.url));

/** Exit code and printed lines of `.ci/run`, where `npm run <name>` runs that shell script. */
function ci(t: ExecutionContext, scripts: { test: string; 'test:long': string }) {
  const directory = mkdtempSync(join(tmpdir(), 'livedrops-ci-test-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  for (const [name, script] of Object.entries(scripts)) {
    writeFileSync(join(directory, `run-${name}`), script);
  }
  const npm = join(directory, 'npm');
  writeFileSync(npm, '#!/bin/sh\necho "$2" >> "$0-calls"\n. "${0%/*}/run-$2"\n');
  chmodSync(npm, 0o755);
  const env = { ...process.env, PATH: `${directory}:/usr/bin:/bin` };
  return new Promise<{ code: number; lines: string[]; calls: string }>((resolve) => {
    const child = execFile('bash', [CI], { env }, (_error, stdout) => {
      const lines = stdout.trimEnd().split('\n');
      const calls = readFileSync(`${npm}-calls`, 'utf8');
      resolve({ code: child.exitCode ?? -1, lines, calls });
    });
  });
}

const GOOD = 'echo "  ✔ one"; echo "7 passed, 0 failed"';

test('CI runs the tests, then the long ones, and ends with the sum of both', async (t) => {
  const { code, lines, calls } = await ci(t, { test: GOOD, 'test:long': GOOD });
  t.deepEqual([code, lines.at(-1)], [0, '14 passed, 0 failed']);
  t.is(calls, 'test\ntest:long\n');
});

test('a failure of either fails CI, and the long tests run all the same', async (t) => {
  const bad = 'echo "3 passed, 2 failed"; echo "npm error code 1"; exit 1';
  const first = await ci(t, { test: bad, 'test:long': GOOD });
  t.deepEqual([first.code, first.lines.at(-1)], [1, '10 passed, 2 failed']);
  const second = await ci(t, { test: GOOD, 'test:long': bad });
  t.deepEqual([second.code, second.lines.at(-1)], [1, '10 passed, 2 failed']);
});

test('tests that end before they are counted are a failure', async (t) => {
  const { code, lines } = await ci(t, { test: 'echo "no packages"', 'test:long': GOOD });
  t.deepEqual([code, lines.at(-1)], [1, '7 passed, 1 failed']);
});
