// Jobs that people ask for: a request with an Idempotency-Key is one job, however often it comes,
// because the job's id is the request's (H11).

import type { Job } from '../../contracts/jobs.ts';
import type { Outcome } from '../../contracts/refusals.ts';
import type { KeyedRequest } from '../../contracts/requests.ts';
import { ID_RANDOM_BYTES, makeId } from '../../domain/ids.ts';
import { refusal } from '../../domain/refusal.ts';
import { type NewJob, queuedJob } from '../../events/jobs/job.ts';
import type { JobQueue } from '../../events/jobs/job-queue.ts';
import type { RandomBytes } from '../random-bytes.ts';

export interface KeyedJobsOptions {
  readonly queue: JobQueue;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  readonly random: RandomBytes;
}

/** The params of each such job have the fingerprint of the request, null where it had no key. */
interface KeyedParams {
  readonly fingerprint: string | null;
}

/** Refuses `overloaded`, `idempotency-key-reused`. Errors: `store-unavailable`. */
export async function addKeyedJob(
  { queue, now, random }: KeyedJobsOptions,
  asked: Omit<NewJob, 'id'>,
  request: KeyedRequest | undefined,
): Promise<Outcome<Job>> {
  const id =
    request === undefined ? makeId('j', now(), random(ID_RANDOM_BYTES)) : `j_${request.id}`;
  const fingerprint = request?.fingerprint ?? null;
  const job: NewJob = { ...asked, id, params: { ...asked.params, fingerprint } };
  const added = await queue.add(job);
  if (!added.ok || added.replayed !== true) return added;
  const stored = added.value;
  if ((stored.params as KeyedParams).fingerprint !== fingerprint)
    return refusal('idempotency-key-reused');
  // The answer to the first of the same requests, which made the job.
  return { ok: true, value: queuedJob(job, stored.createdAt), replayed: true };
}
