// A payment that operators must look at, for tests.

import type { PaymentProblem } from '../../../contracts/payment-problems.ts';

export function paymentProblem(change: Partial<PaymentProblem> = {}): PaymentProblem {
  return {
    id: 'pp_0123456789abcdef01234567',
    kind: 'rejected',
    open: true,
    orderId: 'd_1-0',
    dropId: 'd_1',
    creatorId: 'u_creator',
    reference: 'ref',
    amount: 1,
    currency: 'JPY',
    orderAmount: 2_500,
    orderCurrency: 'EUR',
    reason: 'wrong-amount',
    outcome: null,
    openedAt: Date.parse('2027-01-15T08:00:00.000Z'),
    closedAt: null,
    ...change,
  };
}
