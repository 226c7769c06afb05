// Every refusal the product can give, by its stable code. A refusal is a value that callers branch on; a fault is thrown.
// `gateway/http/problems.ts` turns each code into an HTTP status and a title; nothing else knows about HTTP.

export type RefusalCode =
  | 'sold-out'
  | 'insufficient-stock'
  | 'drop-not-live'
  | 'drop-already-started'
  | 'drop-ended'
  | 'limit-per-user'
  | 'hold-expired'
  | 'order-not-cancellable'
  | 'order-not-refundable'
  | 'idempotency-key-missing'
  | 'idempotency-key-reused'
  | 'email-taken'
  | 'invalid-request'
  | 'unauthenticated'
  | 'forbidden'
  | 'not-found'
  | 'rate-limited'
  | 'overloaded'
  | 'unavailable';

export interface Refusal {
  readonly ok: false;
  readonly code: RefusalCode;
  /** One sentence for the person who made the request; never internal text. */
  readonly detail?: string;
  /** The drop's version the refusal was decided at, where a drop decided it (O8). */
  readonly version?: number;
}

export interface Success<T> {
  readonly ok: true;
  readonly value: T;
}

export type Outcome<T> = Success<T> | Refusal;

export function success<T>(value: T): Success<T> {
  return { ok: true, value };
}

export function refusal(code: RefusalCode, detail?: string): Refusal {
  return detail === undefined ? { ok: false, code } : { ok: false, code, detail };
}
