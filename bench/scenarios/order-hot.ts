// One hot drop: durable orders a second, latency, CPU time and memory of each order. The ceiling (a
// bare server that answers with as many bytes) and the peers get the same load in the same run.

import { LoadProcess } from '../load/load-process.ts';
import type { RequestPlan } from '../load/request-plan.ts';
import { type ClosedLoop, median, ORDER_FIGURES } from '../measure.ts';
import {
  CONNECTION_OPTIONS,
  OrderComparison,
  p99Finding,
  profileNotes,
  type Series,
  subjectOf,
  ceilingFindings,
} from '../order-comparison.ts';
import { openCheckout, type OtherCheckout } from '../other-checkout.ts';
import {
  type CommonOptions,
  type Finding,
  ratio,
  type Scenario,
  type ScenarioOption,
  type ScenarioReport,
  type Subject,
  type Log,
} from '../scenario.ts';
import {
  LiveDropsOrderServer,
  type LiveDropsOrderServerOptions,
} from '../servers/livedrops-order-server.ts';
import { orderPeers } from '../servers/order-peers.ts';
import { RawDurableOrderServer, RawOrderServer } from '../servers/raw-order-server.ts';
import { TraceSink } from '../servers/trace-sink.ts';
import { HalfRate, PACED_CONNECTIONS } from './half-rate.ts';

const STOCK = 10_000_000;
/**
 * Long enough to compile the hot functions and grow the heap to its working size. After half of
 * this time the compiler's threads still take some 5 CPU microseconds of each order.
 */
const WARM_UP_SECONDS = 15;
/** The bare server and the peers have little code to compile. */
const OTHERS_WARM_UP_SECONDS = 5;
/** The wait before memory is read, for garbage collection and the read models. */
const SETTLE_MS = 3000;
/** With fewer orders, unused heap hides the memory of the orders. */
const MEMORY_ORDERS_MIN = 100_000;

const CEILING_AIM = 0.6;
const P99_AIM_MS = 25;
const PACED_P99_AIM_MS = 10;
const BYTES_AIM = 300;

export interface OrderHotOptions extends CommonOptions {
  readonly connections: number;
  readonly manyConnections: number;
  /** Commits or directories, with commas between; empty for none. */
  readonly against: string;
  /** Shares of traces that are sent, with commas between; empty for none. */
  readonly traces: string;
  /** `off`: the server without its ledger, too. */
  readonly ledger: string;
}

const AGAINST_OPTION: ScenarioOption = {
  flags: '--against <checkouts>',
  description:
    'commits or directories of this repository to measure in the same rounds, with commas ' +
    'between; naming this commit too shows what two equal servers differ by',
  default: '',
};

const TRACES_OPTION: ScenarioOption = {
  flags: '--traces <ratios>',
  description:
    'shares of traces that are sent, from 0 to 1, with commas between: this server with traces ' +
    'on, in the same rounds as without them',
  default: '',
};

const LEDGER_OPTION: ScenarioOption = {
  flags: '--ledger <state>',
  description: 'off: this server without its ledger, in the same rounds as with it',
  default: '',
};

export const orderHot: Scenario<OrderHotOptions> = {
  name: 'order-hot',
  description: 'one hot drop: durable orders, beside the bare server and the peers',
  options: [...CONNECTION_OPTIONS, AGAINST_OPTION, TRACES_OPTION, LEDGER_OPTION],
  defaults: { rounds: 5, seconds: 3 },
  run,
};

