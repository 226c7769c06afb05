// One measurement: a load against a server, each on its own core, with the server's CPU time and memory from outside.

import type { LoadJob, LoadResult } from './load/saturating-load.ts';
import type { RequestPlan } from './load/request-plan.ts';
import { LOAD_CORE, PinnedProcess } from './pinned-process.ts';

export type Generator = 'autocannon' | 'saturating';

export interface Measurement extends LoadResult {
  readonly generator: Generator;
  readonly perSecond: number;
  readonly serverCpuMicrosPerAnswer: number;
  /** Share of one core, 0 to 1: who is near 1 is the limit. */
  readonly serverCpuShare: number;
  readonly loadCpuShare: number;
  readonly residentBytesBefore: number;
  readonly residentBytesAfter: number;
  /** By how much the further counters grew meanwhile. */
  readonly growth: Readonly<Record<string, number>>;
}

/** One process, or several that serve together. */
export interface MeasuredServer {
  cpuMicros(): number;
  residentBytes(): number;
}

export interface MeasureOptions {
  readonly server: MeasuredServer;
  readonly plan: RequestPlan;
  readonly generator: Generator;
  readonly connections: number;
  readonly seconds: number;
  readonly warmUpSeconds: number;
  /** Read when the measurement begins, and when it has ended. */
  readonly counters?: Readonly<Record<string, () => number | Promise<number>>>;
}

let runs = 0;

export async function measure(options: MeasureOptions): Promise<Measurement> {
  const { server, plan, connections, seconds, generator } = options;
  const script = new URL(`./load/${generator}-load.ts`, import.meta.url).pathname;
  const load = new PinnedProcess({ core: LOAD_CORE, args: [script] });
  const shoot = async (duration: number): Promise<LoadResult> => {
    runs += 1;
    const job: LoadJob = { plan, connections, seconds: duration, run: `${process.pid}-${runs}` };
    load.write(JSON.stringify(job));
    return JSON.parse(await load.line()) as LoadResult;
  };
  try {
    if (options.warmUpSeconds > 0) await shoot(options.warmUpSeconds);
    const residentBytesBefore = server.residentBytes();
    const countsBefore = await read(options.counters);
    const [serverCpu, loadCpu] = [server.cpuMicros(), load.cpuMicros()];
    const result = await shoot(seconds);
    const serverMicros = server.cpuMicros() - serverCpu;
    const loadMicros = load.cpuMicros() - loadCpu;
    const counts = await read(options.counters);
    return {
      ...result,
      generator,
      perSecond: result.answers / result.seconds,
      serverCpuMicrosPerAnswer: serverMicros / result.answers,
      serverCpuShare: serverMicros / 1e6 / result.seconds,
      loadCpuShare: loadMicros / 1e6 / result.seconds,
      residentBytesBefore,
      residentBytesAfter: server.residentBytes(),
      growth: Object.fromEntries(
        Object.entries(counts).map(([name, count]) => [name, count - countsBefore[name]!]),
      ),
    };
  } finally {
    await load.stop();
  }
}

async function read(counters: MeasureOptions['counters'] = {}): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const [name, count] of Object.entries(counters)) counts[name] = await count();
  return counts;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
