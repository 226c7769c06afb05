// Ids of webhooks carry the bucket of their creator, so that a webhook is found by its id alone
// among the buckets over which stores spread creators.

import { assert } from './assert.ts';
import { fnv1a, makeId } from './ids.ts';

/** Part of the stored format. */
export const WEBHOOK_BUCKETS = 32;

const WEBHOOK_ID = /^wh_([0-9]{2})_/;

export function webhookBucket(creatorId: string): number {
  return fnv1a(creatorId) % WEBHOOK_BUCKETS;
}

/** Out of 10 random bytes. */
export function makeWebhookId(creatorId: string, timeMs: number, random: Uint8Array): string {
  const bucket = String(webhookBucket(creatorId)).padStart(2, '0');
  return makeId(`wh_${bucket}`, timeMs, random);
}

/** Null where it is no id of a webhook. */
export function bucketOfWebhook(id: string): number | null {
  const match = WEBHOOK_ID.exec(id);
  const bucket = match === null ? WEBHOOK_BUCKETS : Number(match[1]);
  return bucket < WEBHOOK_BUCKETS ? bucket : null;
}

/** Of an id that `makeWebhookId` made. */
export function knownBucketOf(id: string): number {
  const bucket = bucketOfWebhook(id);
  assert(bucket !== null, `${id} is no id of a webhook`);
  return bucket;
}
