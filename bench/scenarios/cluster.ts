// One hot drop in a cluster: a gateway node and an actors node with NATS between them, and the
// journal in Redis with an fsync before every answer. A single node and the bare server are
// measured in the same rounds. CPU time is reported for each process, since all processes share two
// cores.

import { LoadProcess } from '../load/load-process.ts';
import type { RequestPlan } from '../load/request-plan.ts';
import {
  type ClosedLoop,
  type Measurement,
  measure,
  median,
  ORDER_FIGURES,
  sampleOf,
} from '../measure.ts';
import {
  type CommonOptions,
  counted,
  type Figure,
  type Finding,
  ratio,
  type Sample,
  type Scenario,
  type ScenarioReport,
  type Subject,
  type Log,
} from '../scenario.ts';
import { ClusterOrderServer, PROCESS_NAMES } from '../servers/cluster-order-server.ts';
import { missingServers } from '../servers/cluster-servers.ts';
import { LiveDropsOrderServer } from '../servers/livedrops-order-server.ts';
import type { OrderServer } from '../servers/order-server.ts';
import { RawOrderServer } from '../servers/raw-order-server.ts';
import { findRedisBenchmark } from '../servers/peers/programs.ts';
import { RedisAppendCeiling } from '../servers/redis-append-ceiling.ts';

/** With a limit of 1,000 units a buyer, enough for every order a run can make. */
const STOCK = 10_000_000;
/** Long enough for both nodes to compile their hot functions. */
const WARM_UP_SECONDS = 12;
/** The bare server has little code to compile. */
const CEILING_WARM_UP_SECONDS = 2;
/** Before each measurement, so that the previous server does not influence it. */
const WARM_UP_AGAIN_SECONDS = 1;

const RATE_AIM = 0.25;
const CPU_AIM_MICROS = 40;
/** Above this share of its core the load may be the limit. */
const LOAD_BUSY_PERCENT = 90;

const FIGURES: readonly Figure[] = [
  ...ORDER_FIGURES,
  { key: 'gateway', label: 'of it the gateway', unit: 'µs', better: 'less', digits: 1 },
  { key: 'owner', label: 'of it the owner', unit: 'µs', better: 'less', digits: 1 },
  { key: 'redis', label: 'of it Redis', unit: 'µs', better: 'less', digits: 1 },
  { key: 'nats', label: 'of it NATS', unit: 'µs', better: 'less', digits: 1 },
  { key: 'batch', label: 'orders in an entry', unit: '', better: 'neither', digits: 1 },
  { key: 'refused', label: 'not ordered', unit: '', better: 'less', digits: 0 },
];

export interface ClusterOptions extends CommonOptions {
  readonly connections: number;
  /** Enough connections to keep one process busy all the time. */
  readonly saturatingConnections: number;
  /** Let the kernel choose the core of each process. */
  readonly unpinned?: boolean;
}

export const cluster: Scenario<ClusterOptions> = {
  name: 'cluster',
  description: 'one hot drop behind a gateway, NATS, an actors node and Redis: CPU time of each',
  options: [
    counted('--connections <n>', 'keep-alive connections', 64),
    counted(
      '--saturating-connections <n>',
      'enough connections to keep one process busy all the time',
      512,
    ),
    { flags: '--unpinned', description: 'let the kernel choose the cores' },
  ],
  defaults: { rounds: 3, seconds: 4 },
  run: runCluster,
};

/** One server at one number of connections: a subject of the report. */
interface Series {
  readonly server: OrderServer;
  readonly plan: RequestPlan;
  readonly connections: number;
  readonly counters: Readonly<Record<string, () => number | Promise<number>>>;
  readonly samples: Sample[];
}

