// Where jobs come from: whoever has long work queues it here, once for each id.

import { activeTrace } from '../../actors/tracing/active-trace.ts';
import type { Job } from '../../contracts/jobs.ts';
import type { Outcome } from '../../contracts/refusals.ts';
import { refusal, success } from '../../domain/refusal.ts';
import type { JobBounds, JobStore } from '../../storage/ports/jobs.ts';
import { type NewJob, queuedJob, retryRequested } from './job.ts';

/** Unfinished jobs, unless other bounds are given. */
export const JOB_BOUNDS: JobBounds = { ofKindMax: 10_000, ofCallerMax: 20 };

/** How often a job is hurried anew where it changed at the same moment. */
const HURRY_TRIES_MAX = 5;

export interface JobQueueOptions {
  readonly jobs: JobStore;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  /** Whether jobs continue the traces that they were made in; false unless given. */
  readonly isTracing?: boolean;
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
    const { jobs, now, isTracing = false } = this.#options;
    const traceparent = isTracing ? activeTrace()?.traceparent : undefined;
    const queued = queuedJob({ ...job, ...(traceparent !== undefined && { traceparent }) }, now());
    const added = await jobs.add(queued, bounds);
    if (added === 'full')
      return refusal('overloaded', `At most ${bounds.ofCallerMax} jobs of a user wait or run.`);
    if (added === 'exists')
      return { ok: true, value: (await jobs.find(job.id)) ?? queued, replayed: true };
    for (const listener of this.#listeners) listener();
    return success(queued);
  }

  /**
   * Has a job that waits for its next step do it now, and one that failed or was cancelled go on.
   * `running`: it does a step, and may wait again without a look at what the caller has for it.
   * `none`: there is none, or it is done. Errors: `store-unavailable`.
   */
  async hurry(jobId: string): Promise<'hurried' | 'running' | 'none'> {
    const { jobs, now } = this.#options;
    for (let tries = 0; tries < HURRY_TRIES_MAX; tries++) {
      const job = await jobs.find(jobId);
      if (job === null || job.state === 'done') return 'none';
      const hurried = retryRequested(job, now());
      if (hurried === null) return job.state === 'queued' ? 'hurried' : 'running';
      if (!(await jobs.replace(hurried))) continue;
      for (const listener of this.#listeners) listener();
      return 'hurried';
    }
    return 'running';
  }

  /** Calls the listener after each job that this process makes due. */
  onAdded(listener: () => void): void {
    this.#listeners.add(listener);
  }
}
