// `npm run chaos -- --rounds N [--seed S]`: the crash test for as long as asked for. Every ten
// rounds the data directory is checked and a new one begun, so that memory stays bounded and a
// finding is told soon. Exit codes: 0 nothing found, 1 something found, 2 wrong usage.

import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { runCrashTest } from './crash-test.ts';

const ROUNDS_PER_DIRECTORY = 10;
const SEED_MAX = 2 ** 31;
const EXIT_USAGE = 2;

function integer(text: string, max: number): number {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= 1 && value <= max) return value;
  throw new RangeError(`"${text}" is not a whole number from 1 to ${max}`);
}

function usage(): { rounds: number; seed: number } {
  const { values } = parseArgs({
    options: { rounds: { type: 'string', default: '10' }, seed: { type: 'string' } },
  });
  const seed = values.seed === undefined ? randomInt(1, SEED_MAX) : integer(values.seed, SEED_MAX);
  return { rounds: integer(values.rounds, 1_000_000), seed };
}

async function main({ rounds, seed }: { rounds: number; seed: number }): Promise<void> {
  const print = (line: string): void => void process.stdout.write(`${line}\n`);
  print(`seed ${seed}`);
  for (let done = 0; done < rounds; done += ROUNDS_PER_DIRECTORY) {
    const some = Math.min(ROUNDS_PER_DIRECTORY, rounds - done);
    const report = await runCrashTest({ rounds: some, seed: seed + done, print });
    const { findings, answered, unanswered, orders } = report;
    print(
      `${done + some} of ${rounds} rounds: ${orders} orders in this directory, ` +
        `${answered} answers and ${unanswered} missing ones checked, ${findings.length} findings`,
    );
    for (const finding of findings) print(`  ${finding}`);
    if (findings.length > 0) {
      print(`to repeat: npm run chaos -- --rounds ${some} --seed ${seed + done}`);
      process.exitCode = 1;
      return;
    }
  }
}

let asked: ReturnType<typeof usage> | null = null;
try {
  asked = usage();
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(`chaos: ${message}\nusage: npm run chaos -- [--rounds N] [--seed S]\n`);
  process.exitCode = EXIT_USAGE;
}
if (asked !== null) await main(asked);
