// The jobs port: long work that survives crashes. One job is one durable position over much work.
// The store knows no rules of jobs: callers read a job, make the next one with
// `events/jobs/job.ts`, and replace it by compare-and-set. So a lease is a job whose `dueAt` lies
// ahead, and whoever lost it is fenced by the revision.

import type { Job, JobCount, JobState } from '../../contracts/jobs.ts';
import type { Page, PageRequest } from '../../contracts/paging.ts';
import type { KeyedRequest } from '../../contracts/requests.ts';
import type { Answered, RequestLog } from './requests.ts';

/** `queued` and `running` jobs are unfinished. */
export interface JobBounds {
  /** Unfinished jobs of one kind. */
  readonly ofKindMax: number;
  /** Unfinished jobs of one caller. */
  readonly ofCallerMax: number;
}

/** Of whom or in which state; all jobs where it is empty. Not both. */
export type JobFilter =
  | { readonly callerId?: undefined; readonly state?: JobState | undefined }
  | { readonly callerId: string; readonly state?: undefined };

export interface JobStore {
  /** Kept answers to requests about jobs. */
  readonly requests: RequestLog;
  /**
   * Stores a job. One with the same id stays as it is, whatever its state: `exists`. `full`: a
   * bound is reached, and this one was not stored. One atomic step, durable when it resolves.
   * Errors: `store-unavailable`.
   */
  add(job: Job, bounds: JobBounds): Promise<'added' | 'exists' | 'full'>;
  /**
   * Replaces the job with its id where the stored revision is `job.revision - 1`; false where it is
   * not, or where none is stored. Kind, caller and `createdAt` never change. One atomic step,
   * durable when it resolves. The same step removes the oldest finished jobs of the caller past
   * `FINISHED_JOBS_OF_CALLER_MAX`. Errors: `store-unavailable`.
   */
  replace(job: Job): Promise<boolean>;
  /**
   * As `replace`, at most once for the request: the same step keeps the answer (H11). Null: nothing
   * was replaced, and nothing is kept. Errors: `store-unavailable`.
   */
  replaceOnce(request: KeyedRequest, job: Job, answer: string): Promise<Answered<string | null>>;
  /** Errors: `store-unavailable`. */
  find(id: string): Promise<Job | null>;
  /** By `createdAt`, newest first. Errors: `invalid-cursor`, `store-unavailable`. */
  list(filter: JobFilter, page: PageRequest): Promise<Page<Job>>;
  /**
   * At most `limit` jobs of the kind with `dueAt` at or before `time` (milliseconds since the Unix
   * epoch), earliest first. Errors: `store-unavailable`.
   */
  due(kind: string, time: number, limit: number): Promise<readonly Job[]>;
  /**
   * Removes at most `limit` jobs with `expiresAt` at or before `time`. Resolves to how many.
   * Errors: `store-unavailable`.
   */
  removeExpired(time: number, limit: number): Promise<number>;
  /** Without those that are 0. Errors: `store-unavailable`. */
  counts(): Promise<readonly JobCount[]>;
}

export const FINISHED_JOBS_OF_CALLER_MAX = 100;
