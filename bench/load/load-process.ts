// A load generator in a process of its own on the load's core. It may outlive many measurements, so
// that its code is compiled when it counts.

import { LOAD_CORE, PinnedProcess } from '../pinned-process.ts';

/** The scripts beside this file, by their first word. */
export type Generator = 'autocannon' | 'saturating' | 'open-loop' | 'follow';

let runs = 0;

export class LoadProcess<Job extends { readonly run: string }, Result> {
  readonly #process: PinnedProcess;

  constructor({ generator }: { readonly generator: Generator }) {
    const script = new URL(`./${generator}-load.ts`, import.meta.url).pathname;
    this.#process = new PinnedProcess({ core: LOAD_CORE, args: [script] });
  }

  /** Under keys that no other run has. */
  async run(job: Omit<Job, 'run'>): Promise<Result> {
    runs += 1;
    this.#process.write(JSON.stringify({ ...job, run: `${process.pid}-${runs}` }));
    return JSON.parse(await this.#process.line()) as Result;
  }

  stop(): Promise<void> {
    return this.#process.stop();
  }
}
