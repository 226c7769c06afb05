// A server of live frames and the processes that hold its subscribers, the one on a core and the
// others on another, and what one delivery costs them.

import type { MeasuredServer } from '../measure.ts';
import { LOAD_CORE, PinnedProcess } from '../pinned-process.ts';
import type { LatencyPoint } from '../scenario.ts';
import { Latencies } from './latencies.ts';
import type {
  AskedAt,
  LiveLoadCommand,
  LiveReport,
  OpenCommand,
  SayCommand,
} from './live-subscribers.ts';

const SCRIPT = new URL('./live-subscribers.ts', import.meta.url).pathname;

/** What all of the processes report together. */
export interface JoinedReport extends Omit<LiveReport, 'frame' | 'change'> {
  readonly frame: readonly LatencyPoint[];
  readonly change: readonly LatencyPoint[];
}

export interface Delivery extends JoinedReport {
  readonly cpuMicrosPerFrame: number;
  /** Shares of one core, 0 to 1: who is near 1 is the limit. */
  readonly serverCpuShare: number;
  readonly loadCpuShare: number;
}

export class LiveStage {
  readonly #server: MeasuredServer;
  readonly #loads: PinnedProcess[] = [];

  constructor({ server }: { server: MeasuredServer }) {
    this.#server = server;
  }

  /**
   * Each in a process of its own, one after the other. Resolves to how many were opened and
   * subscribed in a second.
   */
  async open(commands: readonly OpenCommand[]): Promise<number> {
    let connections = 0;
    let ms = 0;
    for (const command of commands) {
      const load = new PinnedProcess({ core: LOAD_CORE, args: [SCRIPT] });
      this.#loads.push(load);
      const startedAt = performance.now();
      await ask(load, command);
      ms += performance.now() - startedAt;
      connections += command.connections;
    }
    return (connections * 1000) / ms;
  }

  /** Resolves when every connection has been answered. */
  async say(command: SayCommand): Promise<void> {
    await this.#askAll(command);
  }

  /**
   * From before the change is asked for until everybody has it. Throws where a connection was lost.
   */
  async deliver(change: () => Promise<AskedAt>): Promise<Delivery> {
    await this.#askAll({ type: 'measure' });
    const startedAt = performance.now();
    const [serverCpu, loadCpu] = [this.#server.cpuMicros(), this.#loadCpuMicros()];
    const askedAt = await change();
    const reports = await this.#askAll({ type: 'report', askedAt });
    const report = joinedReport(reports as readonly LiveReport[]);
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

  #askAll(command: LiveLoadCommand): Promise<unknown[]> {
    return Promise.all(this.#loads.map((load) => ask(load, command)));
  }
}

async function ask(load: PinnedProcess, command: LiveLoadCommand): Promise<unknown> {
  load.write(JSON.stringify(command));
  return JSON.parse(await load.line());
}

export function joinedReport(reports: readonly LiveReport[]): JoinedReport {
  const [frame, change] = [new Latencies(), new Latencies()];
  for (const report of reports) {
    frame.join(report.frame);
    change.join(report.change);
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
