// A server of live frames and the process that holds its subscribers, each on its core, and what
// one delivery costs them.

import type { MeasuredServer } from '../measure.ts';
import { LOAD_CORE, PinnedProcess } from '../pinned-process.ts';
import type {
  AskedAt,
  LiveLoadCommand,
  LiveReport,
  OpenCommand,
  SayCommand,
} from './live-subscribers.ts';

export interface Delivery extends LiveReport {
  readonly cpuMicrosPerFrame: number;
  /** Shares of one core, 0 to 1: who is near 1 is the limit. */
  readonly serverCpuShare: number;
  readonly loadCpuShare: number;
}

export class LiveStage {
  readonly #server: MeasuredServer;
  readonly #load: PinnedProcess;

  constructor({ server }: { server: MeasuredServer }) {
    this.#server = server;
    const script = new URL('./live-subscribers.ts', import.meta.url).pathname;
    this.#load = new PinnedProcess({ core: LOAD_CORE, args: [script] });
  }

  /** Resolves to how many were opened and subscribed in a second. */
  async open(command: OpenCommand): Promise<number> {
    const startedAt = performance.now();
    await this.#ask(command);
    return (command.connections * 1000) / (performance.now() - startedAt);
  }

  /** Resolves when every connection has been answered. */
  async say(command: SayCommand): Promise<void> {
    await this.#ask(command);
  }

  /**
   * From before the change is asked for until everybody has it. Throws where a connection was lost.
   */
  async deliver(change: () => Promise<AskedAt>): Promise<Delivery> {
    await this.#ask({ type: 'measure' });
    const startedAt = performance.now();
    const [serverCpu, loadCpu] = [this.#server.cpuMicros(), this.#load.cpuMicros()];
    const askedAt = await change();
    const report = (await this.#ask({ type: 'report', askedAt })) as LiveReport;
    const micros = (performance.now() - startedAt) * 1000;
    const serverMicros = this.#server.cpuMicros() - serverCpu;
    if (report.closed > 0) throw new Error(`the server closed ${report.closed} connections`);
    return {
      ...report,
      cpuMicrosPerFrame: serverMicros / report.frames,
      serverCpuShare: serverMicros / micros,
      loadCpuShare: (this.#load.cpuMicros() - loadCpu) / micros,
    };
  }

  async close(): Promise<void> {
    await this.#load.stop();
  }

  async #ask(command: LiveLoadCommand): Promise<unknown> {
    this.#load.write(JSON.stringify(command));
    return JSON.parse(await this.#load.line());
  }
}
