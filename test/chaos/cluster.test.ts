// Random faults in a real cluster of three nodes under load. The random seed is printed.
// `npm run chaos -- --cluster --seed S` repeats the faults and the clients' choices, but not the
// timing of the machine.

import { randomInt } from 'node:crypto';
import test from 'ava';
import { natsInstalled } from '../servers/nats-server.ts';
import { redisInstalled } from '../servers/redis-server.ts';
import { figureLines } from './cluster-figures.ts';
import { runClusterTest } from './cluster-test.ts';

const FAULTS_MS = 12_000;
const TIMEOUT_MS = 240_000;
const FINDINGS_SHOWN_MAX = 20;

const clusterTest = redisInstalled && natsInstalled ? test : test.skip;

clusterTest(
  'W1, W4, J3, J4, O3, N6, N7: what any client of a cluster saw is true after faults under load',
  async (t) => {
    t.timeout(TIMEOUT_MS);
    const seed = randomInt(1, 2 ** 31);
    t.log(`seed ${seed}`);
    const report = await runClusterTest({
      nodes: 3,
      redisCluster: false,
      seed,
      faultsMs: FAULTS_MS,
      nodeFaults: ['kill', 'pause'],
      rollingRestarts: false,
      print: (line) => t.log(line),
    });
    for (const line of figureLines(report.figures)) t.log(line);
    t.log(`${report.orders} orders, ${report.answered} answers, ${report.unanswered} without`);
    for (const line of report.logs) t.log(line);
    t.deepEqual(report.findings.slice(0, FINDINGS_SHOWN_MAX), []);
    t.true(report.orders > 100 && report.figures.faults.size > 1, 'there were orders and faults');
  },
);
