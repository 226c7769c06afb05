// What `npm test` runs once everything is installed: lint, format and types side by side, then all
// tests but the long ones. `npm run coverage` is `--coverage`: the same, and how much of the source
// the tests ran. `npm run test:long` is `--long`: the long tests, and nothing beside them. Ends
// with one line, `N passed, N failed`, in which a failed check counts as one failure, and fails
// when anything failed or no test ran. Arguments go to AVA, and files among them are run however
// long they are: `npm test -- test/domain/drop.test.ts`.
import { spawn } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const BIN = join(ROOT, 'node_modules', '.bin');
/**
 * The long tests, and the only place that says so: chaos and crash rounds, whole clusters with
 * failures, what the bench tests of itself, and any other whose file is called `*.long.test.ts`.
 */
const LONG = ['test/chaos/**', 'test/cluster/**', 'test/bench/**', 'test/**/*.long.test.ts'];
const CHECKS = [
  { name: 'lint', command: ['oxlint', '--type-aware'] },
  { name: 'format', command: ['biome', 'check'] },
  { name: 'types', command: ['tsc', '--noEmit', '-p', '.'] },
];
/** AVA's closing lines that count as failures; `3 tests failed`, `1 uncaught exception`. */
const FAILURES =
  /^ *(\d+) (?:tests? failed|hooks? failed|uncaught exceptions?|unhandled rejections?)/gm;
/** A line for each; AVA sums them up only where nothing failed. */
const PASSES = /^ *✔ /gm;

/** Runs a program of node_modules, and resolves to its exit code and all that it printed. */
function run([program, ...args], print) {
  return new Promise((resolve, reject) => {
    const child = spawn(join(BIN, program), args, {
      cwd: ROOT,
      env: {
        ...process.env,
        PATH: `${BIN}${delimiter}${process.env.PATH}`,
        ...(process.stdout.isTTY ? { FORCE_COLOR: '1' } : {}),
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    const take = (chunk) => {
      output += chunk;
      if (print) process.stdout.write(chunk);
    };
    child.stdout.setEncoding('utf8').on('data', take);
    child.stderr.setEncoding('utf8').on('data', take);
    child.on('error', reject);
    child.on('close', (code) => resolve({ code: code ?? 1, output }));
  });
}

function sum(text, pattern) {
  let total = 0;
  for (const match of text.matchAll(pattern)) total += Number(match[1]);
  return total;
}

/** How many checks failed; the output of those is printed. */
async function failedChecks() {
  const checks = await Promise.all(CHECKS.map(({ command }) => run(command, false)));
  checks.forEach(({ code, output }, i) => {
    process.stdout.write(`${CHECKS[i].name}: ${code === 0 ? 'ok' : 'failed'}\n`);
    if (code !== 0) process.stdout.write(output);
  });
  return checks.filter(({ code }) => code !== 0).length;
}

const mode = ['--long', '--coverage'].find((flag) => process.argv[2] === flag);
const isLong = mode === '--long';
const args = process.argv.slice(mode === undefined ? 2 : 3);
if (args.every((arg) => arg.startsWith('-'))) {
  args.push(...(isLong ? LONG : ['test/**', ...LONG.map((pattern) => `!${pattern}`)]));
}
let failed = isLong ? 0 : await failedChecks();
const tests = await run([...(mode === '--coverage' ? ['c8'] : []), 'ava', ...args], true);
const words = stripVTControlCharacters(tests.output);
const passed = words.match(PASSES)?.length ?? 0;
const failedTests = sum(words, FAILURES);
// AVA may fail without counting a test: a file that does not load, a run that timed out.
failed += failedTests === 0 && tests.code !== 0 ? 1 : failedTests;
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
