// Jobs, for those who asked for them: see how far they are, and cancel them.

import type { ActionParams } from '../../contracts/actions.ts';
import type { Job } from '../../contracts/jobs.ts';
import type { Page } from '../../contracts/paging.ts';
import type { Outcome } from '../../contracts/refusals.ts';
import { refusal, success } from '../../domain/refusal.ts';
import { cancelRequested } from '../../events/jobs/job.ts';
import type { JobStore } from '../../storage/ports/jobs.ts';
import type { RequestLog } from '../../storage/ports/requests.ts';
import { InSteps } from '../repeated-requests.ts';

/** How often a change is made anew where the job changed at the same moment. */
const TRIES_MAX = 5;

export interface JobsOptions {
  readonly jobs: JobStore;
  readonly requests: RequestLog;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
}

export class Jobs {
  readonly #options: JobsOptions;
  readonly #inSteps: InSteps;

  constructor(options: JobsOptions) {
    this.#options = options;
    this.#inSteps = new InSteps(options);
  }

  /** The caller's own, newest first. */
  async list({ caller, page }: ActionParams<'jobs.list'>): Promise<Outcome<Page<Job>>> {
    return success(await this.#options.jobs.list({ callerId: caller.userId }, page));
  }

  async get({ caller, jobId }: ActionParams<'jobs.get'>): Promise<Outcome<Job>> {
    const job = await this.#options.jobs.find(jobId);
    return job === null || job.callerId !== caller.userId ? refusal('not-found') : success(job);
  }

  /** One that is finished stays as it is. */
  cancel({ caller, jobId, request }: ActionParams<'jobs.cancel'>): Promise<Outcome<Job>> {
    return this.#inSteps.run(request, () => this.#cancel({ caller, jobId }));
  }

  async #cancel({ caller, jobId }: ActionParams<'jobs.cancel'>): Promise<Outcome<Job>> {
    const { jobs, now } = this.#options;
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      const found = await this.get({ caller, jobId });
      if (!found.ok) return found;
      const changed = cancelRequested(found.value, now());
      if (changed === null) return found;
      if (await jobs.replace(changed)) return success(changed);
    }
    return refusal('unavailable', 'The job is changing.');
  }
}
