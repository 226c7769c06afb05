// People who buy at a steady rate on the load's core, whatever else happens to the server.

import { LOAD_CORE, PinnedProcess } from '../pinned-process.ts';
import type { PacedJob, PacedReport } from './paced-load.ts';

export class SteadyBuyers {
  readonly #load: PinnedProcess;

  constructor() {
    const script = new URL('./paced-load.ts', import.meta.url).pathname;
    this.#load = new PinnedProcess({ core: LOAD_CORE, args: [script] });
  }

  /** Resolves when they buy. */
  async start(job: PacedJob): Promise<void> {
    this.#load.write(JSON.stringify(job));
    await this.#load.line();
  }

  /** Since the report before. Throws where an order was refused. */
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
