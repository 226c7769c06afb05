// `npm run chaos`: the crash test of one server, or with `--cluster` the chaos test of a cluster,
// for a chosen number of rounds or minutes. A data directory is checked and replaced every ten
// rounds, a cluster every few minutes, so that memory stays bounded and findings appear soon. Exit
// codes: 0 no findings, 1 findings, 2 wrong usage.

import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { NODE_FAULTS } from './cluster-faults.ts';
import { figureLines } from './cluster-figures.ts';
import { runSale } from './cluster-sale.ts';
import { runClusterTest } from './cluster-test.ts';
import { runCrashTest } from './crash-test.ts';

const ROUNDS_PER_DIRECTORY = 10;
const MINUTES_PER_CLUSTER = 2;
/** In a shorter run a restart of all nodes would leave no time for other faults. */
const ROLLING_RESTART_MINUTES_MIN = 1;
const SEED_MAX = 2 ** 31;
const EXIT_FINDINGS = 1;
const EXIT_USAGE = 2;
const EXIT_INTERRUPTED = 130;
const USAGE = `usage: npm run chaos -- [--rounds N] [--threads 1] [--seed S]
       npm run chaos -- --cluster [--redis-cluster] [--minutes N] [--nodes 3] [--threads 1]
                        [--seed S]
       npm run chaos -- --cluster [--redis-cluster] --scene sale [--seed S]

Kills servers under load, restarts them on the same data, and compares everything that any client
received with the journal: one server, a cluster with random faults, or a sale of 2,000 units whose
owners are killed, drained and paused. --redis-cluster: on three Redis masters and three
nats-servers instead of one of each; as root, nodes are cut off too. Clocks are stepped where
libfaketime is installed. Exit codes: 0 no findings, 1 findings, 2 wrong usage.
`;

interface Options {
  readonly cluster: boolean;
  readonly redisCluster: boolean;
  readonly scene: 'sale' | null;
  readonly rounds: number;
  readonly minutes: number;
  readonly nodes: number;
  readonly threads: number;
  readonly seed: number;
  readonly help: boolean;
}

function integer(text: string, max: number): number {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= 1 && value <= max) return value;
  throw new RangeError(`"${text}" is not a whole number from 1 to ${max}`);
}

function usage(): Options {
  const { values } = parseArgs({
    options: {
      cluster: { type: 'boolean', default: false },
      'redis-cluster': { type: 'boolean', default: false },
      scene: { type: 'string' },
      rounds: { type: 'string', default: '10' },
      minutes: { type: 'string', default: '2' },
      nodes: { type: 'string', default: '3' },
      threads: { type: 'string', default: '1' },
      seed: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const { scene, 'redis-cluster': redisCluster } = values;
  if (scene !== undefined && scene !== 'sale') throw new RangeError(`there is no scene "${scene}"`);
  if (scene !== undefined && !values.cluster) throw new RangeError('a scene needs --cluster');
  if (redisCluster && !values.cluster) throw new RangeError('--redis-cluster needs --cluster');
  return {
    cluster: values.cluster,
    redisCluster,
    scene: scene ?? null,
    rounds: integer(values.rounds, 1_000_000),
    minutes: integer(values.minutes, 10_000),
    nodes: integer(values.nodes, 16),
    threads: integer(values.threads, 64),
    seed: values.seed === undefined ? randomInt(1, SEED_MAX) : integer(values.seed, SEED_MAX),
    help: values.help,
  };
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function crash({ rounds, threads, seed }: Options): Promise<void> {
  for (let done = 0; done < rounds; done += ROUNDS_PER_DIRECTORY) {
    const some = Math.min(ROUNDS_PER_DIRECTORY, rounds - done);
    const report = await runCrashTest({ rounds: some, threads, seed: seed + done, print });
    const { findings, answered, unanswered, orders } = report;
    print(
      `${done + some} of ${rounds} rounds: ${orders} orders in this directory, ` +
        `${answered} answers and ${unanswered} missing ones checked, ${findings.length} findings`,
    );
    if (findings.length === 0) continue;
    process.exitCode = EXIT_FINDINGS;
    return;
  }
}

async function cluster({ minutes, nodes, threads, seed, redisCluster }: Options): Promise<void> {
  for (let done = 0; done < minutes; done += MINUTES_PER_CLUSTER) {
    const some = Math.min(MINUTES_PER_CLUSTER, minutes - done);
    const startedAt = performance.now();
    const report = await runClusterTest({
      nodes,
      redisCluster,
      threads,
      seed: seed + done,
      faultsMs: some * 60_000,
      nodeFaults: NODE_FAULTS,
      rollingRestarts: some >= ROLLING_RESTART_MINUTES_MIN,
      print: (line) => print(`${((performance.now() - startedAt) / 1000).toFixed(1)} s  ${line}`),
    });
    const { findings, answered, unanswered, orders, figures } = report;
    for (const line of figureLines(figures)) print(line);
    print(
      `${done + some} of ${minutes} minutes: ${orders} orders checked in this cluster, ` +
        `${answered} answers and ${unanswered} missing ones, ${findings.length} findings`,
    );
    if (findings.length === 0) continue;
    process.exitCode = EXIT_FINDINGS;
    return;
  }
}

async function sale({ seed, redisCluster }: Options): Promise<void> {
  const findings = await runSale({ seed, redisCluster, print });
  print(`${findings.length} findings`);
  if (findings.length > 0) process.exitCode = EXIT_FINDINGS;
}

/** Ends this process by its `exit` event: listeners end the servers and remove their files. */
function endOnSignals(): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => process.exit(EXIT_INTERRUPTED));
  }
}

let options: Options | null = null;
try {
  options = usage();
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(`chaos: ${message}\n${USAGE}`);
  process.exitCode = EXIT_USAGE;
}
if (options?.help === true) {
  process.stdout.write(USAGE);
} else if (options !== null) {
  endOnSignals();
  print(`seed ${options.seed}`);
  if (options.scene === 'sale') await sale(options);
  else await (options.cluster ? cluster(options) : crash(options));
}
