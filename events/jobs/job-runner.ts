// Runs jobs: claims those that are due, does them step by step, and stores the position after each
// step. Every node with the role `services` has one on the same store; a job is run by the one that
// holds its lease. When a node dies, its jobs go on at their stored positions on another one once
// their leases have ended, and repeat at most one step each.
//
// Jobs give way to sales: a step is small, and after each one the job rests as long as the step
// took, unless its kind mostly waits for others.

import pTimeout from 'p-timeout';
import type { Logger } from 'pino';
import type { Clock, Timer } from '../../actors/clock.ts';
import { inSpan, type SpanStart } from '../../actors/tracing/open-span.ts';
import type { Tracing } from '../../actors/tracing/tracing.ts';
import type { Job, JobCount } from '../../contracts/jobs.ts';
import type { JobStore } from '../../storage/ports/jobs.ts';
import { claimed, failedStep, type FailedStep, JOB_LEASE_MS, stepped } from './job.ts';
import { type JobHandler, JobStepError } from './job-handler.ts';
import { JobLease } from './job-lease.ts';
import type { JobQueue } from './job-queue.ts';

const POLL_INTERVAL_MS = 1_000;
/** Jobs read to choose from. */
const DUE_READ_MAX = 32;
/** How often expired jobs are removed and jobs are counted. */
const UPKEEP_INTERVAL_MS = 10_000;
const REMOVED_AT_ONCE = 100;
/** How long a stop waits for steps. */
const STOP_MAX_MS = 2_000;
/** The bounds of the rest after a step. */
const REST_MIN_MS = 1;
const REST_MAX_MS = 1_000;

export interface JobOverdue {
  readonly kind: Job['kind'];
  readonly ms: number;
}

export interface JobRunnerOptions {
  readonly jobs: JobStore;
  readonly queue: JobQueue;
  readonly handlers: readonly JobHandler[];
  /** No other process runs jobs of this store, so what is left of leases is of one that ended. */
  readonly isAlone?: boolean;
  /** Null, or absent: steps have no spans. */
  readonly tracing?: Tracing | null;
  readonly clock: Clock;
  readonly log: Logger;
  /** From 0 up to 1, for the delays between two attempts. */
  readonly random?: () => number;
}

interface RunningJob {
  readonly kind: string;
  readonly callerId: string;
  readonly abort: AbortController;
  readonly end: Promise<void>;
}

export class JobRunner {
  readonly #options: JobRunnerOptions;
  /** By the job's id. */
  readonly #running = new Map<string, RunningJob>();
  #timer: Timer | null = null;
  #polling: Promise<void> = Promise.resolve();
  #pollAgain = false;
  #isPolling = false;
  #leftLeaseMs: number;
  #upkeepAt = -Infinity;
  #counts: readonly JobCount[] | null = null;
  /** By kind: since when the job is due that is due longest and was not claimed. */
  readonly #dueSince = new Map<string, number>();
  #stopped = false;

  constructor(options: JobRunnerOptions) {
    this.#options = options;
    this.#leftLeaseMs = options.isAlone === true ? JOB_LEASE_MS : 0;
    options.queue.onAdded(() => this.wake());
  }

  start(): void {
    this.wake();
  }

  /**
   * Ends the steps in progress; their jobs go on elsewhere, or here after the next start. A step
   * that does not end, such as a mail to a server that is silent, is left behind: its job's lease
   * ends by itself.
   */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    await this.#polling;
    for (const { abort } of this.#running.values()) abort.abort();
    const ends = Promise.all([...this.#running.values()].map(({ end }) => end));
    await pTimeout(ends, { milliseconds: STOP_MAX_MS, fallback: () => undefined });
  }

  /** Jobs of the whole store, some seconds old; null before they were counted. */
  counts(): readonly JobCount[] | null {
    return this.#counts;
  }

  /** For how long the job of each kind is due that is due longest, as far as this node knows. */
  overdue(): readonly JobOverdue[] {
    const now = this.#options.clock.now();
    return this.#options.handlers.map(({ kind }) => {
      const since = this.#dueSince.get(kind);
      return { kind, ms: since === undefined ? 0 : Math.max(0, now - since) };
    });
  }

