// `npm run simulate`: histories of a simulated cluster, one for each seed, until a seed breaks a
// rule. Exit codes: 0 no findings, 1 findings, 2 wrong usage.

import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { type Mutation, MUTATIONS } from './mutations.ts';
import { playSeeds } from './seeds.ts';

const SEED_MAX = 2 ** 31 - 1;
const SEEDS_DEFAULT = '100';
const PROGRESS_SEEDS = 100;
const EXIT_USAGE = 2;
const USAGE = `usage: npm run simulate -- [--seeds N] [--seed S] [--mutation NAME]

Plays histories on a simulated cluster of three nodes: orders, payments, refunds, amends and reads,
with nodes that are paused, lost, cut off from each other or from the store. Each seed is one
history; S is the first one, any by default. The first history that breaks a rule is made as short
as it can be and printed. A mutation puts a fault into the product, which is to be found:

${MUTATIONS.map(({ name, what }) => `  ${name.padEnd(22)}${what}`).join('\n')}

Exit codes: 0 no findings, 1 findings, 2 wrong usage.
`;

interface Options {
  readonly seeds: number;
  readonly seed: number;
  readonly mutation: Mutation | null;
  readonly help: boolean;
}

function integer(text: string): number {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= 1 && value <= SEED_MAX) return value;
  throw new RangeError(`"${text}" is not a whole number from 1 to ${SEED_MAX}`);
}

function usage(): Options {
  const { values } = parseArgs({
    options: {
      seeds: { type: 'string', default: SEEDS_DEFAULT },
      seed: { type: 'string' },
      mutation: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const mutation = MUTATIONS.find(({ name }) => name === values.mutation) ?? null;
  if (values.mutation !== undefined && mutation === null)
    throw new RangeError(`there is no mutation "${values.mutation}"`);
  const seeds = integer(values.seeds);
  const seed = values.seed === undefined ? randomInt(1, SEED_MAX - seeds) : integer(values.seed);
  return { seeds, seed, mutation, help: values.help };
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function simulate({ seeds, seed: first, mutation }: Options): Promise<void> {
  const found = await playSeeds(
    { first, count: seeds, shrink: true, mutation: mutation?.name ?? null },
    (seed) => {
      const played = seed - first + 1;
      if (played % PROGRESS_SEEDS === 0) print(`${played} of ${seeds} seeds were played`);
    },
  );
  if (found === null) return print(`${seeds} of ${seeds} seeds: 0 findings`);
  const { seed, findings, steps } = found;
  print(`seed ${seed}, the ${seed - first + 1}. of ${seeds}: ${findings.length} findings`);
  for (const finding of findings) print(`  ${finding}`);
  if (steps.length > 0) print(`the shortest history that was found, ${steps.length} steps:`);
  for (const step of steps) print(`  ${JSON.stringify(step)}`);
  const again = mutation === null ? '' : ` --mutation ${mutation.name}`;
  print(`to repeat: npm run simulate -- --seeds 1 --seed ${seed}${again}`);
  process.exitCode = 1;
}

let options: Options | null = null;
try {
  options = usage();
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(`simulate: ${message}\n${USAGE}`);
  process.exitCode = EXIT_USAGE;
}
if (options?.help === true) process.stdout.write(USAGE);
else if (options !== null) {
  print(`seeds ${options.seed} to ${options.seed + options.seeds - 1}`);
  await simulate(options);
}
