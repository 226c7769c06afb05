// Twice as many orders as the server can process (H6). Measures the latency of refusals and of
// admitted orders, beside the same server at low load and a bare server that refuses all orders.

import { allowOpenFiles } from '../file-limit.ts';
import { LoadProcess } from '../load/load-process.ts';
import type { KindResult, OpenLoopResult, StatusResult } from '../load/open-loop-load.ts';
import { ordersOf, type RequestPlan } from '../load/request-plan.ts';
import {
  CORE_FIGURES,
  type Cost,
  costOf,
  measure,
  type Measurement,
  type OpenLoop,
} from '../measure.ts';
import {
  type CommonOptions,
  counted,
  type Figure,
  type Finding,
  type Sample,
  type Scenario,
  type ScenarioReport,
  type Subject,
  type Log,
} from '../scenario.ts';
import { LiveDropsOrderServer } from '../servers/livedrops-order-server.ts';
import type { OrderServer } from '../servers/order-server.ts';
import { RawOrderServer } from '../servers/raw-order-server.ts';

const STOCK = 10_000_000;
const CAPACITY_CONNECTIONS = 64;
const WARM_UP_SECONDS = 8;
const LOAD_WARM_UP_SECONDS = 2;
/** The low load, as a share of the capacity, far from any queue. */
const UNLOADED_SHARE = 0.1;
const FILES_BESIDE_SOCKETS = 256;
const REFUSED_P99_AIM_MS = 50;

export interface OverloadOptions extends CommonOptions {
  /** The offered rate as a multiple of the capacity. */
  readonly factor: number;
  readonly connections: number;
}

export const overload: Scenario<OverloadOptions> = {
  name: 'overload',
  description: 'more orders than the server can take: who waits how long, and who is refused',
  options: [
    counted('--factor <n>', 'the offered rate as a multiple of the capacity', 2),
    counted('--connections <n>', 'keep-alive connections', 4_096),
  ],
  defaults: { rounds: 3, seconds: 4 },
  run,
};

/** One run at one rate. */
interface RateRun {
  readonly perSecond: number;
  readonly result: OpenLoopResult;
  readonly orders: KindResult;
  readonly cost: Cost;
}

interface Rounds {
  readonly unloaded: RateRun[];
  readonly overloaded: RateRun[];
  /** The bare server under the same storm. */
  readonly bare: RateRun[];
}

async function run(options: OverloadOptions, log: Log): Promise<ScenarioReport> {
  const { seconds, factor, connections } = options;
  allowOpenFiles(connections + FILES_BESIDE_SOCKETS);
  const server = new LiveDropsOrderServer(options);
  let bare: RawOrderServer | null = null;
  const load: OpenLoop = new LoadProcess({ generator: 'open-loop' });
  try {
    await server.start();
    const plan = await server.drop(STOCK);
    log('warming up, and measuring the capacity');
    const { perSecond: capacity, bytesPerAnswer } = await capacityOf(server, plan, seconds);
    bare = new RawOrderServer({ bytesPerAnswer, status: '503' });
    await bare.start();
    const barePlan = await bare.drop();
    const runAt = async (
      of: OrderServer,
      at: RequestPlan,
      perSecond: number,
      length = seconds,
    ): Promise<RateRun> => {
      const { host, port } = at;
      const job = { host, port, kinds: [ordersOf(at)], connections, perSecond, seconds: length };
      const { result, cost } = await costOf(of, load, job);
      return { perSecond, result, orders: result.kinds['orders']!, cost };
    };
    // The load has code to compile too.
    await runAt(server, plan, capacity, LOAD_WARM_UP_SECONDS);
    await runAt(bare, barePlan, capacity, LOAD_WARM_UP_SECONDS);
    const rounds: Rounds = { unloaded: [], overloaded: [], bare: [] };
    for (let round = 1; round <= options.rounds; round++) {
      log(`round ${round} of ${options.rounds}`);
      rounds.unloaded.push(await runAt(server, plan, capacity * UNLOADED_SHARE));
      rounds.overloaded.push(await runAt(server, plan, capacity * factor));
      rounds.bare.push(await runAt(bare, barePlan, capacity * factor));
    }
    const settings = { rounds: options.rounds, seconds, connections, factor };
    return reportOf(server, bare, { ...settings, capacity: Math.round(capacity) }, rounds);
  } finally {
    await load.stop();
    await bare?.stop();
    await server.stop();
  }
}

