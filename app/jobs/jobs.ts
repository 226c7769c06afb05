// Jobs, for those who asked for them and, of drops, for whoever may act for the drop's creator: see
// how far they are, and cancel them.

import type { Requester } from '../../contracts/accounts.ts';
import type { ActionParams } from '../../contracts/actions.ts';
import type { CreatorAction } from '../../contracts/creator-actions.ts';
import type { Job } from '../../contracts/jobs.ts';
import type { Page } from '../../contracts/paging.ts';
import type { Outcome } from '../../contracts/refusals.ts';
import { refusal, success } from '../../domain/refusal.ts';
import { cancelRequested } from '../../events/jobs/job.ts';
import type { JobStore } from '../../storage/ports/jobs.ts';
import { isOperator } from '../caller.ts';
import { creatorOfDrop, type DropCreatorsOptions, mayAct } from '../permissions.ts';
import {
  findAnswer,
  keepAnswer,
  type OnceOptions,
  replaceOnce,
  unlessAnswered,
} from '../repeated-requests.ts';
import { writesFile } from './export-cursor.ts';
import { REFUNDS_KIND } from './refund-orders.ts';

/** How often a change is made anew where the job changed at the same moment. */
const TRIES_MAX = 5;

export interface JobsOptions extends DropCreatorsOptions, OnceOptions {
  readonly jobs: JobStore;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
}

export class Jobs {
  readonly #options: JobsOptions;

  constructor(options: JobsOptions) {
    this.#options = options;
  }

  /** The caller's own, newest first. */
  async list({ caller, page }: ActionParams<'jobs.list'>): Promise<Outcome<Page<Job>>> {
    return success(await this.#options.jobs.list({ callerId: caller.userId }, page));
  }

  /** Of one's own; of a drop, where the caller may act for its creator, whoever began it. */
  async get({ caller, jobId }: ActionParams<'jobs.get'>): Promise<Outcome<Job>> {
    return await this.#find(caller, jobId, 'jobs.get');
  }

  async #find(caller: Requester, jobId: string, action: CreatorAction): Promise<Outcome<Job>> {
    const job = await this.#options.jobs.find(jobId);
    if (job === null) return refusal('not-found');
    const isOfDrop = writesFile(job.kind) || job.kind === REFUNDS_KIND;
    if (!isOfDrop) return job.callerId === caller.userId ? success(job) : refusal('not-found');
    const creator = await creatorOfDrop(this.#options, job.subject);
    if (!creator.ok) return creator;
    const isAllowed = isOperator(caller) || mayAct(caller, creator.value, action);
    return isAllowed ? success(job) : refusal('not-found');
  }

  /** One that is finished stays as it is. */
  cancel(params: ActionParams<'jobs.cancel'>): Promise<Outcome<Job>> {
    return unlessAnswered(this.#options, params.request, () => this.#cancel(params));
  }

  async #cancel({ caller, jobId, request }: ActionParams<'jobs.cancel'>): Promise<Outcome<Job>> {
    const { jobs, now } = this.#options;
    const before = await findAnswer<Job>(jobs.requests, request);
    if (before !== null) return before;
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      const found = await this.#find(caller, jobId, 'jobs.cancel');
      if (!found.ok) return found;
      const changed = cancelRequested(found.value, now());
      if (changed === null) return await keepAnswer(jobs.requests, request, found.value);
      const cancelled = await replaceOnce(jobs, request, changed, changed);
      if (cancelled !== null) return cancelled;
    }
    return refusal('unavailable', 'The job is changing.');
  }
}
