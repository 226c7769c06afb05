// What the stand-in refuses: parameters that Stripe would not take, and states that do not allow a
// call.

import { minorDigits } from '../../contracts/currencies.ts';
import { STRIPE_DIGITS } from '../../events/payments/stripe/stripe-digits.ts';
import { countIn, fieldsIn, type FormFields, textIn } from './request-form.ts';
import { type ApiAnswer, badParameter, failed, type Intent } from './stand-in-objects.ts';

const METADATA_KEYS_MAX = 50;
const METADATA_VALUE_LENGTH_MAX = 500;
/** About half a unit of money. */
const AMOUNT_MIN = 50;
const AMOUNT_MAX = 99_999_999_99;

export function moneyOf(form: FormFields): { amount: number; currency: string } | ApiAnswer {
  const amount = countIn(form, 'amount');
  const currency = textIn(form, 'currency') ?? '';
  const code = currency.toUpperCase();
  const digits = STRIPE_DIGITS.get(code) ?? minorDigits(code);
  if (amount === null)
    return badParameter('amount', 'Invalid integer', 'parameter_invalid_integer');
  if (digits === null || code === currency)
    return badParameter('currency', `Invalid currency: ${currency}`);
  if (amount < AMOUNT_MIN) return refused('amount_too_small', 'Amount must be at least 50.');
  if (amount > AMOUNT_MAX) return refused('amount_too_large', 'Amount must be below 10^10.');
  if (digits === 3 && amount % 10 !== 0)
    return badParameter('amount', `In ${currency} the last digit must be 0.`);
  if ((code === 'ISK' || code === 'UGX') && amount % 100 !== 0)
    return badParameter('amount', `In ${currency} the decimals must be 00.`);
  return { amount, currency };
}

export function metadataOf(form: FormFields): { values: Record<string, string> } | ApiAnswer {
  const values: Record<string, string> = {};
  for (const [name, value] of Object.entries(fieldsIn(form, 'metadata'))) {
    if (typeof value !== 'string' || value.length > METADATA_VALUE_LENGTH_MAX)
      return badParameter(`metadata[${name}]`, 'It must be a text of at most 500 characters.');
    values[name] = value;
  }
  return Object.keys(values).length > METADATA_KEYS_MAX
    ? badParameter('metadata', 'There are at most 50 keys.')
    : { values };
}

export function unknownField(form: FormFields, known: readonly string[]): ApiAnswer | null {
  const unknown = Object.keys(form).find((name) => name !== 'expand' && !known.includes(name));
  if (unknown === undefined) return null;
  return badParameter(unknown, `Received unknown parameter: ${unknown}`, 'parameter_unknown');
}

export function missing(what: string): ApiAnswer {
  const error = { type: 'invalid_request_error', code: 'resource_missing' } as const;
  return failed(404, { ...error, message: `No such ${what}` });
}

export function refused(code: string, message: string): ApiAnswer {
  return failed(400, { type: 'invalid_request_error', code, message });
}

export function unexpectedState(intent: Intent, verb: string): ApiAnswer {
  return failed(400, {
    type: 'invalid_request_error',
    code: 'payment_intent_unexpected_state',
    message: `You cannot ${verb} this PaymentIntent because it has a status of ${intent.status}.`,
    payment_intent: { ...intent },
  });
}
