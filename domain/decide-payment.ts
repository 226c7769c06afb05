// What a drop does when the provider tells of a payment. The rule behind all of it (P4a): whatever
// was paid, in whatever order the calls come and however often, has an order or a refund.

import type {
  GetOrderPayments,
  PreparePayment,
  RecordPayment,
  SettlePayment,
} from '../contracts/commands.ts';
import type { DropEvent } from '../contracts/drop-events.ts';
import type { Payment } from '../contracts/payments.ts';
import type { Refusal } from '../contracts/refusals.ts';
import { aboutOrder, type Decision, isBuyer, mayManage, ordinalIn } from './decision.ts';
import type { DropState } from './drop-state.ts';
import { DISPUTES_MAX, disputesOf } from './order-disputes.ts';
import { paymentsOf, STORED_PAYMENTS_MAX, wasPaid } from './order-payments.ts';
import { refusal } from './refusal.ts';

/** Declined attempts that are stored of one order: further ones change nothing. */
const DECLINED_MAX = STORED_PAYMENTS_MAX / 2;

/** Below feature level 2: with the events of level 0 only. */
export function decideSettle(state: DropState, command: SettlePayment): Decision | Refusal {
  const ordinal = ordinalIn(state, command.orderId);
  if (ordinal < 0 || state.payment !== 'provider') return refusal('not-found');
  if (!command.succeeded) return decideEnd(state, ordinal, command.reference);
  // A success that comes again finds the order confirmed, refunded, or its refund asked for:
  // nothing is left to do.
  return isSettled(state, ordinal)
    ? aboutOrder(ordinal)
    : decideSettled(state, ordinal, command.reference);
}

export function decidePayment(state: DropState, command: RecordPayment): Decision | Refusal {
  const ordinal = ordinalIn(state, command.orderId);
  if (ordinal < 0 || state.payment !== 'provider') return refusal('not-found');
  const payments = paymentsOf(state, ordinal);
  const known = payments.find(({ reference }) => reference === command.reference) ?? null;
  switch (command.outcome) {
    case 'succeeded':
      return known !== null && wasPaid(known)
        ? aboutOrder(ordinal)
        : decideSuccess(state, ordinal, command);
    case 'failed':
      return decideDeclined(state, ordinal, command.reference, payments);
    case 'cancelled':
      return known !== null && wasPaid(known)
        ? aboutOrder(ordinal)
        : decideEnd(state, ordinal, command.reference);
    case 'refunded':
      return decideRefunded(state, ordinal, command, known);
    case 'voided':
      return decideVoided(state, ordinal, command.reference, known);
    case 'disputed':
    case 'dispute-won':
    case 'dispute-lost':
      return decideDispute(state, ordinal, command, known);
  }
}

/**
 * A dispute changes no order (P7). One whose end is told first is opened and closed at once; what
 * is told again changes nothing.
 */
function decideDispute(
  state: DropState,
  ordinal: number,
  command: RecordPayment,
  known: Payment | null,
): Decision | Refusal {
  // Nobody can want back what was not paid: the provider tells of the payment first, or again.
  if (known === null || known.status === 'pending') return refusal('not-found');
  const { reference, outcome } = command;
  const disputes = disputesOf(state.orders.payments(ordinal));
  const dispute = disputes.find((one) => one.reference === reference);
  const events: DropEvent[] = [];
  if (dispute === undefined && disputes.length < DISPUTES_MAX) {
    const { amount, currency } = known;
    const about = { amount: command.amount ?? amount, currency: command.currency ?? currency };
    events.push({ type: 'payment-disputed', ordinal, reference, ...about });
  }
  const isOpen = events.length > 0 || dispute?.status === 'open';
  if (outcome !== 'disputed' && isOpen) {
    const ended = outcome === 'dispute-won' ? 'won' : 'lost';
    events.push({ type: 'dispute-closed', ordinal, reference, outcome: ended });
  }
  return aboutOrder(ordinal, ...events);
}

/** The first payment that is prepared while the hold lasts is the order's. */
export function decidePrepare(
  state: DropState,
  { orderId, reference }: PreparePayment,
  now: number,
): Decision | Refusal {
  const ordinal = ordinalIn(state, orderId);
  if (ordinal < 0 || state.payment !== 'provider') return refusal('not-found');
  const waits = state.orders.isReserved(ordinal) && !state.holds.isPrepared(ordinal);
  return waits && state.status !== 'cancelled' && state.holds.deadline(ordinal) > now
    ? aboutOrder(ordinal, { type: 'payment-prepared', ordinal, reference })
    : aboutOrder(ordinal);
}

export function decideGetPayments(
  state: DropState,
  { orderId, caller }: GetOrderPayments,
): Decision | Refusal {
  const ordinal = ordinalIn(state, orderId);
  if (ordinal < 0) return refusal('not-found');
  return isBuyer(state, ordinal, caller.userId) || mayManage(state, caller)
    ? aboutOrder(ordinal)
    : refusal('not-found');
}

