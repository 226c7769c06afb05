// The room that export files take: bounded in bytes for each caller and in all, and freed when
// their jobs are removed. Every node with the services has one on the same files.

import type { Logger } from 'pino';
import type { Clock, Timer } from '../../actors/clock.ts';
import type { ExportFiles } from '../../storage/ports/export-files.ts';
import type { JobStore } from '../../storage/ports/jobs.ts';
import { fileCursorOf, writesFile } from './export-cursor.ts';

const INTERVAL_MS = 5 * 60_000;
const PAGE_LENGTH = 100;

export interface ExportBounds {
  /** Of the exports of one caller. */
  readonly callerBytesMax: number;
  /** Of all exports. */
  readonly bytesMax: number;
  readonly exportsMax: number;
}

const BOUNDS: ExportBounds = {
  callerBytesMax: 1024 ** 3,
  bytesMax: 16 * 1024 ** 3,
  exportsMax: 10_000,
};

export interface ExportSpaceOptions {
  readonly files: ExportFiles;
  readonly jobs: Pick<JobStore, 'find' | 'list'>;
  readonly bounds?: ExportBounds;
  readonly clock: Clock;
  readonly log: Logger;
}

export class ExportSpace {
  readonly #options: ExportSpaceOptions;
  readonly #bounds: ExportBounds;
  /** As of the last look, with what was written here since. */
  #bytes = 0;
  #exports = 0;
  #timer: Timer | null = null;
  #looking: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(options: ExportSpaceOptions) {
    this.#options = options;
    this.#bounds = options.bounds ?? BOUNDS;
  }

  start(): void {
    this.#looking = this.#look();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    await this.#looking;
  }

  added(bytes: number): void {
    this.#bytes += bytes;
  }

  /** Whether there is room for more. Errors: `store-unavailable`. */
  async room(callerId: string): Promise<'free' | 'caller-full' | 'full'> {
    const { callerBytesMax, bytesMax, exportsMax } = this.#bounds;
    if (this.#bytes >= bytesMax || this.#exports >= exportsMax) return 'full';
    return (await this.#bytesOf(callerId)) >= callerBytesMax ? 'caller-full' : 'free';
  }

  /** Removes the files of jobs that are no more. Errors: `store-unavailable`. */
  async removeOrphans(): Promise<void> {
    const { files, jobs } = this.#options;
    let bytes = 0;
    let exports = 0;
    for (const stored of await files.list()) {
      if (this.#stopped) return;
      if ((await jobs.find(stored.id)) === null) {
        await files.remove(stored.id);
        continue;
      }
      bytes += stored.bytes;
      exports += 1;
    }
    this.#bytes = bytes;
    this.#exports = exports;
  }

  async #bytesOf(callerId: string): Promise<number> {
    let bytes = 0;
    let cursor: string | null = null;
    do {
      const page = await this.#options.jobs.list({ callerId }, { limit: PAGE_LENGTH, cursor });
      for (const job of page.items)
        if (writesFile(job.kind)) bytes += fileCursorOf(job)?.bytes ?? 0;
      cursor = page.nextCursor;
    } while (cursor !== null);
    return bytes;
  }

  /** Never rejects. */
  async #look(): Promise<void> {
    const { clock, log } = this.#options;
    try {
      await this.removeOrphans();
    } catch (error) {
      log.warn({ err: error }, 'exports of jobs that are no more could not be removed');
    }
    if (this.#stopped) return;
    this.#timer = clock.after(INTERVAL_MS, () => {
      this.#looking = this.#look();
    });
  }
}
