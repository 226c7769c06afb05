// Where jobs come from: whoever has long work queues it here, once for each id.

import type { Job } from '../../contracts/jobs.ts';
import type { Outcome } from '../../contracts/refusals.ts';
import { refusal, success } from '../../domain/refusal.ts';
import type { JobBounds, JobStore } from '../../storage/ports/jobs.ts';
import { type NewJob, queuedJob } from './job.ts';

/** Unfinished jobs, unless other bounds are given. */
export const JOB_BOUNDS: JobBounds = { ofKindMax: 10_000, ofCallerMax: 20 };

export interface JobQueueOptions {
  readonly jobs: JobStore;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
}

export class JobQueue {
  readonly #options: JobQueueOptions;
  readonly #listeners = new Set<() => void>();

  constructor(options: JobQueueOptions) {
    this.#options = options;
  }

  /**
   * The job is durable when this resolves. An id that is stored already gives the stored job, and
   * `replayed`. `overloaded` where a bound is reached. Errors: `store-unavailable`.
   */
  async add(job: NewJob, bounds: JobBounds = JOB_BOUNDS): Promise<Outcome<Job>> {
    const { jobs, now } = this.#options;
    const queued = queuedJob(job, now());
    const added = await jobs.add(queued, bounds);
    if (added === 'full')
      return refusal('overloaded', `At most ${bounds.ofCallerMax} jobs of a user wait or run.`);
    if (added === 'exists')
      return { ok: true, value: (await jobs.find(job.id)) ?? queued, replayed: true };
    for (const listener of this.#listeners) listener();
    return success(queued);
  }

  /** Calls the listener after each new job of this process. */
  onAdded(listener: () => void): void {
    this.#listeners.add(listener);
  }
}
