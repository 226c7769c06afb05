// What a crawler over ended drops costs orders (J9): orders at a fixed rate, alone and beside reads
// of drops and orders that ended long ago, in turns, against one server.
//   node bench/probes/old-drops.ts [drops] [rounds] [seconds]

import { spawnSync } from 'node:child_process';
import { CRAWLED, crawlerRequests } from '../load/old-drops.ts';
import { LoadProcess } from '../load/load-process.ts';
import type { RequestKind } from '../load/request-plan.ts';
import { costOf, median, type OpenLoop } from '../measure.ts';
import { LiveDropsServer, makeDataDirectory } from '../servers/livedrops-server.ts';
import { buyerTokens } from '../servers/sale-client.ts';

const ORDERS = 'orders';
const ORDERS_PER_SECOND = 500;
const READS_PER_SECOND = 200;
const ORDERS_PER_DROP = 20;
const CONNECTIONS = 64;
const WARM_UP_SECONDS = 15;
const FEW_DROPS = 20;
const MIB = 2 ** 20;

const [drops = 10_000, rounds = 4, seconds = 15] = process.argv.slice(2).map(Number);
const job = { drops, ordersPerDrop: ORDERS_PER_DROP };
const directory = makeDataDirectory();
const fill = new URL('../load/fill-old-drops.ts', import.meta.url).pathname;
const filled = spawnSync(process.execPath, [fill, directory, JSON.stringify(job)], {
  stdio: ['ignore', 'inherit', 'inherit'],
});
if (filled.status !== 0) throw new Error('the directory was not filled');

const server = new LiveDropsServer([], directory);
const load: OpenLoop = new LoadProcess({ generator: 'open-loop' });
try {
  await server.start();
  await server.caughtUp();
  const order: RequestKind = {
    name: ORDERS,
    weight: ORDERS_PER_SECOND,
    method: 'POST',
    paths: [`/v1/drops/${await server.drop(10_000_000)}/orders`],
    tokens: buyerTokens(),
    body: '{"quantity":1}',
    keyed: true,
  };
  const ways = {
    alone: { kinds: [order], perSecond: ORDERS_PER_SECOND },
    crawled: {
      kinds: [order, ...crawlerRequests(job, READS_PER_SECOND)],
      perSecond: ORDERS_PER_SECOND + READS_PER_SECOND,
    },
  };
  const base = { host: server.host, port: server.port, connections: CONNECTIONS };
  const figures: Record<string, Record<string, number>[]> = { alone: [], crawled: [] };
  await load.run({ ...base, ...ways.alone, seconds: WARM_UP_SECONDS });
  // So that memory grows for the drops, not for code that runs for the first time.
  const few = crawlerRequests({ ...job, drops: FEW_DROPS }, READS_PER_SECOND);
  await load.run({ ...base, kinds: few, perSecond: 800, seconds: WARM_UP_SECONDS });
  for (let round = 0; round < rounds; round++) {
    for (const [way, requests] of Object.entries(ways)) {
      const residentBefore = server.process.residentBytes();
      const { result, cost } = await costOf(server.process, load, {
        ...base,
        ...requests,
        seconds,
      });
      const { done } = result.kinds[ORDERS]!;
      const reads = result.kinds[CRAWLED];
      figures[way]!.push({
        'orders/s': done.answers / result.seconds,
        'orders p50 ms': done.p50Ms,
        'orders p99 ms': done.p99Ms,
        'server CPU ms/s': cost.serverCpuShare * 1000,
        'grown MiB': (server.process.residentBytes() - residentBefore) / MIB,
        'reads/s': (reads?.done.answers ?? 0) / result.seconds,
        'reads not 2xx': (reads?.due ?? 0) - (reads?.done.answers ?? 0),
        'reads p99 ms': reads?.done.p99Ms ?? 0,
      });
    }
  }
  for (const [way, samples] of Object.entries(figures)) {
    const names = Object.keys(samples[0]!);
    const medians = names.map((name) => {
      const values = samples.map((sample) => sample[name]!);
      return `${name} ${median(values).toFixed(2)} (${values.map((v) => v.toFixed(1)).join(' ')})`;
    });
    process.stdout.write(`${way}: ${medians.join(', ')}\n`);
  }
} finally {
  await load.stop();
  await server.stop();
}
