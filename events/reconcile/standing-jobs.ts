// The standing jobs of reconciliation: made where there are none, such as in a new store, or some
// days after one was cancelled.

import type { Logger } from 'pino';
import type { Clock, Timer } from '../../actors/clock.ts';
import { RECONCILE_KINDS, reconcileJobId } from '../../contracts/reconcile.ts';
import type { JobQueue } from '../jobs/job-queue.ts';

const CHECK_INTERVAL_MS = 10 * 60_000;
/** The first pass of a new store. */
const FIRST_PASS_AFTER_MS = 60 * 60_000;
const CALLER_ID = 'livedrops';

export interface StandingJobsOptions {
  readonly queue: JobQueue;
  readonly clock: Clock;
  readonly log: Logger;
}

export class StandingJobs {
  readonly #options: StandingJobsOptions;
  #timer: Timer | null = null;
  #making: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(options: StandingJobsOptions) {
    this.#options = options;
  }

  start(): void {
    this.#making = this.#make();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    await this.#making;
  }

  /** Never rejects. */
  async #make(): Promise<void> {
    const { queue, clock, log } = this.#options;
    try {
      for (const kind of RECONCILE_KINDS)
        await queue.add({
          id: reconcileJobId(kind),
          kind: 'reconcile',
          callerId: CALLER_ID,
          subject: kind,
          params: { kind },
          total: null,
          delayMs: FIRST_PASS_AFTER_MS,
        });
    } catch (error) {
      log.warn({ err: error }, 'the jobs of reconciliation could not be stored');
    }
    if (!this.#stopped) this.#timer = clock.after(CHECK_INTERVAL_MS, () => this.start());
  }
}