function capacityOf(
  server: LiveDropsOrderServer,
  plan: RequestPlan,
  seconds: number,
): Promise<Measurement> {
  return measure({
    server,
    plan,
    generator: 'saturating',
    connections: CAPACITY_CONNECTIONS,
    seconds,
    warmUpSeconds: WARM_UP_SECONDS,
  });
}

function reportOf(
  server: LiveDropsOrderServer,
  bareServer: RawOrderServer,
  settings: ScenarioReport['settings'],
  { unloaded, overloaded, bare }: Rounds,
): ScenarioReport {
  const subject = (
    { role, about }: OrderServer,
    { key, label, status }: { key: string; label: string; status: string },
    rounds: readonly RateRun[],
  ): Subject => {
    const samples = rounds.map((one) => sampleOf(one, one.orders.statuses[status]));
    return { key, label, role, about, samples };
  };
  const [tenth, orders, refusals, bareRefusals] = [
    { key: 'unloaded', label: 'a tenth of the capacity: orders', status: '201' },
    { key: 'admitted', label: 'too many: orders', status: '201' },
    { key: 'livedrops-refused', label: 'too many: refused with 503', status: '503' },
    { key: 'bare-refused', label: 'too many: bare 503 to all', status: '503' },
  ] as const;
  const admitted = subject(server, orders, overloaded);
  const refused = subject(server, refusals, overloaded);
  const bareRefused = subject(bareServer, bareRefusals, bare);
  return {
    name: overload.name,
    title: 'Too many orders',
    method: METHOD,
    settings,
    figures: FIGURES,
    subjects: [subject(server, tenth, unloaded), admitted, refused, bareRefused],
    findings: [
      ...p99('p99 of refusals', refused, REFUSED_P99_AIM_MS),
      ...p99('p99 of admitted orders', admitted, null),
      ...p99('p99 of bare refusals', bareRefused, null),
    ],
    notes: [...overloaded.map(noteFor(server)), ...bare.map(noteFor(bareServer))],
  };
}

/** Without an answer of that status the sample has no latencies. */
function sampleOf({ result, cost }: RateRun, status: StatusResult | undefined): Sample {
  const { serverCpuShare, loadCpuShare } = cost;
  const shares = { serverPercent: serverCpuShare * 100, loadPercent: loadCpuShare * 100 };
  if (status === undefined) return { figures: { perSecond: 0, ...shares } };
  const { answers, p50Ms, p99Ms, maxMs, latency } = status;
  const perSecond = answers / result.seconds;
  return { figures: { perSecond, p50Ms, p99Ms, maxMs, ...shares }, latency };
}

/** The p99 of the rounds that have one. */
function p99(label: string, { samples }: Subject, aim: number | null): Finding[] {
  const values = samples.flatMap(({ figures }) => figures['p99Ms'] ?? []);
  if (values.length === 0) return [];
  return [{ label, unit: 'ms', digits: 1, samples: values, better: 'less', aim }];
}

function noteFor({ label }: OrderServer): (run: RateRun, round: number) => string {
  return ({ perSecond, result, orders, cost }, round) => {
    const { unsent, unanswered, errors } = result;
    const others = Object.entries(orders.statuses)
      .filter(([status]) => status !== '201' && status !== '503')
      .map(([status, { answers }]) => `, ${answers} answered ${status}`);
    return (
      `${label}, round ${round + 1}: offered ${perSecond.toFixed(0)} a second: ${unsent} found ` +
      `no free connection, ${unanswered} got no answer, ${errors} lost their connection` +
      `${others.join('')}; load at ${(cost.loadCpuShare * 100).toFixed(0)} % of its core.`
    );
  };
}

const FIGURES: readonly Figure[] = [
  { key: 'perSecond', label: 'answers', unit: 'answers/s', better: 'neither', digits: 0 },
  { key: 'p50Ms', label: 'p50', unit: 'ms', better: 'less', digits: 1 },
  { key: 'p99Ms', label: 'p99', unit: 'ms', better: 'less', digits: 1 },
  { key: 'maxMs', label: 'longest', unit: 'ms', better: 'less', digits: 1 },
  ...CORE_FIGURES,
];

const METHOD =
  'Orders of one drop at a tenth of the measured capacity and at a multiple of it, at a fixed ' +
  'rate, whatever comes back (an open loop), over very many connections. Each is timed from when ' +
  'it was due, waiting for a free connection included. What the server cannot take it refuses ' +
  'with 503. A bare uWebSockets.js server gets the same storm and answers all of it with 503 at ' +
  "once: what it takes is the machine's.";
