// How long a push service keeps a message, and which earlier one it replaces (RFC 8030, 5.2, 5.4).

import { createHash } from 'node:crypto';

/** Four weeks: push services keep nothing for longer. */
const TTL_SECONDS_MAX = 28 * 24 * 60 * 60;
const TOPIC_LENGTH = 32;

/** `endsAt` and `now` in milliseconds since the Unix epoch. */
export function ttlSecondsUntil(endsAt: number, now: number): number {
  return Math.max(0, Math.min(TTL_SECONDS_MAX, Math.ceil((endsAt - now) / 1_000)));
}

/** The same for the same thing, which the service cannot read from it. */
export function topicOf(id: string): string {
  return createHash('sha256').update(id).digest('base64url').slice(0, TOPIC_LENGTH);
}
