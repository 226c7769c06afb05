// What becomes of a job: pure steps from one stored state to the next. Each raises the revision, so
// of two who change a job at the same moment one begins anew. A claim raises the token: a runner
// whose lease went to another knows by it that nothing more of the job is its own.

import type { Job, JobKind, JobProgress } from '../../contracts/jobs.ts';
import { backoffMs } from '../backoff.ts';

/** A lease that is not renewed ends after this time. */
export const JOB_LEASE_MS = 15_000;
/** Failed attempts in a row, without any progress, until a job is `failed`. */
export const JOB_ATTEMPTS_MAX = 10;
/** Finished jobs are kept for 7 days. */
const KEPT_MS = 7 * 24 * 60 * 60_000;
const RETRY_FIRST_MS = 1_000;
const RETRY_MAX_MS = 5 * 60_000;
const REASON_LENGTH_MAX = 300;

export interface NewJob {
  /** The same id again is the same job. */
  readonly id: string;
  readonly kind: JobKind;
  readonly callerId: string;
  readonly subject: string;
  /** For its handler; plain data. */
  readonly params: Job['params'];
  /** Items to do; null where that is not known. */
  readonly total: number | null;
  /** Until its first step; none unless given. */
  readonly delayMs?: number;
  /** Of what made it. */
  readonly traceparent?: string;
}

/** What one step of a job has done. */
export interface JobStep {
  /** Where the next step goes on. */
  readonly cursor: string | null;
  readonly progress: JobProgress;
  /** Nothing is left to do. */
  readonly isLast: boolean;
  /** The next step is not done before this time has passed, by any runner; 0 unless given. */
  readonly pauseMs?: number;
}

export interface FailedStep {
  readonly reason: string;
  /** The least time until the next attempt; null: by back-off alone. */
  readonly retryAfterMs: number | null;
  /** Repeating it cannot help. */
  readonly isFinal: boolean;
}

export function queuedJob({ total, delayMs = 0, ...job }: NewJob, now: number): Job {
  return {
    ...job,
    state: 'queued',
    progress: { done: 0, refused: {}, left: total },
    cancelRequested: false,
    attempts: 0,
    reason: null,
    createdAt: now,
    updatedAt: now,
    nextAttemptAt: null,
    finishedAt: null,
    expiresAt: null,
    cursor: null,
    dueAt: now + delayMs,
    token: 0,
    revision: 0,
  };
}

/** The job of whoever claims it now: one that is queued, or whose lease has ended. */
export function claimed(job: Job, now: number): Job {
  const token = job.token + 1;
  return changed(job, now, { state: 'running', token, dueAt: now + JOB_LEASE_MS });
}

export function renewed(job: Job, now: number): Job {
  return { ...job, dueAt: now + JOB_LEASE_MS, revision: job.revision + 1 };
}

export function stepped(job: Job, step: JobStep, now: number): Job {
  const { cursor, progress, isLast, pauseMs = 0 } = step;
  const next = { ...job, cursor, progress, attempts: 0, reason: null, nextAttemptAt: null };
  if (isLast) return finished(next, 'done', now);
  if (job.cancelRequested) return finished(next, 'cancelled', now);
  if (pauseMs > 0) return changed(next, now, { state: 'queued', dueAt: now + pauseMs });
  return changed(next, now, { dueAt: now + JOB_LEASE_MS });
}

/** `random` is from 0 up to 1. */
export function failedStep(job: Job, failure: FailedStep, random: number, now: number): Job {
  const attempts = job.attempts + 1;
  const reason = failure.reason.slice(0, REASON_LENGTH_MAX);
  const next = { ...job, attempts, reason };
  if (job.cancelRequested) return finished(next, 'cancelled', now);
  if (failure.isFinal || attempts >= JOB_ATTEMPTS_MAX) return finished(next, 'failed', now);
  const backoff = { firstMs: RETRY_FIRST_MS, maxMs: RETRY_MAX_MS, random: () => random };
  const nextAttemptAt =
    now + Math.max(failure.retryAfterMs ?? 0, Math.ceil(backoffMs(attempts, backoff)));
  return changed(next, now, { state: 'queued', nextAttemptAt, dueAt: nextAttemptAt });
}

/** Given back unfinished, because its runner ends: another may claim it at once. */
export function released(job: Job, now: number): Job {
  if (job.cancelRequested) return finished(job, 'cancelled', now);
  return changed(job, now, { state: 'queued', dueAt: now });
}

/** Null where there is nothing to cancel. A running job ends after its step. */
export function cancelRequested(job: Job, now: number): Job | null {
  if (job.state === 'queued') return finished({ ...job, cancelRequested: true }, 'cancelled', now);
  if (job.state !== 'running' || job.cancelRequested) return null;
  return changed(job, now, { cancelRequested: true });
}

/**
 * Goes on from where it ended, with new attempts; null where there is nothing to retry. One that
 * waits for its next attempt, or for its next step, has it now.
 */
export function retryRequested(job: Job, now: number): Job | null {
  const isWaiting =
    job.state === 'queued' && (job.nextAttemptAt !== null || (job.dueAt ?? 0) > now);
  if (!isWaiting && job.state !== 'failed' && job.state !== 'cancelled') return null;
  return changed(job, now, {
    state: 'queued',
    cancelRequested: false,
    attempts: 0,
    nextAttemptAt: null,
    finishedAt: null,
    expiresAt: null,
    dueAt: now,
  });
}

function finished(job: Job, state: 'done' | 'failed' | 'cancelled', now: number): Job {
  const end = { finishedAt: now, expiresAt: now + KEPT_MS, dueAt: null, nextAttemptAt: null };
  return changed(job, now, { state, ...end });
}

function changed(job: Job, now: number, change: Partial<Job>): Job {
  return { ...job, ...change, updatedAt: now, revision: job.revision + 1 };
}
