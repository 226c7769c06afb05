// Stripe's errors: which one is Stripe's last word about a call, and which one may be different at
// the next attempt (<https://docs.stripe.com/error-low-level>).

import { Stripe } from 'stripe';
import type { ProviderAnswer } from '../payment-provider.ts';

/**
 * Stripe's last word as a refusal; throws the error where the next attempt may succeed: no answer,
 * a fault at Stripe, too many calls, and keys that an operator must put right.
 */
export function refusalOf(error: unknown): ProviderAnswer & { readonly ok: false } {
  if (!isRefusal(error)) throw error;
  return { ok: false, reason: error.message };
}

/** The payment that an error is about, as it stands; null where the error has none. */
export function intentOf(error: unknown): Stripe.PaymentIntent | null {
  return error instanceof Stripe.errors.StripeError ? (error.payment_intent ?? null) : null;
}

export function hasCode(error: unknown, code: string): boolean {
  return error instanceof Stripe.errors.StripeError && error.code === code;
}

/** For how long to make no call, in milliseconds; 0: Stripe did not say that there are too many. */
export function pauseOf(error: unknown): number {
  if (!(error instanceof Stripe.errors.StripeRateLimitError)) return 0;
  const seconds = Number(error.headers?.['retry-after']);
  return seconds > 0 && seconds <= PAUSE_SECONDS_MAX ? seconds * 1_000 : PAUSE_MS;
}

/**
 * Sends a request under an idempotency key. Stripe keeps the first answer of a key for a day,
 * faults included, so a key whose kept answer is an error is of no more use, and the next one is
 * taken. To be used only where the caller knows that the earlier request had no effect, or where a
 * second effect is harmless.
 */
export async function withKey<T>(name: string, send: (key: string) => Promise<T>): Promise<T> {
  for (let count = 1; ; count++) {
    try {
      return await send(count === 1 ? name : `${name}:${count}`);
    } catch (error) {
      if (count === KEYS_MAX || !isReplayed(error)) throw error;
    }
  }
}

const KEYS_MAX = 5;
const PAUSE_MS = 1_000;
const PAUSE_SECONDS_MAX = 60;

function isRefusal(error: unknown): error is Error {
  const { StripeInvalidRequestError, StripeCardError, StripeIdempotencyError } = Stripe.errors;
  return (
    error instanceof StripeInvalidRequestError ||
    error instanceof StripeCardError ||
    error instanceof StripeIdempotencyError
  );
}

function isReplayed(error: unknown): boolean {
  return (
    error instanceof Stripe.errors.StripeError && error.headers?.['idempotent-replayed'] === 'true'
  );
}
