// Runs the archiver again and again. Of several nodes one runs it, by a lease. Two that run it for
// a moment do no harm: each segment can be written once.

import type { Clock, Timer } from '../../actors/clock.ts';
import type { ConsumerLease } from '../off-loop/consumer-lease.ts';
import type { Archiver } from './archiver.ts';

const EXPIRE_INTERVAL_MS = 60 * 60 * 1000;

export interface ArchiveRunnerOptions {
  readonly archiver: Archiver;
  /** Null: this process alone runs the archiver. */
  readonly lease: ConsumerLease | null;
  /** From the end of one pass to the next. */
  readonly intervalMs: number;
  /** Nothing is left to do until the next pass. */
  readonly onPassed: () => void;
  readonly clock: Clock;
}

export class ArchiveRunner {
  readonly #options: ArchiveRunnerOptions;
  #timer: Timer | null = null;
  #running: Promise<void> = Promise.resolve();
  #expiredAt = -Infinity;
  #stopped = false;
  readonly #isAllowed = async (): Promise<boolean> =>
    !this.#stopped && ((await this.#options.lease?.hold()) ?? true);

  constructor(options: ArchiveRunnerOptions) {
    this.#options = options;
  }

  start(): void {
    if (this.#stopped) return;
    const { clock, intervalMs } = this.#options;
    this.#timer = clock.after(intervalMs, () => {
      this.#running = this.#run().finally(() => this.start());
    });
  }

  /** Ends after the shard in progress and releases the lease. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    await this.#running;
    await this.#options.lease?.release();
  }

  /** Never rejects: the archiver logs what fails. */
  async #run(): Promise<void> {
    const { archiver, clock, onPassed } = this.#options;
    await archiver.pass(this.#isAllowed);
    onPassed();
    if (clock.monotonic() - this.#expiredAt < EXPIRE_INTERVAL_MS) return;
    this.#expiredAt = clock.monotonic();
    await archiver.expire(this.#isAllowed);
  }
}
