// What routes have in common that queue a job, and that give the file which a job made.

import type { Job } from '../../contracts/jobs.ts';
import type { Outcome } from '../../contracts/refusals.ts';
import { jsonReply, type Reply, type RouteResult } from '../http/route.ts';
import type { StreamSlots } from '../http/stream-slots.ts';
import { jobBody } from '../present.ts';

/** The job, and where it is found. */
export function queuedReply(queued: Outcome<Job>): RouteResult {
  if (!queued.ok) return queued;
  return jsonReply(202, jobBody(queued.value), [['location', `/v1/jobs/${queued.value.id}`]]);
}

/**
 * The reply of a file, in one of the user's slots. The reply calls `close` when it ends; where no
 * file was opened the slot is free again.
 */
export async function fileReply<Download>(
  slots: StreamSlots,
  userId: string,
  open: () => Promise<Outcome<Download>>,
  reply: (download: Download, close: () => void) => Reply,
): Promise<RouteResult> {
  const slot = slots.take(userId);
  if (!slot.ok) return slot;
  let opened: Outcome<Download> | null = null;
  try {
    opened = await open();
  } finally {
    if (opened?.ok !== true) slot.release();
  }
  return opened.ok ? reply(opened.value, slot.release) : opened;
}
