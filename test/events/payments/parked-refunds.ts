// Parked refunds for tests.

import type { ParkedRefund } from '../../../contracts/refunds.ts';
import { NOW } from '../../services/harness.ts';

export function parkedRefund(change: Partial<ParkedRefund> = {}): ParkedRefund {
  return {
    id: 'rf_0123456789abcdef01234567',
    orderId: 'd_1-0',
    dropId: 'd_1',
    creatorId: 'u_creator',
    reference: 'ref',
    amount: 2_500,
    currency: 'EUR',
    refundReason: null,
    state: 'parked',
    refused: true,
    reason: 'The card was closed.',
    attempts: 1,
    firstAttemptAt: NOW,
    lastAttemptAt: NOW,
    parkedAt: NOW,
    nextAttemptAt: null,
    dismissal: null,
    revision: 0,
    ...change,
  };
}
