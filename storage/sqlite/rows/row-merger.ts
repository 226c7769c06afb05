// Asks the thread of projections.db for one slice of merging after the other until nothing is left
// (`row-merges.ts`). After a slice it waits for several times what the slice took, so that merging
// takes a small part of the thread, and less of it when orders keep the thread busy.

import type { SqliteThread } from '../thread/thread.ts';
import type { ProjectionsHandlers } from './projections-program.ts';
import { type SettledGeneration, settledGeneration } from './settled-generation.ts';

const PAUSE_PER_SLICE = 4;
const PAUSE_MS_MAX = 100;

export interface RowMergerOptions {
  readonly writer: SqliteThread<ProjectionsHandlers>;
  /** Rows that one slice copies. */
  readonly sliceRows: number;
  /** Called before the generations that were merged may be deleted. */
  readonly onFinished: (merged: SettledGeneration) => void;
  /** A slice failed: a merge may have become readable without `onFinished`. */
  readonly onFailed: () => void;
}

export class RowMerger {
  readonly #options: RowMergerOptions;
  #running: Promise<void> | null = null;
  #wanted = false;
  #stopped = false;
  #endPause: (() => void) | null = null;

  constructor(options: RowMergerOptions) {
    this.#options = options;
  }

  /**
   * Generations were added: merges what is due. After `onFailed`, call it only once the list of
   * generations was loaded again.
   */
  start(): void {
    this.#wanted = true;
    if (this.#running !== null || this.#stopped) return;
    this.#running = this.#run().finally(() => {
      this.#running = null;
    });
  }

  /** Resolves when nothing is left to merge or a slice failed. */
  async merged(): Promise<void> {
    await this.#running;
  }

  /** Stops after the present slice. The merge goes on when the file is opened again. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#endPause?.();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { writer, sliceRows, onFinished, onFailed } = this.#options;
    try {
      while (this.#wanted && !this.#stopped) {
        const startedAt = performance.now();
        this.#wanted = false;
        const step = await writer.submit('mergeSlice', sliceRows);
        if (step === null) continue;
        this.#wanted = true;
        if (step.finished !== null) onFinished(settledGeneration(step.finished));
        await this.#pause((performance.now() - startedAt) * PAUSE_PER_SLICE);
      }
    } catch {
      // The rows stay readable where they are.
      onFailed();
    }
  }

  async #pause(ms: number): Promise<void> {
    if (this.#stopped) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, Math.min(ms, PAUSE_MS_MAX));
      this.#endPause = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#endPause = null;
  }
}
