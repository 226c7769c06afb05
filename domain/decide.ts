// What a drop does with a command: pure, deterministic, in microseconds. A decision is the events
// to apply and what the answer is about; a refusal changes nothing. Time comes in as an argument,
// and never goes back within a shard.

import type {
  AddOrderDetails,
  AmendDrop,
  CancelDrop,
  CancelOrder,
  CommandAnswer,
  CreateDrop,
  DropCommand,
  GetOrder,
  PauseDrop,
  PlaceOrder,
  RefundOrder,
  ResumeDrop,
} from '../contracts/commands.ts';
import type { DropEvent } from '../contracts/drop-events.ts';
import type { ProvedPass } from '../contracts/passes.ts';
import type { Refusal, RefusalCode } from '../contracts/refusals.ts';
import { decideAmend, decideCancelDrop } from './decide-change.ts';
import { decideGetPayments, decidePayment, decidePrepare, decideSettle } from './decide-payment.ts';
import { decidePause, decideResume } from './decide-pause.ts';
import { decideRefund, refundOfRest } from './decide-refund.ts';
import {
  aboutDrop,
  aboutOrder,
  type Decision,
  isBuyer,
  isCount,
  isExactTotal,
  mayManage,
  NO_EVENTS,
  ordinalIn,
  refuse,
  TOO_MUCH,
} from './decision.ts';
import type { DropState } from './drop-state.ts';
import { fnv1a, orderId, paymentReference } from './ids.ts';
import { newestOrders } from './newest-orders.ts';
import { orderFilter } from './order-filter.ts';
import { disputedPayments } from './order-disputes.ts';
import { passTerms } from './pass.ts';
import { orderRefunds } from './order-refunds.ts';
import { refusal } from './refusal.ts';

/** Decides one command. `state` is null where the drop does not exist. */
export function decide(
  state: DropState | null,
  command: DropCommand,
  now: number,
): Decision | Refusal {
  if (command.type === 'create-drop') return decideKeyed(state, command, now);
  if (state === null) return refusal('not-found');
  switch (command.type) {
    case 'place-order':
      return decidePlace(state, command, now);
    case 'settle-payment':
      return decideSettle(state, command);
    case 'record-payment':
      return decidePayment(state, command);
    case 'prepare-payment':
      return decidePrepare(state, command, now);
    case 'get-order':
      return decideGetOrder(state, command);
    case 'get-order-payments':
      return decideGetPayments(state, command);
    case 'list-orders':
      return mayManage(state, command.caller) ? aboutDrop(NO_EVENTS) : refusal('forbidden');
    case 'cancel-order':
      return decideCancelOrder(state, command, now);
    case 'add-order-details':
      return decideAddDetails(state, command, now);
    case 'refund-order':
    case 'amend-drop':
    case 'cancel-drop':
    case 'pause-drop':
    case 'resume-drop':
      return decideKeyed(state, command, now);
    case 'get-drop':
    case 'get-order-filter':
      return aboutDrop(NO_EVENTS);
  }
}

type KeyedCommand = CreateDrop | AmendDrop | CancelDrop | PauseDrop | ResumeDrop | RefundOrder;

/**
 * Decides a command whose request may carry a key (H11): a request that was answered gets that
 * answer again, another one is noted with what it changes.
 */
function decideKeyed(
  state: DropState | null,
  command: KeyedCommand,
  now: number,
): Decision | Refusal {
  const { request } = command;
  if (request === undefined) return decideChange(state, command, now);
  const before = state?.answered?.find(request, now) ?? null;
  if (before !== null) {
    return before.fingerprint === request.fingerprint
      ? { ok: true, events: NO_EVENTS, ordinal: -1, replayed: true, first: before.answer }
      : refuse(state!, 'idempotency-key-reused');
  }
  const decision = decideChange(state, command, now);
  if (!decision.ok) return decision;
  const retryAfterMs = state?.answered?.waitMs(now) ?? 0;
  if (retryAfterMs > 0) return { ...refuse(state!, 'rate-limited', TOO_MANY), retryAfterMs };
  const { id, fingerprint } = request;
  const about = decision.ordinal < 0 ? null : decision.ordinal;
  const answered: DropEvent = { type: 'request-answered', id, fingerprint, about };
  return { ...decision, events: [...decision.events, answered] };
}

function decideChange(
  state: DropState | null,
  command: KeyedCommand,
  now: number,
): Decision | Refusal {
  if (command.type === 'create-drop') return decideCreate(state, command, now);
  if (state === null) return refusal('not-found');
  switch (command.type) {
    case 'refund-order':
      return decideRefund(state, command);
    case 'amend-drop':
      return decideAmend(state, command, now);
    case 'cancel-drop':
      return decideCancelDrop(state, command);
    case 'pause-drop':
      return decidePause(state, command, now);
    case 'resume-drop':
      return decideResume(state, command, now);
  }
}

