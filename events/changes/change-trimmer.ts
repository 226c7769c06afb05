// Trims the change stream behind its consumers. Records that all consumers have consumed are
// removed, except the newest ones, which outside systems read (decision 029). The stream's own
// bound (CHANGES_KEPT_MAX) holds independently of consumers. Any process may trim, and several may
// at once.

import type { Logger } from 'pino';
import type { Clock, Timer } from '../../actors/clock.ts';
import type { ChangeStream } from '../../storage/ports/change-stream.ts';
import type { ConsumerPositions } from '../../storage/ports/consumer-positions.ts';
import { positionsName } from './change-consumer.ts';

/** The newest records that stay for outside systems, over all buckets, in equal shares. */
export const CHANGES_KEPT_MIN = 100_000;
const TRIM_INTERVAL_MS = 60_000;

export interface ChangeTrimmerOptions {
  readonly changes: ChangeStream;
  readonly positions: ConsumerPositions;
  /** The names of all consumers with stored positions, in any process. */
  readonly consumers: readonly string[];
  readonly clock: Clock;
  readonly log: Logger;
  /** `CHANGES_KEPT_MIN` unless given. */
  readonly keptMin?: number;
}

export class ChangeTrimmer {
  readonly #options: ChangeTrimmerOptions;
  #timer: Timer | null = null;
  #running: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(options: ChangeTrimmerOptions) {
    this.#options = options;
  }

  start(): void {
    this.#timer = this.#options.clock.after(TRIM_INTERVAL_MS, () => {
      this.#running = this.#trimAndGoOn();
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    await this.#running;
  }

  /** Errors: `store-unavailable`. */
  async trim(): Promise<void> {
    const { changes, positions, consumers, keptMin = CHANGES_KEPT_MIN } = this.#options;
    const share = Math.ceil(keptMin / changes.bucketCount);
    for (let bucket = 0; bucket < changes.bucketCount && !this.#stopped; bucket++) {
      const { last, trimmed } = await changes.head(bucket);
      let through = last - share;
      for (const consumer of consumers) {
        if (through <= trimmed) break;
        const position = await positions.load(positionsName(consumer), bucket);
        // By the record at its position a consumer recognises the stream (`ChangeRunner`).
        through = Math.min(through, position - 1);
      }
      if (through > trimmed) await changes.trim(bucket, through);
    }
  }

  async #trimAndGoOn(): Promise<void> {
    try {
      await this.trim();
    } catch (error) {
      this.#options.log.warn({ err: error }, 'the change stream could not be trimmed');
    }
    if (!this.#stopped) this.start();
  }
}