  /** Looks for jobs that are due. */
  wake(): void {
    if (this.#stopped) return;
    this.#pollAgain = true;
    if (this.#isPolling) return;
    this.#timer?.cancel();
    this.#polling = this.#poll();
  }

  /** Never rejects. */
  async #poll(): Promise<void> {
    const { clock, log } = this.#options;
    this.#isPolling = true;
    try {
      while (this.#pollAgain && !this.#stopped) {
        this.#pollAgain = false;
        for (const handler of this.#options.handlers) await this.#claimDue(handler);
        this.#leftLeaseMs = 0;
        await this.#upkeep();
      }
    } catch (error) {
      log.warn({ err: error }, 'jobs could not be read or stored');
    }
    this.#isPolling = false;
    if (!this.#stopped) this.#timer = clock.after(POLL_INTERVAL_MS, () => this.wake());
  }

  /** Of each caller one job of a kind at a time, so that many of one caller hold up nobody else. */
  async #claimDue(handler: JobHandler): Promise<void> {
    const { jobs, clock } = this.#options;
    const { kind, concurrency } = handler;
    const mine = [...this.#running.values()].filter((one) => one.kind === kind);
    const callers = new Set(mine.map(({ callerId }) => callerId));
    // Where there is no room for another one, only for how long the oldest waits.
    const readMax = callers.size >= concurrency ? 1 : DUE_READ_MAX;
    const dueAt = clock.now() + this.#leftLeaseMs;
    let left: Job | null = null;
    for (const job of await jobs.due(kind, dueAt, readMax)) {
      if (this.#stopped) return;
      if (callers.size >= concurrency || callers.has(job.callerId)) {
        left ??= job;
        continue;
      }
      const begun = claimed(job, clock.now());
      // Another node claimed it, or it was cancelled.
      if (!(await jobs.replace(begun))) continue;
      callers.add(job.callerId);
      this.#begin(handler, begun);
    }
    const dueSince = left?.dueAt ?? null;
    if (dueSince === null) this.#dueSince.delete(kind);
    else this.#dueSince.set(kind, dueSince);
  }

  #begin(handler: JobHandler, job: Job): void {
    const abort = new AbortController();
    const end = this.#run(handler, job, abort).finally(() => {
      this.#running.delete(job.id);
      this.wake();
    });
    this.#running.set(job.id, { kind: handler.kind, callerId: job.callerId, abort, end });
  }

  /** Never rejects. */
  async #run(handler: JobHandler, job: Job, abort: AbortController): Promise<void> {
    const lease = new JobLease({ ...this.#options, job, abort });
    try {
      while (!abort.signal.aborted && lease.job.state === 'running') {
        const began = this.#options.clock.monotonic();
        await this.#step(handler, lease, abort.signal);
        if (lease.job.state === 'running' && handler.rests !== false)
          await this.#rest(began, abort.signal);
      }
      if (this.#stopped) await lease.release();
    } catch (error) {
      this.#options.log.warn({ err: error, jobId: job.id }, 'a job was left to its next run');
    } finally {
      handler.left?.(job.id);
      lease.end();
    }
  }

  async #step(handler: JobHandler, lease: JobLease, signal: AbortSignal): Promise<void> {
    const { clock, log, tracing = null, random = Math.random } = this.#options;
    let next: (job: Job) => Job;
    try {
      const step = await inSpan(tracing, spanOf(lease.job), () => handler.step(lease.job, signal));
      next = (job) => stepped(job, step, clock.now());
    } catch (error) {
      if (signal.aborted) return;
      const failure = failureOf(error);
      const { id, kind } = lease.job;
      log.warn({ err: error, jobId: id, kind }, 'a step of a job failed');
      next = (job) => failedStep(job, failure, random(), clock.now());
    }
    await lease.change(next);
  }

  async #rest(began: number, signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    const tookMs = clock.monotonic() - began;
    const restMs = Math.min(Math.max(tookMs, REST_MIN_MS), REST_MAX_MS);
    if (signal.aborted) return;
    await new Promise<void>((resolve) => {
      const end = () => {
        timer.cancel();
        signal.removeEventListener('abort', end);
        resolve();
      };
      const timer = clock.after(restMs, end);
      signal.addEventListener('abort', end);
    });
  }

  async #upkeep(): Promise<void> {
    const { jobs, clock } = this.#options;
    if (clock.monotonic() - this.#upkeepAt < UPKEEP_INTERVAL_MS) return;
    this.#upkeepAt = clock.monotonic();
    await jobs.removeExpired(clock.now(), REMOVED_AT_ONCE);
    this.#counts = await jobs.counts();
  }
}

/** A step is part of the trace that made the job, or begins one. */
function spanOf({ id, kind, traceparent }: Job): SpanStart {
  const attributes = { 'livedrops.job_id': id };
  return { name: `job ${kind}`, kind: 'consumer', parent: traceparent, attributes };
}

/** Internal text goes to the log, not to the caller. */
function failureOf(error: unknown): FailedStep {
  if (error instanceof JobStepError) {
    const { message: reason, retryAfterMs, isFinal } = error;
    return { reason, retryAfterMs, isFinal };
  }
  return { reason: 'The server met a fault.', retryAfterMs: null, isFinal: false };
}
