// Random faults in real clusters of three nodes under load: on one redis-server and one
// nats-server, and on three of each. The random seed is printed. `npm run chaos -- --cluster
// --seed S`, or with `--redis-cluster` too, repeats faults and choices of clients, but not the
// timing of the machine.

import { randomInt } from 'node:crypto';
import test from 'ava';
import { natsInstalled } from '../servers/nats-server.ts';
import { redisInstalled } from '../servers/redis-server.ts';
import { type NodeFault } from './cluster-faults.ts';
import { figureLines } from './cluster-figures.ts';
import { runClusterTest } from './cluster-test.ts';

const TIMEOUT_MS = 240_000;
const FINDINGS_SHOWN_MAX = 20;

interface ChaosRun {
  readonly on: string;
  readonly redisCluster: boolean;
  readonly threads: number;
  readonly faultsMs: number;
  readonly nodeFaults: readonly NodeFault[];
}

const ON_ONE_REDIS = {
  redisCluster: false,
  faultsMs: 12_000,
  nodeFaults: ['kill', 'pause'],
} as const;

const RUNS: readonly ChaosRun[] = [
  { on: 'one Redis', threads: 1, ...ON_ONE_REDIS },
  { on: 'one Redis, with three threads a node', threads: 3, ...ON_ONE_REDIS },
  {
    on: 'a Redis Cluster of three masters and three nats-servers',
    redisCluster: true,
    threads: 1,
    faultsMs: 25_000,
    nodeFaults: ['kill', 'pause', 'cut', 'clock'],
  },
];

const clusterTest = redisInstalled && natsInstalled ? test.serial : test.skip;

for (const { on, ...run } of RUNS) {
  clusterTest(
    `W1, W4, W7, J3, J4, O3, P4, F5, N6, N7: what clients saw is true after faults, on ${on}`,
    async (t) => {
      t.timeout(TIMEOUT_MS);
      const seed = randomInt(1, 2 ** 31);
      t.log(`seed ${seed}`);
      const report = await runClusterTest({
        ...run,
        nodes: 3,
        seed,
        rollingRestarts: false,
        print: (line) => t.log(line),
      });
      for (const line of figureLines(report.figures)) t.log(line);
      t.log(`${report.orders} orders, ${report.answered} answers, ${report.unanswered} without`);
      t.deepEqual(report.findings.slice(0, FINDINGS_SHOWN_MAX), []);
      t.true(report.orders > 100 && report.figures.faults.size > 1, 'there were orders and faults');
    },
  );
}
