// What Stripe's API shows of payments, as far as LiveDrops uses it, with the types of Stripe's own
// package.

import type { Stripe } from 'stripe';

export type Intent = Pick<
  Stripe.PaymentIntent,
  | 'id'
  | 'object'
  | 'amount'
  | 'amount_capturable'
  | 'amount_received'
  | 'cancellation_reason'
  | 'capture_method'
  | 'client_secret'
  | 'created'
  | 'currency'
  | 'livemode'
  | 'metadata'
  | 'status'
> & {
  latest_charge: string | null;
  last_payment_error: (Pick<Stripe.StripeRawError, 'code' | 'message'> & { charge: string }) | null;
};

export type Charge = Pick<
  Stripe.Charge,
  | 'id'
  | 'object'
  | 'amount'
  | 'amount_captured'
  | 'amount_refunded'
  | 'captured'
  | 'created'
  | 'currency'
  | 'disputed'
  | 'metadata'
  | 'paid'
  | 'refunded'
  | 'status'
> & { payment_intent: string };

export type Refund = Pick<
  Stripe.Refund,
  'id' | 'object' | 'amount' | 'created' | 'currency' | 'metadata' | 'status' | 'failure_reason'
> & { charge: string; payment_intent: string };

export type Dispute = Pick<
  Stripe.Dispute,
  'id' | 'object' | 'amount' | 'created' | 'currency' | 'metadata' | 'reason' | 'status'
> & { charge: string; payment_intent: string };

export type StandInObject = Intent | Charge | Refund | Dispute;

export interface StandInEvent {
  readonly id: string;
  readonly object: 'event';
  readonly api_version: string;
  readonly created: number;
  readonly livemode: false;
  readonly type: string;
  readonly data: { readonly object: StandInObject };
}

/** An error of the API, as Stripe's own package reads it. */
export interface ApiError {
  readonly type:
    | 'api_error'
    | 'card_error'
    | 'idempotency_error'
    | 'invalid_request_error'
    | 'rate_limit_error';
  readonly message: string;
  readonly code?: string;
  readonly decline_code?: string;
  readonly param?: string;
  readonly charge?: string;
  readonly payment_intent?: object;
}

export interface ApiAnswer {
  readonly status: number;
  readonly body: object;
  /**
   * Refused before it was executed: not kept under its idempotency key
   * (<https://docs.stripe.com/api/idempotent_requests>).
   */
  readonly unexecuted?: true;
}

export function done(body: object): ApiAnswer {
  return { status: 200, body };
}

export function failed(status: number, error: ApiError): ApiAnswer {
  return { status, body: { error } };
}

/** A parameter that is missing, unknown or not valid. */
export function badParameter(
  param: string,
  message: string,
  code = 'parameter_invalid',
): ApiAnswer {
  const error: ApiError = { type: 'invalid_request_error', code, param, message };
  return { ...failed(400, error), unexecuted: true };
}
