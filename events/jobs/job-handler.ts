// What a kind of job does: one small step at a time, each from a stored position.

import type { Job, JobKind } from '../../contracts/jobs.ts';
import type { JobStep } from './job.ts';

export interface JobHandler {
  readonly kind: JobKind;
  /** Jobs of the kind that one process runs at once. */
  readonly concurrency: number;
  /** False: its steps wait for others, so it goes on at once after each. Default: it rests. */
  readonly rests?: boolean;
  /**
   * Does the next step: some tens of milliseconds of work. The step of a process that crashed is
   * done again, so it has the effect of one. Stops early where `signal` is aborted: then another
   * process may already run the job. Errors: JobStepError; anything else is retried.
   */
  step(job: Job, signal: AbortSignal): Promise<JobStep>;
  /** This process no longer runs the job: what its steps hold in memory is let go. Never throws. */
  left?(jobId: string): void;
}

/** A step that failed, with what the caller may read of it. */
export class JobStepError extends Error {
  readonly code = 'job-step-failed';
  /** The least time until the next attempt, such as a Retry-After; null: by back-off alone. */
  readonly retryAfterMs: number | null;
  /** Repeating it cannot help. */
  readonly isFinal: boolean;

  constructor(
    message: string,
    {
      retryAfterMs = null,
      isFinal = false,
    }: { retryAfterMs?: number | null; isFinal?: boolean } = {},
  ) {
    super(message);
    this.retryAfterMs = retryAfterMs;
    this.isFinal = isFinal;
  }
}
