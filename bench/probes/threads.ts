// Measures what gateway threads add to the CPU time of an order (decision 116), and how evenly they
// share the load: a node with three of them beside one without, both on one core, in turns. On one
// core the threads can't be quicker; what they cost is what this tells. Run:
// node_modules/.bin/node bench/probes/threads.ts

import { LoadProcess } from '../load/load-process.ts';
import type { RequestPlan } from '../load/request-plan.ts';
import type { LoadJob, LoadResult } from '../load/saturating-load.ts';
import { costOf, median } from '../measure.ts';
import { LiveDropsServer, makeDataDirectory } from '../servers/livedrops-server.ts';
import { buyerTokens } from '../servers/sale-client.ts';

const THREADS = [1, 3] as const;
const CONNECTIONS = [64, 512] as const;
const ROUNDS = 5;
const SECONDS = 3;
const WARM_UP_SECONDS = 10;
const STOCK = 10_000_000;
const CPU = /^livedrops_thread_cpu_seconds_total\{thread="(gateway-\d+|main)"\} (\S+)$/gm;

interface Node {
  readonly threads: number;
  readonly server: LiveDropsServer;
  readonly plan: RequestPlan;
  /** CPU time of an order, by connections. */
  readonly micros: Map<number, number[]>;
}

const load = new LoadProcess<LoadJob, LoadResult>({ generator: 'saturating' });
const nodes: Node[] = [];
try {
  for (const threads of THREADS) {
    const env = { LIVEDROPS_THREADS: String(threads) };
    const server = new LiveDropsServer([], makeDataDirectory(), undefined, env);
    await server.start();
    const path = `/v1/drops/${await server.drop(STOCK)}/orders`;
    const { host, port } = server;
    const plan = { host, port, paths: [path], tokens: buyerTokens(), body: '{"quantity":1}' };
    nodes.push({ threads, server, plan, micros: new Map() });
  }
  for (const { plan } of nodes)
    for (const connections of CONNECTIONS)
      await load.run({ plan, connections, seconds: WARM_UP_SECONDS });
  for (let round = 0; round < ROUNDS; round++)
    for (const connections of CONNECTIONS)
      for (const node of nodes) await measureOne(node, connections);
  for (const connections of CONNECTIONS) report(connections);
} finally {
  await load.stop();
  for (const { server } of nodes) await server.stop();
}

async function measureOne({ threads, server, plan, micros }: Node, connections: number) {
  const before = await cpuByThread(plan);
  const job = { plan, connections, seconds: SECONDS };
  const { result, cost } = await costOf(server.process, load, job);
  const wrong = result.answers - (result.statuses['201'] ?? 0);
  if (wrong > 0 || result.errors > 0)
    throw new Error(`${wrong} wrong answers, ${result.errors} without`);
  const all = micros.get(connections) ?? [];
  micros.set(connections, [...all, cost.serverCpuMicrosPerAnswer]);
  if (threads === 1) return;
  const after = await cpuByThread(plan);
  const used = [...after].map(
    ([thread, seconds]) => [thread, seconds - before.get(thread)!] as const,
  );
  const gateways = used.filter(([thread]) => thread !== 'main').map(([, seconds]) => seconds);
  const total = gateways.reduce((sum, seconds) => sum + seconds, 0);
  const shares = gateways.map((seconds) => `${((100 * seconds) / total).toFixed(1)} %`);
  console.log(`${connections} connections: of the threads' CPU time each had ${shares.join(', ')}`);
}

async function cpuByThread({ host, port }: RequestPlan): Promise<Map<string, number>> {
  const text = await (await fetch(`http://${host}:${port}/metrics`)).text();
  return new Map([...text.matchAll(CPU)].map(([, thread, seconds]) => [thread!, Number(seconds)]));
}

function report(connections: number): void {
  const [one, several] = nodes.map(({ micros }) => micros.get(connections)!);
  const added = several!.map((micros, round) => micros - one![round]!);
  const ratios = several!.map((micros, round) => micros / one![round]!);
  console.log(
    `${connections} connections: ${median(one!).toFixed(1)} µs of CPU an order with 1 thread, ` +
      `${median(several!).toFixed(1)} with ${THREADS[1]}; by round ` +
      `+${median(added).toFixed(1)} µs, times ${median(ratios).toFixed(2)}`,
  );
}
