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
}

export interface MeasureOptions {
  readonly server: PinnedProcess;
  readonly plan: RequestPlan;
  readonly generator: Generator;
  readonly connections: number;
  readonly seconds: number;
  readonly warmUpSeconds: number;
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
    const [serverCpu, loadCpu] = [server.cpuMicros(), load.cpuMicros()];
    const result = await shoot(seconds);
    const serverMicros = server.cpuMicros() - serverCpu;
    return {
      ...result,
      generator,
      perSecond: result.answers / result.seconds,
      serverCpuMicrosPerAnswer: serverMicros / result.answers,
      serverCpuShare: serverMicros / 1e6 / result.seconds,
      loadCpuShare: (load.cpuMicros() - loadCpu) / 1e6 / result.seconds,
      residentBytesBefore,
      residentBytesAfter: server.residentBytes(),
    };
  } finally {
    await load.stop();
  }
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
