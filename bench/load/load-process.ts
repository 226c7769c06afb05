// Runs a load generator as a process on the load's core. One process may serve many measurements,
// so that its code is compiled before the measurement.

import { LOAD_CORE, PinnedProcess } from '../pinned-process.ts';

/** The scripts `*-load.ts` in this folder. */
export type Generator = 'autocannon' | 'saturating' | 'open-loop' | 'follow' | 'upload';

let runs = 0;

export class LoadProcess<Job extends { readonly run: string }, Result> {
  readonly #process: PinnedProcess;

  /** `nice`: of a load that is beside the one that is measured. */
  constructor({ generator, nice }: { readonly generator: Generator; readonly nice?: number }) {
    const script = new URL(`./${generator}-load.ts`, import.meta.url).pathname;
    this.#process = new PinnedProcess({
      core: LOAD_CORE,
      args: [script],
      ...(nice !== undefined && { nice }),
    });
  }

  /**
   * Runs one job with idempotency keys that no other run uses. Rejects where it takes longer than
   * `waitMs`, by default a minute.
   */
  async run(job: Omit<Job, 'run'>, waitMs?: number): Promise<Result> {
    runs += 1;
    this.#process.write(JSON.stringify({ ...job, run: `${process.pid}-${runs}` }));
    return JSON.parse(await this.#process.line(waitMs)) as Result;
  }

  stop(): Promise<void> {
    return this.#process.stop();
  }
}