async function run(options: OrderHotOptions, log: Log): Promise<ScenarioReport> {
  const livedrops = new LiveDropsOrderServer({ profileDirectory: options.profileDirectory });
  const comparison = new OrderComparison({ ...options, log, status: '201' });
  const half = new HalfRate();
  const checkouts: OtherCheckout[] = [];
  const sink = await TraceSink.start();
  try {
    for (const name of namesOf(options.against)) {
      log(`checking out ${name}`);
      checkouts.push(openCheckout(name));
    }
    const admitted = await admitAll(comparison, livedrops, options, [
      ...checkouts.map((checkout) => ({ checkout })),
      ...namesOf(options.traces).map((share) => ({ traces: { url: sink.url, ratio: share } })),
      ...namesOf(options.ledger).map((ledger) => ({ ledger })),
    ]);
    const { own, ownMany, ceiling, ceilingMany, durable, durableMany, others, peers } = admitted;
    const { plan } = own.contender;
    await half.admit([own, ceiling, durable].map(({ contender }) => contender));
    const before = await memoryOf(livedrops, plan);
    await comparison.measureRounds(async () => {
      const perSecond = own.samples.at(-1)!.figures['perSecond']! / 2;
      await half.measureRound(perSecond, options.seconds);
    });
    const after = await memoryOf(livedrops, plan);
    log('by autocannon, for the record');
    const byAutocannon = await measureByAutocannon(comparison, [own, ceiling]);
    const halfRates = half.subjects();
    return {
      name: orderHot.name,
      title: 'One hot drop',
      method: METHOD,
      settings: settingsOf(options),
      figures: ORDER_FIGURES,
      subjects: [...comparison.subjects(), ...halfRates, ...byAutocannon],
      findings: [
        ...ceilingFindings(own, ceiling, CEILING_AIM),
        ...ceilingFindings(ownMany, ceilingMany, CEILING_AIM),
        ...ceilingFindings(own, durable, null, 'the durable floor'),
        ...ceilingFindings(ownMany, durableMany, null, 'the durable floor'),
        p99Finding(`p99 at ${own.connections} connections`, own.samples, P99_AIM_MS),
        ...halfRateFindings(halfRates),
        ...others.flatMap(([one, many]) => [...toOther(own, one), ...toOther(ownMany, many)]),
        ...comparison.factors(own, peers),
        ...bytesAnOrder(before, after),
      ],
      notes: [
        ...comparison.notes(own),
        ...half.notes,
        ...autocannonNotes(byAutocannon),
        ...profileNotes(options),
      ],
    };
  } finally {
    await half.stop();
    await comparison.stop();
    await sink.stop();
    for (const { remove } of checkouts) remove();
  }
}

