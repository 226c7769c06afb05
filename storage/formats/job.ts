// The format of a job in a durable store: JSON with its version.

import type { Job } from '../../contracts/jobs.ts';
import { NewerFormatError } from './format-version.ts';

const FORMAT = 1;

export function encodeJob(job: Job): string {
  return JSON.stringify({ format: FORMAT, ...job });
}

/** Errors: `newer-format`. */
export function decodeJob(text: string): Job {
  const { format, ...job } = JSON.parse(text) as Job & { format: number };
  if (format > FORMAT) throw new NewerFormatError('a job', format);
  return job;
}
