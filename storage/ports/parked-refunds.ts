// The parked refunds port: refunds that the payment provider refused for good, or whose calls never
// succeeded. They are stored apart from the journals' positions, so that they hold up nothing
// behind them (P6). The store knows no rules of refunds: callers read a refund, make the next one
// with `events/payments/parked-refund.ts`, and replace it by compare-and-set.

import type { Page, PageRequest } from '../../contracts/paging.ts';
import type { ParkedRefund, RefundState } from '../../contracts/refunds.ts';
import type { KeyedRequest } from '../../contracts/requests.ts';
import type { Answered, RequestLog } from './requests.ts';

export interface ParkedRefunds {
  /** Kept answers to requests about parked refunds. */
  readonly requests: RequestLog;
  /**
   * Stores a refund. One with the same id that is stored already stays as it is, whatever its
   * state. One atomic step, durable when it resolves. False: as many refunds as the bound allows
   * are `parked` or `retrying`, and this one was not stored. Errors: `store-unavailable`.
   */
  park(refund: ParkedRefund): Promise<boolean>;
  /**
   * Replaces the refund with its id where the stored revision is `refund.revision - 1`; false where
   * it is not, or where none is stored. One atomic step, durable when it resolves. The same step
   * removes the oldest refunds of a final state past the bound. Errors:
   * `store-unavailable`.
   */
  replace(refund: ParkedRefund): Promise<boolean>;
  /**
   * As `replace`, at most once for the request: the same step keeps the answer (H11). Null: nothing
   * was replaced, and nothing is kept. Errors: `store-unavailable`.
   */
  replaceOnce(
    request: KeyedRequest,
    refund: ParkedRefund,
    answer: string,
  ): Promise<Answered<string | null>>;
  /** Errors: `store-unavailable`. */
  find(id: string): Promise<ParkedRefund | null>;
  /**
   * By `parkedAt`, newest first; of all states where `state` is null. Errors: `invalid-cursor`,
   * `store-unavailable`.
   */
  list(state: RefundState | null, page: PageRequest): Promise<Page<ParkedRefund>>;
  /**
   * At most `limit` refunds with `nextAttemptAt` at or before `time` (milliseconds since the Unix
   * epoch), earliest first. Errors: `store-unavailable`.
   */
  due(time: number, limit: number): Promise<readonly ParkedRefund[]>;
  /** How many refunds are in a state. Errors: `store-unavailable`. */
  count(state: RefundState): Promise<number>;
}

/** Refunds that are `parked` or `retrying`; those that are `done`; those that are `dismissed`. */
export const PARKED_REFUNDS_MAX = 10_000;
