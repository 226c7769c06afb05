// Controls the clients of one live server that all lose their connections and reconnect. The
// clients run in a process on the load's core; this class measures what the reconnects cost the
// server.

import type { MeasuredServer } from '../measure.ts';
import { LOAD_CORE, PinnedProcess } from '../pinned-process.ts';
import type { Sample } from '../scenario.ts';
import { atPercentile } from './latencies.ts';
import type {
  NotificationsReport,
  OpenReturners,
  ReturnersCommand,
  ReturnReport,
} from './live-returners.ts';

export class LiveCrowd {
  readonly #server: MeasuredServer;
  readonly #load: PinnedProcess;
  readonly #connections: number;

  constructor({ server, connections }: { server: MeasuredServer; connections: number }) {
    this.#server = server;
    this.#connections = connections;
    const script = new URL('./live-returners.ts', import.meta.url).pathname;
    this.#load = new PinnedProcess({ core: LOAD_CORE, args: [script] });
  }

  async open(command: OpenReturners): Promise<void> {
    await this.#request(command);
  }

  async lose(): Promise<void> {
    await this.#request({ type: 'lose' });
  }

  /** Resolves when every client has its snapshot and all missed notifications. */
  async return(): Promise<Sample> {
    const cpuMicros = this.#server.cpuMicros();
    const report = (await this.#request({ type: 'return' })) as ReturnReport;
    const cpuMicrosPerConnection = (this.#server.cpuMicros() - cpuMicros) / this.#connections;
    const returnMaxMs = atPercentile(report.returned, 100);
    const figures = {
      returnP50Ms: atPercentile(report.returned, 50),
      returnP99Ms: atPercentile(report.returned, 99),
      returnMaxMs,
      upgradeMaxMs: atPercentile(report.upgraded, 100),
      connectionsPerSecond: (this.#connections * 1000) / returnMaxMs,
      cpuMicrosPerConnection,
      turnedAway: report.turnedAway,
    };
    return { figures, latency: report.returned };
  }

  async expect(notifications: number): Promise<NotificationsReport> {
    return (await this.#request({ type: 'expect', notifications })) as NotificationsReport;
  }

  async stop(): Promise<void> {
    await this.#load.stop();
  }

  async #request(command: ReturnersCommand): Promise<unknown> {
    this.#load.write(JSON.stringify(command));
    return JSON.parse(await this.#load.line());
  }
}
