// What becomes of a delivery after an attempt: pure steps from one stored state to the next. It is
// tried again for 24 hours, at growing intervals.

import type { Delivery, DeliveryAttempt } from '../../contracts/webhooks.ts';
import type { NewDelivery } from '../../storage/ports/webhooks.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

/** From the first attempt to the last. */
export const TRIED_FOR_MS = 24 * HOUR_MS;
/** After the first attempt, the second, and so on; after further ones the last. */
const DELAYS_MS = [
  5 * SECOND_MS,
  30 * SECOND_MS,
  2 * MINUTE_MS,
  10 * MINUTE_MS,
  30 * MINUTE_MS,
  HOUR_MS,
  2 * HOUR_MS,
  4 * HOUR_MS,
];
/** Each delay is shortened at random by up to this share, so that calls do not come together. */
const JITTER = 0.25;
/** Attempts that the record shows. */
const ATTEMPTS_SHOWN_MAX = 10;
/** The longest Retry-After that is kept to. */
export const RETRY_AFTER_MAX_MS = HOUR_MS;

/** Deliveries that are over stay for a week, and as many as this of a webhook. */
export const FINISHED_KEPT_MS = 7 * 24 * HOUR_MS;
export const FINISHED_MAX = 500;

export interface AttemptOutcome {
  readonly attempt: DeliveryAttempt;
  readonly isSent: boolean;
  /** What the answer asked for; null: nothing. */
  readonly retryAfterMs: number | null;
  /** The endpoint is not there any more. */
  readonly isGone: boolean;
}

/** One that nobody has tried to send. */
export function waitingDelivery(
  of: Pick<Delivery, 'messageId' | 'type' | 'occurredAt' | 'key'>,
): NewDelivery {
  return {
    ...of,
    state: 'waiting',
    attemptCount: 0,
    attempts: [],
    nextAttemptAt: null,
    finishedAt: null,
    triedSince: null,
    revision: 0,
  };
}

/** `random` is from 0 up to 1. */
export function attempted(delivery: Delivery, outcome: AttemptOutcome, random: number): Delivery {
  const { attempt, isSent, retryAfterMs, isGone } = outcome;
  const endedAt = attempt.at + attempt.durationMs;
  const attempts = [...delivery.attempts, attempt].slice(-ATTEMPTS_SHOWN_MAX);
  const attemptCount = delivery.attemptCount + 1;
  const triedSince = delivery.triedSince ?? attempt.at;
  const next = changed(delivery, { attempts, attemptCount, triedSince, nextAttemptAt: null });
  if (isSent) return { ...next, state: 'sent', finishedAt: endedAt };
  const end = triedSince + TRIED_FOR_MS;
  if (isGone || endedAt >= end) return { ...next, state: 'failed', finishedAt: endedAt };
  const tries = triesSince(delivery);
  const delayMs = DELAYS_MS[Math.min(tries, DELAYS_MS.length - 1)]! * (1 - JITTER * random);
  const wantedMs = Math.max(delayMs, retryAfterMs ?? 0);
  return { ...next, nextAttemptAt: Math.min(Math.ceil(endedAt + wantedMs), end) };
}

/** It is not sent any more, because its webhook is not called any more. */
export function givenUp(delivery: Delivery, now: number): Delivery {
  return changed(delivery, { state: 'failed', nextAttemptAt: null, finishedAt: now });
}

/** As if it had not been tried yet, with the attempts that there were. */
export function sentAgain(delivery: Delivery): Delivery {
  const fresh = { nextAttemptAt: null, finishedAt: null, triedSince: null } as const;
  return changed(delivery, { state: 'waiting', ...fresh });
}

/** Attempts since it was last asked for, as far as the record shows them. */
function triesSince({ attempts, triedSince }: Delivery): number {
  return triedSince === null ? 0 : attempts.filter(({ at }) => at >= triedSince).length;
}

function changed(delivery: Delivery, change: Partial<Delivery>): Delivery {
  return { ...delivery, ...change, revision: delivery.revision + 1 };
}

/**
 * Which of those that wait may be sent now, in order, in groups: one group one after the other. One
 * with a key waits for the earlier ones of its key. `waiting` is the oldest first.
 */
export function dueGroups(
  waiting: readonly Delivery[],
  now: number,
  countMax: number,
): readonly (readonly Delivery[])[] {
  const groups = new Map<string, Delivery[]>();
  const blocked = new Set<string>();
  let count = 0;
  for (const delivery of waiting) {
    if (count >= countMax) break;
    const { key, id, nextAttemptAt } = delivery;
    if (key !== null && blocked.has(key)) continue;
    if (nextAttemptAt !== null && nextAttemptAt > now) {
      if (key !== null) blocked.add(key);
      continue;
    }
    const name = key === null ? `alone ${id}` : `key ${key}`;
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [delivery]);
    else group.push(delivery);
    count += 1;
  }
  return [...groups.values()];
}

/** When the next of those that wait may be sent; null where none waits. */
export function nextDueAt(waiting: readonly Delivery[]): number | null {
  const blocked = new Set<string>();
  let next: number | null = null;
  for (const { key, nextAttemptAt } of waiting) {
    if (key !== null && blocked.has(key)) continue;
    if (key !== null) blocked.add(key);
    next = Math.min(next ?? Infinity, nextAttemptAt ?? 0);
  }
  return next;
}
