// Makes one measurement: a load against a server, each on its own core. The kernel's accounting
// gives the server's CPU time and memory.

import { LoadProcess } from './load/load-process.ts';
import type { OpenLoopJob, OpenLoopResult } from './load/open-loop-load.ts';
import type { LoadJob, LoadResult } from './load/saturating-load.ts';
import type { RequestPlan } from './load/request-plan.ts';
import type { Figure, Sample } from './scenario.ts';

export type ClosedLoopGenerator = 'autocannon' | 'saturating';
/** A load with one request in flight on each connection. */
export type ClosedLoop = LoadProcess<LoadJob, LoadResult>;
/** A load that sends requests at a fixed rate. */
export type OpenLoop = LoadProcess<OpenLoopJob, OpenLoopResult>;

/** What a measurement used, by the kernel's accounting. */
export interface Cost {
  readonly serverCpuMicrosPerAnswer: number;
  /** Share of one core, 0 to 1. The process near 1 is the limit. */
  readonly serverCpuShare: number;
  readonly loadCpuShare: number;
}

export interface Measurement extends LoadResult, Cost {
  readonly generator: ClosedLoopGenerator;
  readonly perSecond: number;
  readonly residentBytesBefore: number;
  readonly residentBytesAfter: number;
  /** The growth of each further counter during the measurement. */
  readonly growth: Readonly<Record<string, number>>;
}

/** One process, or several processes that serve together. */
export interface MeasuredServer {
  cpuMicros(): number;
  residentBytes(): number;
}

export interface MeasureOptions {
  readonly server: MeasuredServer;
  readonly plan: RequestPlan;
  readonly generator: ClosedLoopGenerator;
  readonly connections: number;
  readonly seconds: number;
  readonly warmUpSeconds: number;
  /** A running load of that generator. Absent: a load that runs only for this measurement. */
  readonly load?: ClosedLoop;
  /** Read at the start and at the end of the measurement. */
  readonly counters?: Readonly<Record<string, () => number | Promise<number>>>;
}

export async function measure(options: MeasureOptions): Promise<Measurement> {
  if (options.load !== undefined) return await measureWith(options.load, options);
  const load: ClosedLoop = new LoadProcess(options);
  try {
    return await measureWith(load, options);
  } finally {
    await load.stop();
  }
}

async function measureWith(load: ClosedLoop, options: MeasureOptions): Promise<Measurement> {
  const { server, plan, connections, seconds, warmUpSeconds, generator } = options;
  if (warmUpSeconds > 0) await load.run({ plan, connections, seconds: warmUpSeconds });
  const residentBytesBefore = server.residentBytes();
  const countsBefore = await read(options.counters);
  const { result, cost } = await costOf(server, load, { plan, connections, seconds });
  const counts = await read(options.counters);
  return {
    ...result,
    ...cost,
    generator,
    perSecond: result.answers / result.seconds,
    residentBytesBefore,
    residentBytesAfter: server.residentBytes(),
    growth: Object.fromEntries(
      Object.entries(counts).map(([name, count]) => [name, count - countsBefore[name]!]),
    ),
  };
}

/** Runs a warm load and measures its cost. */
export async function costOf<
  Job extends { readonly run: string },
  Result extends Pick<LoadResult, 'seconds' | 'answers' | 'cpuMicros'>,
>(
  server: MeasuredServer,
  load: LoadProcess<Job, Result>,
  job: Omit<Job, 'run'>,
): Promise<{ result: Result; cost: Cost }> {
  const serverCpu = server.cpuMicros();
  const result = await load.run(job);
  const serverMicros = server.cpuMicros() - serverCpu;
  const cost = {
    serverCpuMicrosPerAnswer: serverMicros / result.answers,
    serverCpuShare: serverMicros / 1e6 / result.seconds,
    loadCpuShare: result.cpuMicros / 1e6 / result.seconds,
  };
  return { result, cost };
}

async function read(counters: MeasureOptions['counters'] = {}): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const [name, count] of Object.entries(counters)) counts[name] = await count();
  return counts;
}

/** How busy both cores were: the one near 100 % is the limit. */
export const CORE_FIGURES: readonly Figure[] = [
  { key: 'serverPercent', label: 'server of its core', unit: '%', better: 'neither', digits: 0 },
  { key: 'loadPercent', label: 'load of its core', unit: '%', better: 'neither', digits: 0 },
];

/** The figures that `sampleOf` returns. */
export const ORDER_FIGURES: readonly Figure[] = [
  { key: 'perSecond', label: 'answers', unit: 'orders/s', better: 'more', digits: 0 },
  { key: 'p50Ms', label: 'p50', unit: 'ms', better: 'less', digits: 2 },
  { key: 'p99Ms', label: 'p99', unit: 'ms', better: 'less', digits: 2 },
  { key: 'cpuMicros', label: 'server CPU', unit: 'µs', better: 'less', digits: 1 },
  ...CORE_FIGURES,
];

/** A sample with the figures of `ORDER_FIGURES`. */
export function sampleOf(
  measured: Cost & Pick<Measurement, 'perSecond' | 'p50Ms' | 'p99Ms'> & Pick<LoadResult, 'latency'>,
): Sample {
  const { perSecond, p50Ms, p99Ms, latency } = measured;
  return {
    figures: {
      perSecond,
      p50Ms,
      p99Ms,
      cpuMicros: measured.serverCpuMicrosPerAnswer,
      serverPercent: measured.serverCpuShare * 100,
      loadPercent: measured.loadCpuShare * 100,
    },
    latency,
  };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
