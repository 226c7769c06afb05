// A process with a search index, on a core of its own, and what it is asked to do.

import { PinnedProcess, SERVER_CORE } from '../pinned-process.ts';
import type { Kind } from './search-questions.ts';

export type SearchJob =
  | { readonly job: 'build' }
  | { readonly job: 'recall' }
  | { readonly job: 'memory' }
  | {
      readonly job: 'search';
      readonly kind: Kind | 'deep' | 'changing';
      readonly seed: number;
      readonly searches: number;
      /** No further search begins after them. */
      readonly seconds: number;
    };

/** Figures by name. */
export type SearchMeasured = Readonly<Record<string, number>>;

interface Answer {
  readonly measured?: SearchMeasured;
}

const SCRIPT = new URL('searched-index.ts', import.meta.url).pathname;

export class SearchProcess {
  readonly #process: PinnedProcess;

  /** `name`: `livedrops` or `bare`. */
  constructor(name: string, folder: string, products: number) {
    const args = [SCRIPT, name, folder, String(products)];
    this.#process = new PinnedProcess({ core: SERVER_CORE, args });
  }

  /** Resolves when the process is ready. */
  async start(): Promise<void> {
    await this.#process.line();
  }

  async run(job: SearchJob): Promise<SearchMeasured> {
    this.#process.write(JSON.stringify(job));
    for (;;) {
      const { measured } = JSON.parse(await this.#process.line()) as Answer;
      if (measured !== undefined) return measured;
    }
  }

  stop(): Promise<void> {
    return this.#process.stop();
  }
}
