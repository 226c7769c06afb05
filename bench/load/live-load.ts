// Controls the processes that hold the subscribers of one live server, and measures deliveries. The
// server and the subscribers run on different cores.

import type { MeasuredServer } from '../measure.ts';
import { LOAD_CORE, PinnedProcess } from '../pinned-process.ts';
import type { LatencyPoint } from '../scenario.ts';
import { Latencies } from './latencies.ts';
import type {
  RequestTimes,
  LiveLoadCommand,
  LiveReport,
  OpenCommand,
  SendCommand,
} from './live-subscribers.ts';

const SCRIPT = new URL('./live-subscribers.ts', import.meta.url).pathname;

/** The merged report of all processes. */
export interface MergedReport extends Omit<LiveReport, 'frame' | 'change'> {
  readonly frame: readonly LatencyPoint[];
  readonly change: readonly LatencyPoint[];
}

export interface Delivery extends MergedReport {
  readonly cpuMicrosPerFrame: number;
  /** Shares of one core, 0 to 1. The side near 1 is the limit. */
  readonly serverCpuShare: number;
  readonly loadCpuShare: number;
}

export class LiveLoad {
  readonly #server: MeasuredServer;
  readonly #loads: PinnedProcess[] = [];

  constructor({ server }: { server: MeasuredServer }) {
    this.#server = server;
  }

  /**
   * Starts one process for each command. Resolves to connections opened and subscribed a second.
   */
  async open(commands: readonly OpenCommand[]): Promise<number> {
    let connections = 0;
    let ms = 0;
    for (const command of commands) {
      const load = new PinnedProcess({ core: LOAD_CORE, args: [SCRIPT] });
      this.#loads.push(load);
      const startedAt = performance.now();
      await request(load, command);
      ms += performance.now() - startedAt;
      connections += command.connections;
    }
    return (connections * 1000) / ms;
  }

  /** Sends a message on every connection. Resolves when every connection has its answer. */
  async say(command: SendCommand): Promise<void> {
    await this.#requestAll(command);
  }

  /**
   * Measures from before `change` is called until every subscriber has the last version. Throws if
   * a connection was lost.
   */
  async deliver(change: () => Promise<RequestTimes>): Promise<Delivery> {
    await this.#requestAll({ type: 'measure' });
    const startedAt = performance.now();
    const [serverCpu, loadCpu] = [this.#server.cpuMicros(), this.#loadCpuMicros()];
    const requestedAt = await change();
    const reports = await this.#requestAll({ type: 'report', requestedAt });
    const report = mergedReport(reports as readonly LiveReport[]);
    const micros = (performance.now() - startedAt) * 1000;
    const serverMicros = this.#server.cpuMicros() - serverCpu;
    if (report.closed > 0) throw new Error(`the server closed ${report.closed} connections`);
    return {
      ...report,
      cpuMicrosPerFrame: serverMicros / report.frames,
      serverCpuShare: serverMicros / micros,
      loadCpuShare: (this.#loadCpuMicros() - loadCpu) / micros,
    };
  }

  async close(): Promise<void> {
    await Promise.all(this.#loads.map((load) => load.stop()));
  }

  #loadCpuMicros(): number {
    return this.#loads.reduce((sum, load) => sum + load.cpuMicros(), 0);
  }

  #requestAll(command: LiveLoadCommand): Promise<unknown[]> {
    return Promise.all(this.#loads.map((load) => request(load, command)));
  }
}

async function request(load: PinnedProcess, command: LiveLoadCommand): Promise<unknown> {
  load.write(JSON.stringify(command));
  return JSON.parse(await load.line());
}

export function mergedReport(reports: readonly LiveReport[]): MergedReport {
  const [frame, change] = [new Latencies(), new Latencies()];
  for (const report of reports) {
    frame.merge(report.frame);
    change.merge(report.change);
  }
  const sum = (of: (report: LiveReport) => number) =>
    reports.reduce((total, report) => total + of(report), 0);
  const frames = sum((report) => report.frames);
  return {
    frames,
    frameBytes: sum((report) => report.frames * report.frameBytes) / frames,
    frame: frame.points(),
    change: change.points(),
    steppedBack: sum((report) => report.steppedBack),
    missed: sum((report) => report.missed),
    closed: sum((report) => report.closed),
  };
}
