// Asks the thread of projections.db for one slice of merging after the other until nothing is left
// (`row-merges.ts`). It gives way to the sale, as long as not too much waits to be merged.

import type { Pace } from '../../ports/pace.ts';
import type { SqliteThread } from '../thread/thread.ts';
import type { ProjectionsHandlers } from './projections-program.ts';
import { type SettledGeneration, settledGeneration } from './settled-generation.ts';

export interface RowMergerOptions {
  readonly writer: SqliteThread<ProjectionsHandlers>;
  /** Rows that one slice copies. */
  readonly sliceRows: number;
  readonly pace: Pace;
  /** Whether so many generations wait that merging is not to wait for the end of a sale. */
  readonly isUrgent: () => boolean;
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
    this.#options.pace.stop();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { writer, sliceRows, pace, isUrgent, onFinished, onFailed } = this.#options;
    try {
      while (this.#wanted) {
        await pace.giveWay(isUrgent);
        if (this.#stopped) return;
        this.#wanted = false;
        const step = await writer.submit('mergeSlice', sliceRows);
        if (step === null) continue;
        this.#wanted = true;
        if (step.finished !== null) onFinished(settledGeneration(step.finished));
      }
    } catch {
      // The rows stay readable where they are.
      onFailed();
    } finally {
      pace.rest();
    }
  }
}