function namesOf(against: string): string[] {
  return against
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

/** Rate, CPU time and tail beside another state of the repository, at as many connections. */
function toOther(own: Series, other: Series): Finding[] {
  const [of, to] = [subjectOf(own), subjectOf(other)];
  const about = (figure: string) => `${figure}, to ${other.label}`;
  return [
    ratio({ label: about('rate'), of, to, figure: 'perSecond', aim: null }),
    ratio({
      label: about('CPU time, its to ours'),
      of,
      to,
      figure: 'cpuMicros',
      aim: null,
      inverse: true,
    }),
    ratio({ label: about('p99, its to ours'), of, to, figure: 'p99Ms', aim: null, inverse: true }),
  ];
}

async function admitAll(
  comparison: OrderComparison,
  livedrops: LiveDropsOrderServer,
  options: OrderHotOptions,
  variants: readonly Pick<LiveDropsOrderServerOptions, 'checkout' | 'traces' | 'ledger'>[],
): Promise<{
  own: Series;
  ownMany: Series;
  ceiling: Series;
  ceilingMany: Series;
  durable: Series;
  durableMany: Series;
  /** Of each variant: at fewer and at many connections. */
  others: [Series, Series][];
  peers: Series[];
}> {
  const { connections, manyConnections } = options;
  const prepare = (server: { drop(stock: number): Promise<RequestPlan> }) => server.drop(STOCK);
  const admit = { prepare, connections, warmUpSeconds: WARM_UP_SECONDS };
  const admitOther = { ...admit, warmUpSeconds: OTHERS_WARM_UP_SECONDS };
  const own = await comparison.admit(livedrops, admit);
  const { bytesPerAnswer } = own.contender;
  const alike = { bytesPerAnswer, status: '201' } as const;
  const ceiling = await comparison.admit(new RawOrderServer(alike), admitOther);
  const durable = await comparison.admit(new RawDurableOrderServer(alike), admitOther);
  const ownMany = await comparison.again(own, manyConnections);
  const ceilingMany = await comparison.again(ceiling, manyConnections);
  const durableMany = await comparison.again(durable, manyConnections);
  const others: [Series, Series][] = [];
  for (const variant of variants) {
    const server = new LiveDropsOrderServer({ profileDirectory: null, ...variant });
    const other = await comparison.admit(server, admit);
    others.push([other, await comparison.again(other, manyConnections)]);
  }
  const peers = await comparison.admitPeers(options.peers ? orderPeers() : [], admitOther);
  return { own, ownMany, ceiling, ceilingMany, durable, durableMany, others, peers };
}

function halfRateFindings([own, ...others]: readonly Subject[]): Finding[] {
  return [
    p99Finding('p99 at half of its rate', own!.samples, PACED_P99_AIM_MS),
    ...others.map(({ label, samples }) => p99Finding(`p99 of ${label}`, samples, null)),
  ];
}

async function measureByAutocannon(
  comparison: OrderComparison,
  of: readonly Series[],
): Promise<Subject[]> {
  const load: ClosedLoop = new LoadProcess({ generator: 'autocannon' });
  try {
    const subjects: Subject[] = [];
    for (const series of of) {
      subjects.push({
        ...pick(series.contender.server),
        key: `${series.key}-autocannon`,
        label: `${series.label}, by autocannon`,
        samples: [await comparison.measureBy(load, series)],
      });
    }
    return subjects;
  } finally {
    await load.stop();
  }
}

function pick({ role, about }: Pick<Subject, 'role' | 'about'>): Pick<Subject, 'role' | 'about'> {
  return { role, about };
}

interface Memory {
  readonly bytes: number;
  readonly orders: number;
}

/** Resident memory at rest, and the number of orders. */
async function memoryOf(server: LiveDropsOrderServer, plan: RequestPlan): Promise<Memory> {
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  return { bytes: server.residentBytes(), orders: await server.sold(plan) };
}

function bytesAnOrder(before: Memory, after: Memory): Finding[] {
  const orders = after.orders - before.orders;
  if (orders < MEMORY_ORDERS_MIN) return [];
  const samples = [(after.bytes - before.bytes) / orders];
  const label = 'memory an order';
  return [{ label, unit: 'bytes', digits: 0, samples, better: 'less', aim: BYTES_AIM }];
}

function autocannonNotes(subjects: readonly Subject[]): string[] {
  const shares = subjects.map(({ label, samples }) => {
    const share = median(samples.map(({ figures }) => figures['loadPercent']!));
    return `${label}: ${share.toFixed(0)} %`;
  });
  return [
    'autocannon spends more on a request than the server does and is itself the limit; ' +
      `of its core it used (${shares.join('; ')}).`,
  ];
}

function settingsOf(options: OrderHotOptions): ScenarioReport['settings'] {
  const { rounds, seconds, connections, manyConnections, against, traces, ledger } = options;
  const usual = { rounds, seconds, connections, manyConnections };
  return { ...usual, pacedConnections: PACED_CONNECTIONS, against, traces, ledger };
}

const METHOD =
  'A drop with more stock than the run can sell takes orders of one unit over keep-alive ' +
  'connections, one request under way on each, every request under a key of its own, from 4,096 ' +
  'buyers in turn. The server, with all its processes and threads, has one core, and the load ' +
  'the other. Every order is fsynced before its answer; the ceiling makes nothing durable, and ' +
  'beside it stands the durable floor: the same bare server, which answers after a group commit. ' +
  'All are warmed up and stay up, and are measured in turns, round by round. Half of its rate is ' +
  'sent at fixed times whatever the server makes of it, and timed from when each order was due; ' +
  "the bare servers get as many a second, so that what of the tail is the machine's can be seen. " +
  "CPU time is the kernel's account of the server's processes, divided by its answers. Memory is " +
  'the growth of the resident set between two states at rest, before and after all rounds, ' +
  'divided by the orders between them.';