/** The opening and the closing that are due at `now`: none, either, or both in their order. */
export function decideStatus(state: DropState, now: number): readonly DropEvent[] {
  const opens = state.status === 'upcoming' && now >= state.startsAt;
  const closes = (opens || state.status === 'live') && now >= state.endsAt;
  if (!opens && !closes) return NO_EVENTS;
  const events: DropEvent[] = [];
  if (opens) events.push({ type: 'drop-opened' });
  if (closes) events.push({ type: 'drop-closed' });
  return events;
}

/**
 * The events of orders that are due by themselves at `now`: holds that ended, or the rest of a
 * cancellation, oldest orders first. At most `limit`, and at least one where
 * `nextOrderDeadline` is not after `now`.
 */
export function decideDueOrders(
  state: DropState,
  now: number,
  limit: number,
): readonly DropEvent[] {
  const { orders } = state;
  const events: DropEvent[] = [];
  if (state.status === 'cancelled') {
    for (let ordinal = state.sweepCursor; ordinal < orders.size; ordinal++) {
      if (events.length === limit) break;
      const status = orders.status(ordinal);
      if (status === 'confirmed') events.push(refundOfRest(state, ordinal, undefined, null));
      if (status !== 'reserved') continue;
      const hasEnded = state.holds.deadline(ordinal) <= now;
      events.push({ type: hasEnded ? 'order-expired' : 'order-cancelled', ordinal });
    }
    return events;
  }
  for (const ordinal of state.holds.ended(now, limit))
    events.push({ type: 'order-expired', ordinal });
  return events;
}

/** The answer to a decided command, read off the state after its events were applied. */
export function answerTo(
  state: DropState,
  command: DropCommand,
  decision: Decision,
): CommandAnswer {
  if (command.type === 'place-order') {
    return {
      order: state.orderView(decision.ordinal, command.userId),
      replayed: decision.replayed,
    };
  }
  if (decision.first !== undefined) return decision.first;
  if (command.type === 'get-order-filter') return orderFilter(state, command.by);
  if (command.type === 'list-orders') return newestOrders(state, command);
  if (command.type === 'get-order-payments') {
    const { ordinal } = decision;
    return {
      items: disputedPayments(state, ordinal),
      refunds: orderRefunds(state, ordinal),
      readyInMs: state.holds.readyInMs(ordinal),
    };
  }
  return decision.ordinal < 0 ? state.view() : state.orderView(decision.ordinal);
}

const TOO_MANY = 'Too many requests with keys changed this drop in 24 hours.';

function decideCreate(
  state: DropState | null,
  command: CreateDrop,
  now: number,
): Decision | Refusal {
  // The same creation again, after an answer that was lost.
  if (state !== null) return aboutDrop(NO_EVENTS);
  const { terms, stock } = command;
  if (!(terms.startsAt < terms.endsAt))
    return refusal('invalid-request', 'startsAt must be before endsAt.');
  if (!(terms.endsAt > now)) return refusal('invalid-request', 'endsAt must be in the future.');
  if (!isCount(stock) || !isCount(terms.limitPerUser)) return refusal('invalid-request');
  if (!isExactTotal(stock, terms.unitAmount)) return refusal('invalid-request', TOO_MUCH);
  const created: DropEvent = {
    type: 'drop-created',
    terms,
    stock,
    ...(command.revision !== undefined && { revision: command.revision }),
  };
  return aboutDrop(now >= terms.startsAt ? [created, { type: 'drop-opened' }] : [created]);
}

function decidePlace(state: DropState, command: PlaceOrder, now: number): Decision | Refusal {
  const user = state.findUser(command.userId);
  if (user >= 0) {
    const existing = state.orders.find(user, fnv1a(command.userId), command.key);
    if (existing >= 0) {
      return isSameBody(state, existing, command)
        ? { ok: true, events: NO_EVENTS, ordinal: existing, replayed: true }
        : refuse(state, 'idempotency-key-reused');
    }
  }
  const { pass } = command;
  if (state.status === 'upcoming' && (pass === undefined || state.earlyAccessSeconds === 0))
    return { ...refuse(state, 'drop-not-live'), startsAt: state.startsAt };
  // The closing event may be late: no order is accepted once it is due.
  if (state.isOverAt(now)) return refuse(state, 'drop-ended');
  if (state.pause !== null) return refuse(state, 'drop-paused');
  if (!isCount(command.quantity))
    return refusal('invalid-request', 'quantity must be a positive whole number.');
  if (state.free === 0) return refuseBuyer(state, 'sold-out', user);
  if (pass === undefined) {
    if (state.access === 'pass') return refuse(state, 'pass-required');
  } else {
    const refused = refusePass(state, pass, command.quantity, user, now);
    if (refused !== null) return refused;
  }
  const units = user < 0 ? 0 : state.userUnits[user]!;
  if (units + command.quantity > state.limitPerUser)
    return refuseBuyer(state, 'limit-per-user', user);
  if (command.quantity > state.free) return refuseBuyer(state, 'insufficient-stock', user);
  const ordinal = state.orders.size;
  const placed = placedBy(command);
  if (state.payment === 'instant' || state.isPaidFor)
    return { ok: true, events: [placed], ordinal, replayed: false };
  // It costs nothing, so there is no payment to wait for (P5).
  const reference = paymentReference(orderId(state.id, ordinal));
  return aboutOrder(ordinal, placed, { type: 'order-confirmed', ordinal, reference });
}