/** A payment of which no success was known (P2a, P4a). */
function decideSuccess(
  state: DropState,
  ordinal: number,
  command: RecordPayment,
): Decision | Refusal {
  const total = state.totalOf(ordinal);
  const { reference, amount: paid, currency: paidIn } = command;
  const amount = paid ?? total;
  const currency = paidIn ?? state.currency;
  const isWrong = amount !== total || currency !== state.currency;
  const isSecond = isSettled(state, ordinal);
  if (!isWrong && !isSecond) return decideSettled(state, ordinal, reference);
  // Nothing was paid, so there is nothing to refund.
  if (amount === 0) return aboutOrder(ordinal);
  const reason = isWrong ? 'wrong-amount' : 'order-settled';
  const type = 'payment-rejected';
  return aboutOrder(ordinal, { type, ordinal, reference, amount, currency, reason });
}

/** The right payment of an order that nothing has settled. */
function decideSettled(state: DropState, ordinal: number, reference: string): Decision {
  const status = state.orders.status(ordinal);
  if (status === 'reserved') {
    return state.status === 'cancelled'
      ? aboutOrder(
          ordinal,
          { type: 'order-cancelled', ordinal },
          { type: 'refund-requested', ordinal, reference },
        )
      : aboutOrder(ordinal, { type: 'order-confirmed', ordinal, reference });
  }
  const quantity = state.orders.quantity(ordinal);
  const pass = state.orders.pass(ordinal);
  const canTakeAgain =
    (status === 'expired' || status === 'failed') &&
    state.status !== 'cancelled' &&
    quantity <= state.free &&
    state.userUnits[state.orders.user(ordinal)]! + quantity <= state.limitPerUser &&
    (pass === undefined || state.passUses!.hasRoom(pass, quantity));
  return canTakeAgain
    ? aboutOrder(ordinal, { type: 'order-confirmed-late', ordinal, reference })
    : aboutOrder(ordinal, { type: 'refund-requested', ordinal, reference });
}

/** One attempt was declined (P3a): recorded once for each reference. */
function decideDeclined(
  state: DropState,
  ordinal: number,
  reference: string,
  payments: readonly Payment[],
): Decision {
  const isKnown = payments.some(
    (payment) => payment.reference === reference && payment.status !== 'pending',
  );
  const declined = payments.filter(({ status }) => status === 'failed').length;
  return !state.orders.isReserved(ordinal) || isKnown || declined >= DECLINED_MAX
    ? aboutOrder(ordinal)
    : aboutOrder(ordinal, { type: 'payment-declined', ordinal, reference });
}

/** The order will not be paid. */
function decideEnd(state: DropState, ordinal: number, reference: string): Decision {
  return state.orders.isReserved(ordinal)
    ? aboutOrder(ordinal, { type: 'order-failed', ordinal, reference })
    : aboutOrder(ordinal);
}

/**
 * The order's payment will not come, even where it was authorised and has confirmed the order. Of a
 * payment that was never prepared for the order, nothing follows.
 */
function decideVoided(
  state: DropState,
  ordinal: number,
  reference: string,
  known: Payment | null,
): Decision {
  if (known === null || known.reference !== state.orderView(ordinal).paymentReference)
    return aboutOrder(ordinal);
  if (known.status === 'pending') return decideEnd(state, ordinal, reference);
  return known.status === 'succeeded' && state.orders.status(ordinal) === 'confirmed'
    ? aboutOrder(ordinal, { type: 'payment-voided', ordinal, reference })
    : aboutOrder(ordinal);
}

/**
 * The provider has refunded some or all of a payment, whoever asked for it (P3a). `command.amount`
 * is the sum so far, so calls may come twice and in any order.
 */
function decideRefunded(
  state: DropState,
  ordinal: number,
  command: RecordPayment,
  known: Payment | null,
): Decision | Refusal {
  const { reference } = command;
  const currency = command.currency ?? known?.currency ?? state.currency;
  if (known !== null && currency !== known.currency)
    return refusal('invalid-request', 'The payment is in another currency.');
  const total = currency === state.currency ? state.totalOf(ordinal) : (command.amount ?? 0);
  const paid = known?.amount ?? total;
  const amount = Math.min(command.amount ?? paid, paid);
  if (amount <= (known?.refundedAmount ?? 0)) return aboutOrder(ordinal);
  const refunded = { type: 'payment-refunded', ordinal, reference, amount, currency } as const;
  const ofOrder = known?.status === 'succeeded';
  return ofOrder && amount === paid
    ? aboutOrder(ordinal, refunded, { type: 'order-refunded-at-provider', ordinal })
    : aboutOrder(ordinal, refunded);
}

/** Whether a payment has settled the order: it is paid for, or its refund is asked for. */
function isSettled({ orders }: DropState, ordinal: number): boolean {
  const status = orders.status(ordinal);
  if (status === 'confirmed' || status === 'refunded') return true;
  return orders.refundRequested(ordinal);
}
