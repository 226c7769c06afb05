// Kills the real server at random moments under load. The random seed is printed.
// `npm run chaos -- --seed S` repeats the clients' choices, but not the timing of the machine.

import { randomInt } from 'node:crypto';
import test from 'ava';
import { runCrashTest } from './crash-test.ts';

const TIMEOUT_MS = 240_000;
const FINDINGS_SHOWN_MAX = 20;

for (const { threads, rounds } of [
  { threads: 1, rounds: 10 },
  { threads: 3, rounds: 5 },
]) {
  test.serial(
    `J4, O2, O3, S1: what any client saw is true after ${rounds} crashes with ${threads} threads`,
    async (t) => {
      t.timeout(TIMEOUT_MS);
      const seed = randomInt(1, 2 ** 31);
      t.log(`seed ${seed}`);
      const print = (line: string) => t.log(line);
      const report = await runCrashTest({ threads, rounds, seed, print });
      t.log(`${report.orders} orders, ${report.answered} answers, ${report.unanswered} without`);
      t.deepEqual(report.findings.slice(0, FINDINGS_SHOWN_MAX), []);
      t.true(report.orders > 100 && report.unanswered > rounds, 'there was load to crash under');
    },
  );
}
