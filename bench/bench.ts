// The measuring command: `npm run bench -- SCENARIO`. Each scenario prints what it measured and how it compares with its ceiling in
// the same run; `bench/README.md` says what the figures mean.

import { Command, InvalidArgumentError } from 'commander';
import { cluster, describeCluster } from './scenarios/cluster.ts';
import { describeFailover, failover } from './scenarios/failover.ts';
import { describeLiveFanout, liveFanout } from './scenarios/live-fanout.ts';
import { describeMove, move } from './scenarios/move.ts';
import { describeOrderHot, orderHot } from './scenarios/order-hot.ts';
import { describeOverload, overload } from './scenarios/overload.ts';
import { describeRecovery, recovery } from './scenarios/recovery.ts';

function count(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1)
    throw new InvalidArgumentError('must be a whole number, 1 or more');
  return value;
}

const program = new Command('bench').description('Measures LiveDrops on this machine.');

program
  .command('order-hot')
  .description('one hot drop: durable orders, then sold-out answers, beside the bare server')
  .option('--runs <n>', 'how often; medians are printed', count, 3)
  .option('--seconds <n>', 'length of each measurement', count, 5)
  .option('--connections <n>', 'keep-alive connections', count, 64)
  .option('--json', 'print every figure of every run instead')
  .action(async (options: { runs: number; seconds: number; connections: number; json?: true }) => {
    const runs = await orderHot(options);
    process.stdout.write(
      `${options.json === true ? JSON.stringify(runs, null, 2) : describeOrderHot(runs)}\n`,
    );
  });

program
  .command('recovery')
  .description('time until a shard with very many orders serves again')
  .option('--orders <n>', 'orders of the one drop', count, 1_000_000)
  .action(async (options: { orders: number }) => {
    process.stdout.write(`${describeRecovery(await recovery(options.orders))}\n`);
  });

program
  .command('live-fanout')
  .description('very many subscribers of one drop, beside a bare publishing server')
  .option('--subscribers <n>', 'open WebSockets', count, 10_000)
  .option('--seconds <n>', 'length of each measurement', count, 8)
  .option('--visitors', 'without accounts, on the stream of the drop')
  .option('--json', 'print every figure instead')
  .action(
    async (options: { subscribers: number; seconds: number; visitors?: true; json?: true }) => {
      const run = await liveFanout(options);
      process.stdout.write(
        `${options.json === true ? JSON.stringify(run, null, 2) : describeLiveFanout(run)}\n`,
      );
    },
  );

program
  .command('overload')
  .description('more orders than the server can take: who waits how long, and who is refused')
  .option('--seconds <n>', 'length of each measurement', count, 5)
  .option('--factor <n>', 'how many times the capacity is asked for', count, 2)
  .option('--connections <n>', 'keep-alive connections', count, 4_096)
  .option('--json', 'print every figure instead')
  .action(
    async (options: { seconds: number; factor: number; connections: number; json?: true }) => {
      const run = await overload(options);
      process.stdout.write(
        `${options.json === true ? JSON.stringify(run, null, 2) : describeOverload(run)}\n`,
      );
    },
  );

program
  .command('cluster')
  .description('one hot drop behind a gateway, NATS, an actors node and Redis: CPU time of each')
  .option('--runs <n>', 'how often; medians are printed', count, 1)
  .option('--seconds <n>', 'length of each measurement', count, 5)
  .option('--connections <n>', 'keep-alive connections', count, 64)
  .option('--saturating-connections <n>', 'of the second measurement', count, 512)
  .option('--unpinned', 'let the kernel choose the cores')
  .option('--cpu-prof <directory>', 'write profiles of both nodes there')
  .option('--json', 'print every figure of every run instead')
  .action(
    async (options: {
      runs: number;
      seconds: number;
      connections: number;
      saturatingConnections: number;
      unpinned?: true;
      cpuProf?: string;
      json?: true;
    }) => {
      const { cpuProf } = options;
      const nodeArgs = cpuProf === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${cpuProf}`];
      const runs = await cluster({ ...options, nodeArgs });
      process.stdout.write(
        `${options.json === true ? JSON.stringify(runs, null, 2) : describeCluster(runs)}\n`,
      );
    },
  );

program
  .command('move')
  .description('shards moved between two nodes under load, and back to one that has just started')
  .option('--moves <n>', 'between nodes that have run for a while', count, 300)
  .option('--restarts <n>', 'of one node, as rolling-restart does it', count, 2)
  .option('--drops <n>', 'each on a shard of its own', count, 8)
  .option('--orders-per-second <n>', 'for each drop', count, 200)
  .option('--json', 'print every figure instead')
  .action(
    async (options: {
      moves: number;
      restarts: number;
      drops: number;
      ordersPerSecond: number;
      json?: true;
    }) => {
      const run = await move(options);
      process.stdout.write(
        `${options.json === true ? JSON.stringify(run, null, 2) : describeMove(run)}\n`,
      );
    },
  );

program
  .command('failover')
  .description('the owner of drops is killed under load: until others serve them')
  .option('--rounds <n>', 'how often a node is killed', count, 5)
  .option('--drops <n>', 'each on a shard of its own', count, 4)
  .option('--orders-per-second <n>', 'for each drop', count, 200)
  .option('--json', 'print every figure instead')
  .action(
    async (options: { rounds: number; drops: number; ordersPerSecond: number; json?: true }) => {
      const rounds = await failover(options);
      process.stdout.write(
        `${options.json === true ? JSON.stringify(rounds, null, 2) : describeFailover(rounds)}\n`,
      );
    },
  );

await program.parseAsync();
