// What `npm test` runs once everything is installed: lint, format and types side by side, then all
// tests but the long ones, the main journeys on one node. `npm run coverage` is `--coverage`: the
// same, and how much of the source the tests ran. `npm run test:long` is `--long`: the long tests,
// the main journeys on the other profiles, and nothing beside them. Ends
// with one line, `N passed, N failed`, in which a failed check counts as one failure, and fails
// when anything failed or no test ran. A few files that failed in a whole run are run once more, by
// themselves, and that decides: on a busy machine a test's deadline may pass for no fault of the
// product, and what is broken fails twice. Arguments go to AVA, and files among them are run
// however long they are, once: `npm test -- test/domain/drop.test.ts`.
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { failedFiles, failures, passes } from './test-report.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const BIN = join(ROOT, 'node_modules', '.bin');
/**
 * The long tests, and the only place that says so: chaos and crash rounds, whole clusters with
 * failures, what the bench tests of itself, and any other whose file is called `*.long.test.ts`.
 */
const LONG = ['test/chaos/**', 'test/cluster/**', 'test/bench/**', 'test/**/*.long.test.ts'];
/**
 * Suites of each profile import this file. They are long, but for the main journeys, which are
 * declared by this function: these run on one node, and among the long tests on the others.
 */
const ON_EACH_PROFILE = {
  folder: 'test/end-to-end',
  by: './profiles.ts',
  journey: 'journeyOnEachProfile(',
};
/** What tsc found in the last run, relative to the root: it checks what has changed since. */
const TYPES = 'node_modules/.cache/types.tsbuildinfo';
const CHECKS = [
  { name: 'lint', command: ['oxlint', '--type-aware'] },
  { name: 'format', command: ['biome', 'check'] },
  {
    name: 'types',
    // Lint runs beside it: a second thread would only check much of the same twice.
    command: ['tsc', '--singleThreaded', '--incremental', '--tsBuildInfoFile', TYPES],
  },
  { name: 'types of the pages', command: ['tsc', '--singleThreaded', '-p', 'web'] },
];
/** More failed files than this are no accident, and are not run again. */
const AGAIN_MAX = 8;
/** No test may be silent for longer: the longest of them has 10 minutes. */
const SILENCE_MAX_MS = 12 * 60_000;
/** From the request to stop, on which AVA names what is pending, to the end. */
const STOP_MS = 15_000;

function suitesOfEachProfile() {
  const folder = join(ROOT, ON_EACH_PROFILE.folder);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith('.test.ts') && !name.endsWith('.long.test.ts'))
    .map((name) => ({ name, text: readFileSync(join(folder, name), 'utf8') }))
    .filter(({ text }) => text.includes(ON_EACH_PROFILE.by))
    .map(({ name, text }) => ({
      path: `${ON_EACH_PROFILE.folder}/${name}`,
      isJourney: text.includes(ON_EACH_PROFILE.journey),
    }));
}

/**
 * Runs a program of node_modules in a process group of its own, and resolves to its exit code and
 * all that it printed. A group that is silent for too long is ended.
 */
function run([program, ...args], print) {
  return new Promise((resolve, reject) => {
    const child = spawn(join(BIN, program), args, {
      cwd: ROOT,
      detached: true,
      env: {
        ...process.env,
        PATH: `${BIN}${delimiter}${process.env.PATH}`,
        ...(process.stdout.isTTY ? { FORCE_COLOR: '1' } : {}),
        ...(isWholeRun ? { TEST_RUN: isLong ? 'long' : 'quick' } : {}),
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    let isWhole = true;
    const silence = setTimeout(() => {
      take(`\nNothing was printed for ${SILENCE_MAX_MS / 60_000} minutes: ${program} is ended.\n`);
      stop();
    }, SILENCE_MAX_MS);
    let forced;
    const stop = () => {
      const { pid } = child;
      if (pid === undefined) return;
      isWhole = false;
      signal(pid, 'SIGINT');
      forced ??= setTimeout(() => signal(-pid, 'SIGKILL'), STOP_MS);
    };
    const take = (chunk) => {
      output += chunk;
      silence.refresh();
      if (print) process.stdout.write(chunk);
    };
    process.once('SIGINT', stop);
    process.once('SIGTERM', stop);
    child.stdout.setEncoding('utf8').on('data', take);
    child.stderr.setEncoding('utf8').on('data', take);
    child.on('error', reject);
    child.on('close', (code) => {
      clearTimeout(silence);
      clearTimeout(forced);
      process.off('SIGINT', stop);
      process.off('SIGTERM', stop);
      resolve({ code: code ?? 1, isWhole, words: stripVTControlCharacters(output) });
    });
  });
}

function signal(pid, name) {
  try {
    process.kill(pid, name);
  } catch (error) {
    // It ended in between.
    if (error.code !== 'ESRCH') throw error;
  }
}

/** How many checks failed; the output of those is printed. */
async function failedChecks() {
  const checks = await Promise.all(CHECKS.map(({ command }) => run(command, false)));
  checks.forEach(({ code, words }, i) => {
    process.stdout.write(`${CHECKS[i].name}: ${code === 0 ? 'ok' : 'failed'}\n`);
    if (code !== 0) process.stdout.write(words);
  });
  return checks.filter(({ code }) => code !== 0).length;
}

/**
 * Runs AVA; how many tests passed and failed, and the files of those that failed, where no more
 * than these keep the run from passing.
 */
async function tests(args, wrapper = []) {
  const { code, isWhole, words } = await run([...wrapper, 'ava', ...args], true);
  // AVA may fail without counting a test: a file that does not load, a run that timed out.
  const failed = failures(words) || (code === 0 ? 0 : 1);
  return { passed: passes(words), failed, files: isWhole ? failedFiles(words, ROOT) : [] };
}

const mode = ['--long', '--coverage'].find((flag) => process.argv[2] === flag);
const isLong = mode === '--long';
const args = process.argv.slice(mode === undefined ? 2 : 3);
const isWholeRun = args.every((arg) => arg.startsWith('-'));
if (isWholeRun) {
  const suites = suitesOfEachProfile();
  if (isLong) args.push(...LONG, ...suites.map(({ path }) => path));
  else {
    const left = suites.filter(({ isJourney }) => !isJourney).map(({ path }) => path);
    args.push('test/**', ...[...LONG, ...left].map((pattern) => `!${pattern}`));
  }
}
const unsound = isLong ? 0 : await failedChecks();
const first = await tests(args, mode === '--coverage' ? ['c8'] : []);
let { passed, failed } = first;
if (isWholeRun && first.files.length > 0 && first.files.length <= AGAIN_MAX) {
  process.stdout.write(`\nOnce more, by themselves:\n  ${first.files.join('\n  ')}\n`);
  const again = await tests(['--concurrency', '1', ...first.files]);
  passed += Math.max(0, failed - again.failed);
  failed = again.failed;
}
failed += unsound;
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
