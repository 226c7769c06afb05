// Refunds that the payment provider did not make, as operators see them (P6), and what operators
// can do about them.

import { Type } from 'typebox';
import { REFUND_REASON_LENGTH_MAX } from './bounds.ts';
import { dryRun } from './operator.ts';
import { list, paging } from './paging.ts';
import { LINE } from './patterns.ts';
import type { Plain } from './plain.ts';
import { count, currencyCode, STRICT, textOrNull, time } from './scalars.ts';
import { REFUND_STATES } from './refund-states.ts';
import { inside, wire } from './wire.ts';

export const RefundState = Type.Enum([...REFUND_STATES], { type: 'string' });
export type RefundState = Plain<typeof RefundState>;

const timeOrNull = Type.Union([time, Type.Null()]);

export const ParkedRefund = Type.Object(
  {
    /** That of the refund at the provider: the same refund is parked once. */
    id: Type.String(),
    orderId: Type.String(),
    dropId: Type.String(),
    creatorId: Type.String(),
    /** The provider's reference for the payment. */
    reference: Type.String(),
    /** In the currency's minor unit. */
    amount: count,
    currency: currencyCode,
    /** Why the order is refunded, in the seller's words. */
    refundReason: textOrNull,
    state: RefundState,
    refused: Type.Boolean({
      description: 'true: the provider refused it for good, and only an operator retries it',
    }),
    reason: Type.String({ description: 'why the last attempt failed' }),
    attempts: Type.Integer({ minimum: 1, description: 'failed calls to the provider' }),
    firstAttemptAt: time,
    lastAttemptAt: time,
    parkedAt: time,
    nextAttemptAt: Type.Union(timeOrNull.anyOf, {
      description: 'null: it is not attempted by itself',
    }),
    /** The reason that an operator gave for dismissing it. */
    dismissal: textOrNull,
    /** Rises with each change, for compare-and-set. */
    revision: inside(count),
  },
  { title: 'ParkedRefund' },
);
export type ParkedRefund = Plain<typeof ParkedRefund>;

/** What a retry or a dismissal changes. */
export const RefundChange = Type.Object(
  { applied: Type.Boolean({ description: 'false for a dry run' }), refund: ParkedRefund },
  { title: 'RefundChange' },
);
export type RefundChange = Plain<typeof RefundChange>;

// On the wire

export const Dismissal = Type.Object(
  {
    reason: Type.String({ maxLength: REFUND_REASON_LENGTH_MAX, pattern: LINE }),
    dryRun,
  },
  { ...STRICT, title: 'Dismissal' },
);
export const RefundQuery = Type.Object({ state: Type.Optional(RefundState), ...paging }, STRICT);
export const RefundPage = list(wire(ParkedRefund), 'RefundPage');
export const RefundChangeBody = wire(RefundChange);
