// Controls a process of buyers who order at a steady rate, on the load's core.

import { LOAD_CORE, PinnedProcess } from '../pinned-process.ts';
import type { PacedJob, PacedReport } from './paced-load.ts';

export class SteadyBuyers {
  readonly #load: PinnedProcess;

  constructor() {
    const script = new URL('./paced-load.ts', import.meta.url).pathname;
    this.#load = new PinnedProcess({ core: LOAD_CORE, args: [script] });
  }

  /** Resolves when every drop has sold a unit. */
  async start(job: PacedJob): Promise<void> {
    this.#load.write(JSON.stringify(job));
    await this.#load.line();
  }

  /** The results since the previous report. Throws if an order was refused. */
  async report(): Promise<PacedReport> {
    this.#load.write('report');
    const report = JSON.parse(await this.#load.line()) as PacedReport;
    const refused = Object.keys(report.statuses).filter((status) => status !== '201');
    if (refused.length > 0) throw new Error(`orders were answered ${refused.join(', ')}`);
    return report;
  }

  async stop(): Promise<void> {
    await this.#load.stop();
  }
}