/** Most orders have only the first four. */
function placedBy({ userId, key, quantity, metadata, pass }: PlaceOrder): DropEvent {
  const type = 'order-placed';
  if (metadata === undefined && pass === undefined) return { type, userId, key, quantity };
  return {
    type,
    userId,
    key,
    quantity,
    ...(metadata !== undefined && { metadata }),
    ...(pass !== undefined && { pass: pass.number }),
  };
}

/** Null where the pass is good for the order. `user` is -1 without an order. */
function refusePass(
  state: DropState,
  { number: pass, from }: ProvedPass,
  quantity: number,
  user: number,
  now: number,
): Refusal | null {
  const startsAt = state.status === 'upcoming' ? Math.max(from, state.opensAt) : from;
  if (now < startsAt) return { ...refuse(state, 'pass-not-yet'), startsAt };
  const isGood =
    state.passUses === null
      ? quantity <= passTerms(pass).units
      : !state.passUses.isSpent(pass) && state.passUses.hasRoom(pass, quantity);
  return isGood ? null : refuseBuyer(state, 'pass-used', user);
}

/** Names an order of the buyer that has units of the drop (O6a). `user` is -1 without an order. */
function refuseBuyer(state: DropState, code: RefusalCode, user: number): Refusal {
  const ordinal = user < 0 ? -1 : state.findOrderWithUnits(user);
  const refused = refuse(state, code);
  return ordinal < 0 ? refused : { ...refused, orderId: orderId(state.id, ordinal) };
}

/** What an order's body says is all that must be the same under one key (O3). */
function isSameBody(state: DropState, ordinal: number, command: PlaceOrder): boolean {
  const { orders } = state;
  return (
    orders.quantity(ordinal) === command.quantity &&
    orders.metadata(ordinal) === command.metadata &&
    orders.pass(ordinal) === command.pass?.number
  );
}

function decideGetOrder(state: DropState, command: GetOrder): Decision | Refusal {
  const ordinal = ordinalIn(state, command.orderId);
  return ordinal >= 0 && isBuyer(state, ordinal, command.userId)
    ? aboutOrder(ordinal)
    : refusal('not-found');
}

/** An order that is over without having been paid for takes none. */
function decideAddDetails(
  state: DropState,
  command: AddOrderDetails,
  now: number,
): Decision | Refusal {
  const ordinal = ordinalIn(state, command.orderId);
  if (ordinal < 0 || !isBuyer(state, ordinal, command.caller.userId)) return refusal('not-found');
  const status = state.orders.status(ordinal);
  const holdEnded = status === 'reserved' && state.holds.deadline(ordinal) <= now;
  if (holdEnded || status === 'failed' || status === 'cancelled' || status === 'expired')
    return refuse(state, 'order-over');
  if (state.orders.hasDetails(ordinal)) return aboutOrder(ordinal);
  return aboutOrder(ordinal, { type: 'order-details-added', ordinal });
}

function decideCancelOrder(
  state: DropState,
  command: CancelOrder,
  now: number,
): Decision | Refusal {
  const ordinal = ordinalIn(state, command.orderId);
  if (ordinal < 0 || !isBuyer(state, ordinal, command.caller.userId)) return refusal('not-found');
  const status = state.orders.status(ordinal);
  // Nothing else can follow, so the status itself tells a repeated request (H11).
  if (status === 'cancelled')
    return { ...aboutOrder(ordinal), replayed: command.request !== undefined };
  const holdEnded = state.holds.deadline(ordinal) <= now;
  if (status === 'expired' || (status === 'reserved' && holdEnded))
    return refuse(state, 'hold-expired');
  if (status !== 'reserved') return refuse(state, 'order-not-cancellable');
  return aboutOrder(ordinal, { type: 'order-cancelled', ordinal });
}
