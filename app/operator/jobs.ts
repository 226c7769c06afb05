// What operators do with jobs of everybody: see them, have one go on that failed or was cancelled,
// and cancel one. A request with a key has its answer kept in the step of its change (H11).

import type { Job, JobChange, JobState } from '../../contracts/jobs.ts';
import type { Page, PageRequest } from '../../contracts/paging.ts';
import type { Outcome } from '../../contracts/refusals.ts';
import { refusal, success } from '../../domain/refusal.ts';
import { cancelRequested, retryRequested } from '../../events/jobs/job.ts';
import type { JobStore } from '../../storage/ports/jobs.ts';
import { findAnswer, keepAnswer, replaceOnce } from '../repeated-requests.ts';
import {
  ActionRecord,
  type ActionRecordOptions,
  type ChangedBy,
  type ChangeRequest,
} from './action-record.ts';

export interface OperatorJobsOptions extends ActionRecordOptions {
  readonly jobs: JobStore;
}

/** How often a change is made anew where the job changed at the same moment. */
const TRIES_MAX = 5;

interface ChangeRules {
  /** Null: there is nothing to change. */
  readonly next: (job: Job) => Job | null;
  /** One sentence for the log. */
  readonly result: string;
}

export class OperatorJobs {
  readonly #options: OperatorJobsOptions;
  readonly #record: ActionRecord;

  constructor(options: OperatorJobsOptions) {
    this.#options = options;
    this.#record = new ActionRecord(options);
  }

  list(state: JobState | undefined, page: PageRequest): Promise<Page<Job>> {
    return this.#options.jobs.list({ state }, page);
  }

  async get(jobId: string): Promise<Outcome<Job>> {
    const job = await this.#options.jobs.find(jobId);
    return job === null ? refusal('not-found', `There is no job ${jobId}.`) : success(job);
  }

  async retry(by: ChangedBy, jobId: string, dryRun: boolean): Promise<Outcome<JobChange>> {
    const request = { ...by, action: 'retry-job', params: { jobId } };
    return await this.#change(request, jobId, dryRun, {
      next: (job) => retryRequested(job, this.#options.now()),
      result: 'To go on where it ended.',
    });
  }

  async cancel(by: ChangedBy, jobId: string, dryRun: boolean): Promise<Outcome<JobChange>> {
    const request = { ...by, action: 'cancel-job', params: { jobId } };
    return await this.#change(request, jobId, dryRun, {
      next: (job) => cancelRequested(job, this.#options.now()),
      result: 'To end after its present step.',
    });
  }

  async #change(
    request: ChangeRequest,
    jobId: string,
    dryRun: boolean,
    { next, result }: ChangeRules,
  ): Promise<Outcome<JobChange>> {
    const { jobs } = this.#options;
    const before = await findAnswer<JobChange>(jobs.requests, request.keyed);
    if (before !== null) return before;
    // A dry run changes nothing, so nothing is kept of it.
    const keyed = dryRun ? undefined : request.keyed;
    let recorded = dryRun;
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      const found = await this.get(jobId);
      if (!found.ok) return dryRun ? found : await this.#record.refuse(request, found);
      const changed = next(found.value);
      if (changed !== null && dryRun) return success({ applied: false, job: changed });
      if (!recorded) await this.#record.record(request, changed === null ? UNCHANGED : result);
      recorded = true;
      const answer = { applied: !dryRun, job: changed ?? found.value };
      if (changed === null) return await keepAnswer(jobs.requests, keyed, answer);
      const replaced = await this.#record.recordFault(request, () =>
        replaceOnce(jobs, keyed, changed, answer),
      );
      if (replaced?.ok === false) return await this.#record.refuse(request, replaced);
      if (replaced !== null) return replaced;
    }
    return await this.#record.refuse(request, refusal('unavailable', 'The job is changing.'));
  }
}

const UNCHANGED = 'Nothing to do: the job is so already.';