async function runCluster(options: ClusterOptions, log: Log): Promise<ScenarioReport> {
  const missing = missingServers();
  if (missing !== null) return report(options, [], [missing]);
  const { connections: few, saturatingConnections: many, profileDirectory } = options;
  const nodes = new ClusterOrderServer({ unpinned: options.unpinned ?? false, profileDirectory });
  const alone = new LiveDropsOrderServer({ profileDirectory: null });
  let ceiling: RawOrderServer | null = null;
  const pipelined = [Math.max(1, Math.round(many / few)), 1];
  const appends =
    findRedisBenchmark() === null ? null : new RedisAppendCeiling({ clients: few, pipelined });
  const load: ClosedLoop = new LoadProcess({ generator: 'saturating' });
  try {
    const measureSeries = (
      { server, plan, connections, counters }: Series,
      seconds: number,
      warmUpSeconds: number,
    ): Promise<Measurement> => {
      const loaded = {
        server,
        plan,
        connections,
        counters,
        generator: 'saturating',
        load,
      } as const;
      return measure({ ...loaded, seconds, warmUpSeconds });
    };
    log('warming up');
    // Many connections first, since they compile most code in the shortest time.
    const clusterSeries = await seriesOf(nodes, [many, few], countersOf(nodes));
    const { bytesPerAnswer } = await measureSeries(clusterSeries[0]!, 1, WARM_UP_SECONDS);
    const aloneSeries = await seriesOf(alone, [few]);
    await measureSeries(aloneSeries[0]!, 1, WARM_UP_SECONDS);
    ceiling = new RawOrderServer({ bytesPerAnswer, status: '201' });
    const ceilingSeries = await seriesOf(ceiling, [many, few]);
    await measureSeries(ceilingSeries[0]!, 1, CEILING_WARM_UP_SECONDS);
    await appends?.start();
    const all = [...clusterSeries, ...aloneSeries, ...ceilingSeries];
    for (let round = 1; round <= options.rounds; round++) {
      for (const series of all) {
        log(`round ${round} of ${options.rounds}: ${labelOf(series)}`);
        const measured = await measureSeries(series, options.seconds, WARM_UP_AGAIN_SECONDS);
        series.samples.push(clusterSampleOf(measured));
      }
      log(`round ${round} of ${options.rounds}: redis-benchmark`);
      await appends?.measure(options.seconds);
    }
    const subjects = [...all.map(subjectOf), ...(appends?.subjects() ?? [])];
    const notes = appends === null ? ['Not measured: no redis-benchmark on this machine.'] : [];
    return report(options, subjects, [...notes, ...all.flatMap(notesOf)]);
  } catch (error) {
    log(nodes.logs());
    throw error;
  } finally {
    await load.stop();
    await appends?.stop();
    await ceiling?.stop();
    await alone.stop();
    await nodes.stop();
  }
}

async function seriesOf(
  server: OrderServer,
  numbers: readonly number[],
  counters: Series['counters'] = {},
): Promise<Series[]> {
  await server.start();
  const plan = await server.drop(STOCK);
  return numbers.map((connections) => ({ server, plan, connections, counters, samples: [] }));
}

function countersOf(nodes: ClusterOrderServer): Series['counters'] {
  const micros = PROCESS_NAMES.map((name) => [name, () => nodes.cpuMicrosOf(name)] as const);
  return { ...Object.fromEntries(micros), entries: () => nodes.journalEntries() };
}

function clusterSampleOf(measured: Measurement): Sample {
  const { answers, statuses, growth, seconds } = measured;
  const orders = statuses['201'] ?? 0;
  const { figures, latency } = sampleOf(measured);
  const own: Record<string, number> = { perSecond: orders / seconds, refused: answers - orders };
  for (const name of PROCESS_NAMES) {
    if (growth[name] !== undefined) own[name] = growth[name] / orders;
  }
  if (growth['entries'] !== undefined) own['batch'] = orders / growth['entries'];
  return { figures: { ...figures, ...own }, ...(latency === undefined ? {} : { latency }) };
}

function labelOf({ server, connections }: Series): string {
  const label = server.key === 'livedrops' ? 'one node alone' : server.label;
  return `${label}, ${connections} connections`;
}

