// Payments that operators must look at, over all drops (P2a, P7).

import { Type } from 'typebox';
import { list, paging } from './paging.ts';
import { PaymentRejection } from './payments.ts';
import type { Plain } from './plain.ts';
import { PROBLEM_KINDS } from './problem-kinds.ts';
import { count, currencyCode, STRICT, time } from './scalars.ts';
import { wire } from './wire.ts';

export const ProblemKind = Type.Enum([...PROBLEM_KINDS], { type: 'string' });
export type ProblemKind = Plain<typeof ProblemKind>;

export const ProblemOutcome = Type.Enum(['refunded', 'won', 'lost'], { type: 'string' });
export type ProblemOutcome = Plain<typeof ProblemOutcome>;

export const PaymentProblem = Type.Object(
  {
    /** One for each kind of each payment of an order. */
    id: Type.String(),
    kind: ProblemKind,
    open: Type.Boolean({
      description:
        'A dispute: it has no outcome yet. A rejected payment: the provider has not told that ' +
        'all of it is refunded. A voided one is never open.',
    }),
    orderId: Type.String(),
    dropId: Type.String(),
    creatorId: Type.String(),
    /** The provider's reference for the payment. */
    reference: Type.String(),
    amount: Type.Integer({
      minimum: 0,
      description: 'what was paid, or is disputed, in the minor unit of `currency`',
    }),
    currency: currencyCode,
    /** What the order costs, in the minor unit of its currency. */
    orderAmount: count,
    orderCurrency: currencyCode,
    reason: Type.Union([PaymentRejection, Type.Null()], {
      description: 'of a rejected payment: why it does not pay for its order',
    }),
    outcome: Type.Union([ProblemOutcome, Type.Null()]),
    openedAt: time,
    closedAt: Type.Union([time, Type.Null()]),
  },
  { title: 'PaymentProblem' },
);
export type PaymentProblem = Plain<typeof PaymentProblem>;

/** What is absent selects nothing. */
export interface ProblemFilter {
  readonly kind?: ProblemKind;
  readonly open?: boolean;
}

/** How many problems of the whole store are open, and how many are not. */
export interface ProblemCount {
  readonly kind: ProblemKind;
  readonly open: boolean;
  readonly count: number;
}

// On the wire

export const ProblemQuery = Type.Object(
  {
    kind: Type.Optional(ProblemKind),
    open: Type.Optional(Type.Boolean()),
    ...paging,
  },
  STRICT,
);
export const ProblemPage = list(wire(PaymentProblem), 'PaymentProblemPage');
