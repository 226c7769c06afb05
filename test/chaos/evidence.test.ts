// What a chaos run that found something leaves in the output.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { removeDirectory, temporaryDirectory } from '../storage/temporary-directory.ts';
import { lastLines, withEvidence } from './evidence.ts';
import { History } from './history.ts';

function bench() {
  const history = new History();
  for (let i = 1; i <= 70; i++) history.end(history.begin(2, 'client 1', `asks ${i}`), 200, '');
  const printed: string[] = [];
  const about = {
    again: '--rounds 3 --seed 7',
    history,
    logs: () => ['node-1: the last line'],
    print: (line: string) => printed.push(line),
  };
  return { about, printed };
}

test('the output of a run that found something has all that is needed to begin', async (t) => {
  const { about, printed } = bench();
  const findings = ['O3: two orders of one key', 'S1: too many', 'S1: far too many'];
  t.is((await withEvidence(about, () => Promise.resolve({ findings }))).findings, findings);
  t.deepEqual(printed.slice(0, 6), [
    'to repeat: npm run chaos -- --rounds 3 --seed 7',
    'violated: O3, 1 times',
    'violated: S1, 2 times',
    ...findings.map((finding) => `finding: ${finding}`),
  ]);
  const exchanges = printed.slice(6, -1);
  t.is(exchanges.length, 60, 'the last ones');
  t.regex(exchanges[0]!, /^exchange: \d{4}-.*Z round 2, client 1 asks 11: 200$/);
  t.regex(exchanges.at(-1)!, /client 1 asks 70: 200$/);
  t.is(printed.at(-1), 'node-1: the last line');
});

test('a run that fails leaves the same, with its error; one without findings nothing', async (t) => {
  const { about, printed } = bench();
  await withEvidence(about, () => Promise.resolve({ findings: [] }));
  t.deepEqual(printed, []);
  const failed = withEvidence(about, () => Promise.reject(new Error('a drop was answered 500')));
  await t.throwsAsync(failed, { message: 'a drop was answered 500' });
  t.is(printed[0], 'to repeat: npm run chaos -- --rounds 3 --seed 7');
  t.regex(printed[2]!, /^finding: the run itself failed: Error: a drop was answered 500/);
  t.is(printed.at(-1), 'node-1: the last line');
});

test('of a log its last lines are shown', (t) => {
  const folder = temporaryDirectory();
  t.teardown(() => removeDirectory(folder));
  const file = join(folder, 'node-1.log');
  writeFileSync(file, Array.from({ length: 100 }, (_, i) => `line ${i}\n`).join(''));
  const lines = lastLines('node-1', file);
  t.is(lines.length, 60);
  t.is(lines.at(-1), 'node-1: line 99');
});
