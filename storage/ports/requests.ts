// The requests port: what was answered to requests with an Idempotency-Key outside the drops (H11).
// A store that changes something for such a request keeps its answer in the same atomic step, so a
// repeat gets that answer, and never a second effect. Answers end by themselves after their
// lifetime, by the store's time; none is evicted before. Past a bound a further request is refused.

import type { KeyedRequest } from '../../contracts/requests.ts';

/** For this long an answer is given again. */
export const REQUEST_LIFETIME_MS = 24 * 60 * 60 * 1_000;
/** Kept answers of all callers together. A driver with parts gives each an equal share. */
export const REQUESTS_BYTES_MAX = 512 << 20;
/** Kept answers of one caller together, in equal shares too. */
export const REQUESTS_OF_CALLER_BYTES_MAX = 32 << 20;
/** Counted for each kept answer, beside its own bytes. */
export const REQUEST_OVERHEAD_BYTES = 256;

export interface RequestBounds {
  readonly lifetimeMs: number;
  readonly bytesMax: number;
  readonly callerBytesMax: number;
}

export const REQUEST_BOUNDS: RequestBounds = {
  lifetimeMs: REQUEST_LIFETIME_MS,
  bytesMax: REQUESTS_BYTES_MAX,
  callerBytesMax: REQUESTS_OF_CALLER_BYTES_MAX,
};

/** No room for a further answer: nothing was done. No answer ends before `retryAfterMs`. */
export interface NoRoom {
  readonly result: 'no-room';
  /** Whether the caller has used up their own share. */
  readonly ofCaller: boolean;
  readonly retryAfterMs: number;
}

export type Kept<T> =
  /** The first answer; nothing was done. */
  | { readonly result: 'repeated'; readonly value: T }
  /** The key was used for another request; nothing was done. */
  | { readonly result: 'reused' };

export type Answered<T> =
  /** Done just now, or refused: a refusal is not kept. */
  { readonly result: 'new'; readonly value: T } | Kept<T> | NoRoom;

export interface RequestLog {
  /** What is kept for the request; null where nothing is. Errors: `store-unavailable`. */
  find(request: KeyedRequest): Promise<Kept<string> | null>;
  /**
   * Keeps a value for the request, unless one is kept: then that one is the answer. One atomic
   * step, durable when it resolves. Errors: `store-unavailable`.
   */
  keep(request: KeyedRequest, value: string): Promise<Answered<string>>;
  /**
   * Removes the kept value; false where `value` is not what is kept. Atomic and durable. Errors:
   * `store-unavailable`.
   */
  remove(request: KeyedRequest, value: string): Promise<boolean>;
}
