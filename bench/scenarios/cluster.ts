// One hot drop in a cluster: a gateway node and an actors node with NATS between them, and the
// journal in Redis with an fsync before every answer. A single node, the bare server and the
// cluster floor, which passes the same processes and does nothing else, are measured in the same
// rounds. CPU time is reported for each process, since all processes share two cores.

import { LoadProcess } from '../load/load-process.ts';
import type { RequestPlan } from '../load/request-plan.ts';
import { type ClosedLoop, type Measurement, measure, median, sampleOf } from '../measure.ts';
import {
  type CommonOptions,
  counted,
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
import { RawClusterOrderServer } from '../servers/raw-cluster-order-server.ts';
import { RawOrderServer } from '../servers/raw-order-server.ts';
import { findRedisBenchmark } from '../servers/peers/programs.ts';
import { RedisAppendCeiling } from '../servers/redis-append-ceiling.ts';
import { clusterReport, type ClusterReportOptions } from './cluster-report.ts';

/** With a limit of 1,000 units a buyer, enough for every order a run can make. */
const STOCK = 10_000_000;
/** Long enough for both nodes to compile their hot functions. */
const WARM_UP_SECONDS = 12;
/** The bare servers have little code to compile. */
const BARE_WARM_UP_SECONDS = 2;
/** Before each measurement, so that the previous server does not influence it. */
const WARM_UP_AGAIN_SECONDS = 1;

/** Above this share of its core the load may be the limit. */
const LOAD_BUSY_PERCENT = 90;

export type ClusterOptions = CommonOptions & ClusterReportOptions;

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
  if (missing !== null) return clusterReport(options, [], [missing]);
  const { connections: few, saturatingConnections: many, profileDirectory } = options;
  const { unpinned = false } = options;
  const nodes = new ClusterOrderServer({ unpinned, profileDirectory });
  const alone = new LiveDropsOrderServer({ profileDirectory: null });
  let ceiling: RawOrderServer | null = null;
  let floor: RawClusterOrderServer | null = null;
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
    const clusterSeries = await seriesOf(nodes, [many, few], {
      ...microsOf(nodes),
      entries: () => nodes.journalEntries(),
    });
    const { bytesPerAnswer } = await measureSeries(clusterSeries[0]!, 1, WARM_UP_SECONDS);
    const aloneSeries = await seriesOf(alone, [few]);
    await measureSeries(aloneSeries[0]!, 1, WARM_UP_SECONDS);
    ceiling = new RawOrderServer({ bytesPerAnswer, status: '201' });
    const ceilingSeries = await seriesOf(ceiling, [many, few]);
    await measureSeries(ceilingSeries[0]!, 1, BARE_WARM_UP_SECONDS);
    floor = new RawClusterOrderServer({ bytesPerAnswer, status: '201', unpinned });
    const floorSeries = await seriesOf(floor, [many, few], microsOf(floor));
    await measureSeries(floorSeries[0]!, 1, BARE_WARM_UP_SECONDS);
    await appends?.start();
    const all = [...clusterSeries, ...aloneSeries, ...ceilingSeries, ...floorSeries];
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
    return clusterReport(options, subjects, [...notes, ...all.flatMap(notesOf)]);
  } catch (error) {
    log(nodes.logs());
    throw error;
  } finally {
    await load.stop();
    await appends?.stop();
    await floor?.stop();
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

/** The CPU time of each process. */
function microsOf(server: ClusterOrderServer | RawClusterOrderServer): Series['counters'] {
  return Object.fromEntries(PROCESS_NAMES.map((name) => [name, () => server.cpuMicrosOf(name)]));
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
