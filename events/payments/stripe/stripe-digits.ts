// How Stripe counts money where that is not as ISO 4217 says
// (<https://docs.stripe.com/currencies>, "Minor units in API amounts" and "Special cases").

import type { ProviderDigits } from '../provider-units.ts';

/** Digits behind the point at Stripe. HUF and TWD, special only in payouts, are as in ISO 4217. */
export const STRIPE_DIGITS: ProviderDigits = new Map([
  // Without minor units since 2008 and 2013, and in hundredths at Stripe, which must be 00.
  ['ISK', 2],
  ['UGX', 2],
  // One ariary is 5 iraimbilanja; Stripe counts whole ones.
  ['MGA', 0],
]);

/** Currencies of three digits whose last one must be 0 at Stripe. */
const LAST_DIGIT_ZERO: ReadonlySet<string> = new Set(['BHD', 'JOD', 'KWD', 'OMR', 'TND']);

/** Why Stripe cannot take an amount in its own unit; null where it can. */
export function amountProblem(amount: number, currency: string): string | null {
  if (!LAST_DIGIT_ZERO.has(currency) || amount % 10 === 0) return null;
  return `Stripe takes no amount in ${currency} whose last digit is not 0.`;
}