function subjectOf(series: Series): Subject {
  const { server, connections, samples } = series;
  const { key, role, about } = server;
  return { key: `${key}-${connections}`, label: labelOf(series), role, about, samples };
}

/** Notes about refused orders and about a busy load. */
function notesOf(series: Series): string[] {
  const { samples } = series;
  const notes: string[] = [];
  const refused = samples.reduce((all, { figures }) => all + figures['refused']!, 0);
  if (refused > 0) notes.push(`${labelOf(series)}: ${refused} requests were not ordered.`);
  const busy = median(samples.map(({ figures }) => figures['loadPercent']!));
  if (busy > LOAD_BUSY_PERCENT) {
    notes.push(`${labelOf(series)}: the load had no time to spare; it may be the limit.`);
  }
  return notes;
}

function findingsOf(options: ClusterOptions, subjects: readonly Subject[]): Finding[] {
  const find = (key: string): Subject => subjects.find((subject) => subject.key === key)!;
  const { connections: few, saturatingConnections: many } = options;
  const appends = subjects.filter(({ key }) => key.startsWith('redis-append-'));
  return [many, few].flatMap((connections, index) => {
    const [own, bare] = [find(`cluster-${connections}`), find(`ceiling-${connections}`)];
    const at = `at ${connections} connections`;
    const aims = connections === many;
    const micros = own.samples.map(({ figures }) => figures['cpuMicros']!);
    const cost = { digits: 1, better: 'less' } as const;
    return [
      ratio({
        label: `rate, of the ceiling's, ${at}`,
        of: own,
        to: bare,
        figure: 'perSecond',
        aim: aims ? RATE_AIM : null,
      }),
      {
        ...cost,
        label: `CPU time of all processes, times the ceiling's, ${at}`,
        unit: '',
        samples: micros.map((one, i) => one / bare.samples[i]!.figures['cpuMicros']!),
        aim: null,
      },
      {
        ...cost,
        label: `CPU time of an order in all processes, ${at}`,
        unit: 'µs',
        samples: micros,
        aim: aims ? CPU_AIM_MICROS : null,
      },
      {
        ...cost,
        label: `p99 of an order, ${at}`,
        unit: 'ms',
        samples: own.samples.map(({ figures }) => figures['p99Ms']!),
        aim: null,
      },
      ...(appends[index] === undefined ? [] : toAppends(own, appends[index], at)),
    ];
  });
}

function toAppends(of: Subject, to: Subject, at: string): Finding[] {
  const both = { of, to, aim: null };
  return [
    ratio({ ...both, label: `rate, of redis-benchmark's appends, ${at}`, figure: 'perSecond' }),
    ratio({
      ...both,
      label: `CPU time of Redis, redis-benchmark's append to an order, ${at}`,
      figure: 'redis',
      inverse: true,
    }),
  ];
}

function report(
  options: ClusterOptions,
  subjects: readonly Subject[],
  notes: readonly string[],
): ScenarioReport {
  const { rounds, seconds, connections, saturatingConnections, unpinned = false } = options;
  return {
    name: cluster.name,
    title: 'One hot drop in a cluster',
    method:
      'A drop with more stock than the run can sell takes orders of one unit through a gateway ' +
      'node, NATS, the node that owns the drop, and Redis, which fsyncs before every answer. ' +
      'Gateway, Redis and NATS have one core; the owner shares the other with the load, which ' +
      'splits the work about evenly. CPU time is what the kernel accounts to each process, in ' +
      'microseconds an order. One node alone and the bare server get the same load on the first ' +
      'core in every round, and redis-benchmark, with as many appends under way, shows there ' +
      'what Redis alone reaches: an entry for each order, where LiveDrops puts those of a moment ' +
      'into one, and nothing of the lists and notifications that LiveDrops keeps in it ' +
      'afterwards.',
    settings: { rounds, seconds, connections, saturatingConnections, unpinned },
    figures: FIGURES,
    subjects,
    findings: subjects.length === 0 ? [] : findingsOf(options, subjects),
    notes,
  };
}
