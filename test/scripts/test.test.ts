// Runs the real `scripts/test.mjs` in a folder whose `ava` only prints what it is told to.

import { execFile } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';

const SCRIPTS = fileURLToPath(new URL('../../scripts', import.meta.url));

/** What AVA is to print and how it is to end, run after run. */
interface Run {
  readonly report: string;
  readonly code: number;
}

/** The programs that check, as if nothing was found. */
const CHECKERS = ['oxlint', 'biome', 'tsc'];

/**
 * Runs `scripts/test.mjs`, of the long tests by default; `calls` are the arguments of AVA, a line
 * for each run.
 */
function runTests(
  t: ExecutionContext,
  runs: readonly Run[],
  args: readonly string[] = [],
  suites: Readonly<Record<string, string>> = {},
  mode: readonly string[] = ['--long'],
) {
  const root = mkdtempSync(join(tmpdir(), 'livedrops-runner-test-'));
  t.teardown(() => rmSync(root, { recursive: true }));
  cpSync(SCRIPTS, join(root, 'scripts'), { recursive: true });
  mkdirSync(join(root, 'test', 'sale'), { recursive: true });
  for (const name of ['buy', 'pay'])
    writeFileSync(join(root, 'test', 'sale', `${name}.test.ts`), '');
  mkdirSync(join(root, 'test', 'end-to-end'));
  for (const [name, text] of Object.entries(suites))
    writeFileSync(join(root, 'test', 'end-to-end', name), text);
  const bin = join(root, 'node_modules', '.bin');
  mkdirSync(bin, { recursive: true });
  runs.forEach(({ report, code }, i) => {
    writeFileSync(join(bin, `run-${i + 1}`), `cat <<'REPORT'\n${report}\nREPORT\nexit ${code}\n`);
  });
  for (const name of CHECKERS) writeFileSync(join(bin, name), '#!/bin/sh\n', { mode: 0o755 });
  const ava = join(bin, 'ava');
  const calls = `${ava}-calls`;
  writeFileSync(
    ava,
    '#!/bin/sh\necho "$@" >> "$0-calls"\necho "$TEST_RUN" >> "$0-runs"\n' +
      '. "${0%/*}/run-$(wc -l < "$0-calls")"\n',
  );
  chmodSync(ava, 0o755);
  interface Ended {
    readonly code: number;
    readonly lines: string[];
    readonly calls: string[];
    /** What AVA's files were told of the run, call after call. */
    readonly runs: string[];
  }
  const linesOf = (path: string): string[] =>
    existsSync(path) ? readFileSync(path, 'utf8').trimEnd().split('\n') : [];
  return new Promise<Ended>((resolve) => {
    const script = join(root, 'scripts', 'test.mjs');
    const child = execFile(process.execPath, [script, ...mode, ...args], (_error, stdout) => {
      resolve({
        code: child.exitCode ?? -1,
        lines: stdout.trimEnd().split('\n'),
        calls: linesOf(calls),
        runs: linesOf(`${ava}-runs`),
      });
    });
  });
}

const GOOD = { report: '  ✔ sale › buy › one\n  ✔ sale › pay › two\n\n  2 tests passed', code: 0 };
const LATE = {
  report: '  ✔ sale › buy › one\n  ✘ [fail]: sale › pay › it is paid in time\n\n  1 test failed',
  code: 1,
};

test('tests that all pass are run once', async (t) => {
  const { code, lines, calls } = await runTests(t, [GOOD]);
  t.deepEqual([code, lines.at(-1), calls.length], [0, '2 passed, 0 failed', 1]);
});

test('suites of each profile are long, and the journeys among them are quick too', async (t) => {
  const suites = {
    'echo.test.ts': "import { onEachProfile } from './profiles.ts'; onEachProfile(() => 1);",
    'buy.test.ts':
      "import { journeyOnEachProfile } from './profiles.ts'; journeyOnEachProfile(() => 1);",
  };
  const quick = await runTests(t, [GOOD], [], suites, []);
  t.deepEqual([quick.code, quick.runs], [0, ['quick']]);
  t.true(quick.calls[0]!.split(' ').includes('!test/end-to-end/echo.test.ts'));
  t.notRegex(quick.calls[0]!, /buy/);
  const long = await runTests(t, [GOOD], [], suites);
  t.regex(long.calls[0]!, / test\/end-to-end\/buy.test.ts test\/end-to-end\/echo.test.ts$/);
});

test('the long tests run the suites of both profiles on a cluster', async (t) => {
  const suite = 'echo.test.ts';
  const { calls, runs } = await runTests(t, [GOOD], [], {
    [suite]: "import { onEachProfile } from './profiles.ts';",
    'alone.test.ts': '',
    'crash.long.test.ts': "import { onEachProfile } from './profiles.ts';",
  });
  t.true(calls[0]!.split(' ').includes(`test/end-to-end/${suite}`));
  t.notRegex(calls[0]!, /alone|crash/);
  t.deepEqual(runs, ['long']);
});

test('a file with a failure runs once more, by itself, and that decides', async (t) => {
  const alone = { report: '  ✔ it is paid in time\n\n  1 test passed', code: 0 };
  const passed = await runTests(t, [LATE, alone]);
  t.deepEqual([passed.code, passed.lines.at(-1)], [0, '2 passed, 0 failed']);
  t.is(passed.calls[1], '--concurrency 1 test/sale/pay.test.ts');
  const again = { report: '  ✘ [fail]: it is paid in time\n\n  1 test failed', code: 1 };
  const failed = await runTests(t, [LATE, again]);
  t.deepEqual([failed.code, failed.lines.at(-1)], [1, '1 passed, 1 failed']);
});

test('a file that could not end, or timed out, runs once more', async (t) => {
  for (const report of [
    '  ✘ test/sale/buy.test.ts exited with a non-zero exit code: 1',
    '  ✘ Timed out while running tests\n\n  Failed to exit when running test/sale/buy.test.ts',
    '  ✘ Timed out while running tests\n\n  2 tests were pending in test/sale/buy.test.ts',
    '  Uncaught exception in test/sale/buy.test.ts\n\n  1 uncaught exception',
  ]) {
    const { code, lines, calls } = await runTests(t, [{ report, code: 1 }, GOOD]);
    t.deepEqual([code, lines.at(-1)], [0, '1 passed, 0 failed'], report);
    t.is(calls[1], '--concurrency 1 test/sale/buy.test.ts');
  }
});

test('a failure of no known file, or of files that were asked for, stands', async (t) => {
  const unknown = { report: '  ✘ Internal error\n  ✘ [fail]: sale › pay › it is paid', code: 1 };
  const first = await runTests(t, [unknown, GOOD]);
  t.deepEqual([first.code, first.lines.at(-1), first.calls.length], [1, '0 passed, 1 failed', 1]);
  const second = await runTests(t, [LATE, GOOD], ['test/sale/pay.test.ts']);
  t.deepEqual([second.code, second.lines.at(-1)], [1, '1 passed, 1 failed']);
  t.deepEqual(second.calls, ['test/sale/pay.test.ts']);
});
