// The rules of parked refunds (P6), pure: from a refund, each function makes the next revision to
// store. A refund that the provider refused for good is attempted again only when an operator says
// so; one whose calls had no answer is attempted by itself, ever more rarely.

import { REFUND_REASON_LENGTH_MAX } from '../../contracts/bounds.ts';
import type { ParkedRefund } from '../../contracts/refunds.ts';
import type { Refund } from './payment-provider.ts';
import type { Failure } from './provider-call.ts';

const RETRY_DELAY_MIN_MS = 60_000;
const RETRY_DELAY_MAX_MS = 3_600_000;
/**
 * A node that begins an attempt stores its result within this time. Afterwards it has crashed, and
 * another node may begin one. Longer than a call and a write to a slow store.
 */
const ATTEMPT_MS = 60_000;

/** A failure at a time in milliseconds since the Unix epoch. */
export interface FailedAttempt extends Failure {
  readonly at: number;
  /** From 0 up to 1, for the delay until the next attempt. */
  readonly random: number;
}

/** A refund that is parked for the first time. */
export function parkRefund(
  refund: Refund,
  about: Pick<ParkedRefund, 'dropId' | 'creatorId' | 'attempts' | 'firstAttemptAt'>,
  attempt: FailedAttempt,
): ParkedRefund {
  const { id, orderId, reference, amount, currency, reason: refundReason } = refund;
  return {
    id,
    orderId,
    dropId: about.dropId,
    creatorId: about.creatorId,
    reference,
    amount,
    currency,
    refundReason,
    state: 'parked',
    refused: attempt.refused,
    reason: printable(attempt.reason),
    attempts: about.attempts,
    firstAttemptAt: about.firstAttemptAt,
    lastAttemptAt: attempt.at,
    parkedAt: attempt.at,
    nextAttemptAt: nextAttemptAt(about.firstAttemptAt, attempt),
    dismissal: null,
    revision: 0,
  };
}

/** What the provider is asked for: the same as at the first call. */
export function parkedCall(refund: ParkedRefund): Refund {
  const { id, orderId, reference, amount, currency, refundReason: reason } = refund;
  return { id, orderId, reference, amount, currency, reason };
}

/** An operator wants another attempt now. Null: one is due already, or the refund is made. */
export function retryRequested(refund: ParkedRefund, now: number): ParkedRefund | null {
  if (refund.state === 'done' || refund.state === 'retrying') return null;
  return next(refund, { state: 'retrying', nextAttemptAt: now, dismissal: null });
}

/** An operator settled it without the provider. Null: it is dismissed already, or made. */
export function dismissed(refund: ParkedRefund, reason: string): ParkedRefund | null {
  if (refund.state === 'done' || refund.state === 'dismissed') return null;
  return next(refund, { state: 'dismissed', nextAttemptAt: null, dismissal: reason });
}

/** A node begins an attempt. Until its result is stored no other node begins one. */
export function attemptBegun(refund: ParkedRefund, now: number): ParkedRefund {
  return next(refund, { state: 'retrying', nextAttemptAt: now + ATTEMPT_MS });
}

/** The provider made it, even where an operator dismissed it meanwhile. */
export function attemptSucceeded(refund: ParkedRefund, at: number): ParkedRefund {
  return next(refund, { state: 'done', lastAttemptAt: at, nextAttemptAt: null });
}

export function attemptFailed(refund: ParkedRefund, attempt: FailedAttempt): ParkedRefund {
  return next(refund, {
    state: 'parked',
    refused: attempt.refused,
    reason: printable(attempt.reason),
    attempts: refund.attempts + 1,
    lastAttemptAt: attempt.at,
    nextAttemptAt: nextAttemptAt(refund.firstAttemptAt, attempt),
  });
}

function next(refund: ParkedRefund, change: Partial<ParkedRefund>): ParkedRefund {
  return { ...refund, ...change, revision: refund.revision + 1 };
}

/** After as long again as it has failed so far, within bounds. Chance takes up to half away. */
function nextAttemptAt(firstAttemptAt: number, { refused, at, random }: FailedAttempt) {
  if (refused) return null;
  const failedMs = at - firstAttemptAt;
  const delayMs = Math.min(Math.max(failedMs, RETRY_DELAY_MIN_MS), RETRY_DELAY_MAX_MS);
  return Math.round(at + delayMs * (0.5 + 0.5 * random));
}

/**
 * Text of a provider as one line that terminals and pages can show: without control, format and
 * half characters, and of bounded length.
 */
function printable(text: string): string {
  const line = text
    .slice(0, 4 * REFUND_REASON_LENGTH_MAX)
    .replaceAll(/[\p{C}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .trim()
    .slice(0, REFUND_REASON_LENGTH_MAX)
    .replace(/\p{Cs}$/u, '')
    .trimEnd();
  return line === '' ? 'no reason given' : line;
}
