// What a job that writes a file does where there is no room for more of it, and who asks for such a
// job is told.

import type { Job } from '../../contracts/jobs.ts';
import type { Refusal } from '../../contracts/refusals.ts';
import { refusal } from '../../domain/refusal.ts';
import { JobStepError } from '../../events/jobs/job-handler.ts';
import { type FileCursor, partCount } from './export-cursor.ts';
import type { ExportSpace } from './export-space.ts';

/** How often it is looked whether there is room. */
const PARTS_PER_LOOK = 16;
const CALLER_FULL = 'The files of your exports take all their room; each is removed after 7 days.';
const FULL = 'The files of exports take all their room.';

/** `advice`: what to do instead. */
export function noPlace(advice: string): Refusal {
  return refusal('unavailable', `There is no place for files here: ${advice}.`);
}

/** Errors: `store-unavailable`. */
export async function refuseWithoutRoom(
  space: ExportSpace,
  callerId: string,
): Promise<Refusal | null> {
  const room = await space.room(callerId);
  if (room === 'caller-full') return refusal('too-many', CALLER_FULL);
  return room === 'full' ? refusal('overloaded', FULL) : null;
}

/** Before every sixteenth part. Errors: JobStepError, `store-unavailable`. */
export async function checkRoom(
  space: ExportSpace,
  { callerId }: Job,
  before: FileCursor,
): Promise<void> {
  if (partCount(before) % PARTS_PER_LOOK !== 0) return;
  const refused = await refuseWithoutRoom(space, callerId);
  if (refused !== null) throw new JobStepError(refused.detail!, { isFinal: true });
}
