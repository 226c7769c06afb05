// The payment problems port: the payments of all drops that operators must look at. A projection of
// the journals (`projection.ts`), whose positions are those of the consumer with its name in
// `ConsumerPositions`. An empty store that gets all entries again has the same list.

import type { Page, PageRequest } from '../../contracts/paging.ts';
import type {
  PaymentProblem,
  ProblemCount,
  ProblemFilter,
  ProblemKind,
  ProblemOutcome,
} from '../../contracts/payment-problems.ts';
import type { ProjectionBatch } from './projection.ts';

export type ProblemChange =
  | { readonly type: 'opened'; readonly problem: PaymentProblem }
  | {
      readonly type: 'closed';
      readonly id: string;
      readonly kind: ProblemKind;
      readonly outcome: ProblemOutcome;
      readonly closedAt: number;
      /** It closes a problem of at most this amount; null: any. */
      readonly amount: number | null;
    };

export interface PaymentProblems {
  /**
   * For each batch above the consumer's position in its shard, in order: adds the problems that are
   * opened, where the store has none with their id, and closes those that are open. The same step
   * removes the oldest of each kind past the bound. One atomic, durable step with the positions, so
   * a repeated call changes nothing. Errors: `store-unavailable`.
   */
  store(batches: readonly ProjectionBatch<ProblemChange>[]): Promise<void>;
  /**
   * By `openedAt`, then id, newest first. Errors: `invalid-cursor`, `store-unavailable`.
   */
  list(filter: ProblemFilter, page: PageRequest): Promise<Page<PaymentProblem>>;
  /** Of every kind, open and not. Errors: `store-unavailable`. */
  counts(): Promise<readonly ProblemCount[]>;
}

/** The name of the consumer whose positions it moves. */
export const PAYMENT_PROBLEMS_CONSUMER = 'payment-problems';
/** Stored of each kind. */
export const PROBLEMS_OF_KIND_MAX = 10_000;
