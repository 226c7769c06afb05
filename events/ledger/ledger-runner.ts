// Runs the ledger's writer again and again. Of several nodes one runs it, by a lease; two that run
// it for a moment do no harm, since commits are compared with the version that they go on from.

import type { Logger } from 'pino';
import type { Clock, Timer } from '../../actors/clock.ts';
import type { ConsumerLease } from '../off-loop/consumer-lease.ts';
import type { LedgerWriter } from './ledger-writer.ts';

/** Until a process asks again whether it is to write. */
const LEASE_POLL_MS = 1_000;
/** After a pass that failed. */
const RETRY_MS = 5_000;

export interface LedgerReport {
  /** Whether this process writes the ledger now. */
  readonly isWriting: boolean;
  /** Leaves that are missing. */
  readonly behind: number;
  /** For how long something was missing, or nothing could be written. */
  readonly lagMs: number;
  /** Leaves of `heads`. */
  readonly size: number;
  /** Trees that cannot go on. */
  readonly stuck: number;
}

export interface LedgerRunnerOptions {
  readonly writer: LedgerWriter;
  /** Null: this process alone runs the writer. */
  readonly lease: ConsumerLease | null;
  /** From one pass to the next, where all is in the ledger. */
  readonly intervalMs: () => number;
  /** Nothing is left to do until the next pass. */
  readonly onPassed: () => void;
  readonly clock: Clock;
  readonly log: Logger;
}

export class LedgerRunner {
  readonly #options: LedgerRunnerOptions;
  #timer: Timer | null = null;
  #running: Promise<void> = Promise.resolve();
  #stopped = false;
  #isWriting = false;
  #behind = 0;
  #size = 0;
  /** By the monotonic clock: when a pass last left nothing behind. */
  #completeAt: number;

  constructor(options: LedgerRunnerOptions) {
    this.#options = options;
    this.#completeAt = options.clock.monotonic();
  }

  start(): void {
    this.#schedule(0);
  }

  report(): LedgerReport {
    const { writer, clock } = this.#options;
    return {
      isWriting: this.#isWriting,
      behind: this.#behind,
      lagMs: clock.monotonic() - this.#completeAt,
      size: this.#size,
      stuck: writer.faults.length,
    };
  }

  /** Ends after the pass in progress and releases the lease. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    await this.#running;
    await this.#options.lease?.release();
  }

  #schedule(ms: number): void {
    if (this.#stopped) return;
    this.#timer = this.#options.clock.after(ms, () => {
      this.#running = this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#schedule(await this.#pass());
  }

  /** How long to wait then. */
  async #pass(): Promise<number> {
    const { writer, lease, clock, log, intervalMs, onPassed } = this.#options;
    try {
      this.#isWriting = (await lease?.hold()) ?? true;
      if (!this.#isWriting) {
        this.#completeAt = clock.monotonic();
        return LEASE_POLL_MS;
      }
      const beganAt = clock.monotonic();
      const { behind, size } = await writer.pass();
      this.#behind = behind;
      this.#size = size;
      if (behind > 0) return 0;
      this.#completeAt = beganAt;
      onPassed();
      return intervalMs();
    } catch (error) {
      log.error({ err: error }, 'the ledger could not be written');
      return RETRY_MS;
    }
  }
}
