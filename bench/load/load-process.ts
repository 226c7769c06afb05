// Runs a load generator as a process on the load's core. One process may serve many measurements,
// so that its code is compiled before the measurement.

import { LOAD_CORE, PinnedProcess } from '../pinned-process.ts';

/** The scripts `*-load.ts` in this folder. */
export type Generator = 'autocannon' | 'saturating' | 'open-loop' | 'follow';

let runs = 0;

export class LoadProcess<Job extends { readonly run: string }, Result> {
  readonly #process: PinnedProcess;

  constructor({ generator }: { readonly generator: Generator }) {
    const script = new URL(`./${generator}-load.ts`, import.meta.url).pathname;
    this.#process = new PinnedProcess({ core: LOAD_CORE, args: [script] });
  }

  /** Runs one job with idempotency keys that no other run uses. */
  async run(job: Omit<Job, 'run'>): Promise<Result> {
    runs += 1;
    this.#process.write(JSON.stringify({ ...job, run: `${process.pid}-${runs}` }));
    return JSON.parse(await this.#process.line()) as Result;
  }

  stop(): Promise<void> {
    return this.#process.stop();
  }
}
