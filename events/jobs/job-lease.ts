// The lease of one job that runs here: renewed while it lasts, and aborted as soon as another node
// may run the job. Every write compares the token: what a runner does after its lease went to
// another one is not stored.

import type { Logger } from 'pino';
import type { Clock, Timer } from '../../actors/clock.ts';
import type { Job } from '../../contracts/jobs.ts';
import type { JobStore } from '../../storage/ports/jobs.ts';
import { JOB_LEASE_MS, released, renewed } from './job.ts';

const RENEW_INTERVAL_MS = JOB_LEASE_MS / 3;
/** The lease counts as ended that much earlier here than for others: clocks differ. */
const MARGIN_MS = 2_000;
/** How often a change is made anew where somebody cancelled the job at the same moment. */
const TRIES_MAX = 5;

export interface JobLeaseOptions {
  readonly jobs: JobStore;
  readonly job: Job;
  readonly abort: AbortController;
  readonly clock: Clock;
  readonly log: Logger;
}

export class JobLease {
  readonly #options: JobLeaseOptions;
  #job: Job;
  #endsAt: number;
  #timer: Timer;
  /** One write at a time: a renewal and a step would take each other's revision. */
  #writes: Promise<unknown> = Promise.resolve();

  constructor(options: JobLeaseOptions) {
    this.#options = options;
    this.#job = options.job;
    this.#endsAt = this.#freshEnd();
    this.#timer = this.#renewLater();
  }

  /** As it was stored last. */
  get job(): Job {
    return this.#job;
  }

  /** Gives the job back. Errors: `store-unavailable`. */
  async release(): Promise<void> {
    if (this.#job.state !== 'running') return;
    await this.change((job) => released(job, this.#options.clock.now()));
  }

  /** Stores the next state. Aborts where the lease is lost. Errors: `store-unavailable`. */
  async change(successor: (job: Job) => Job): Promise<void> {
    const write = this.#writes.then(() => this.#change(successor));
    this.#writes = write.catch(() => undefined);
    await write;
  }

  end(): void {
    this.#timer.cancel();
  }

  async #change(successor: (job: Job) => Job): Promise<void> {
    const { jobs, abort } = this.#options;
    let stored: Job | null = this.#job;
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      if (stored === null || stored.token !== this.#job.token || stored.state !== 'running') break;
      const endsAt = this.#freshEnd();
      const changed = successor(stored);
      if (await jobs.replace(changed)) {
        this.#job = changed;
        this.#endsAt = endsAt;
        return;
      }
      stored = await jobs.find(this.#job.id);
    }
    abort.abort();
  }

  #freshEnd(): number {
    return this.#options.clock.monotonic() + JOB_LEASE_MS - MARGIN_MS;
  }

  #renewLater(): Timer {
    return this.#options.clock.after(RENEW_INTERVAL_MS, () => void this.#renew());
  }

  /** Never rejects. */
  async #renew(): Promise<void> {
    const { clock, abort, log } = this.#options;
    if (abort.signal.aborted || this.#job.state !== 'running') return;
    this.#timer = this.#renewLater();
    try {
      await this.change((job) => renewed(job, clock.now()));
    } catch (error) {
      log.warn({ err: error, jobId: this.#job.id }, 'the lease of a job was not renewed');
      if (clock.monotonic() >= this.#endsAt) abort.abort();
    }
  }
}
