// One Stripe account in memory: payment intents, their charges, refunds and disputes, what each
// call does with them, and the events that tell of it. It checks what it gets as Stripe does.

import { randomBytes } from 'node:crypto';
import {
  metadataOf,
  missing,
  moneyOf,
  refused,
  unexpectedState,
  unknownField,
} from './request-checks.ts';
import { countIn, fieldsIn, type FormFields, textIn } from './request-form.ts';
import {
  type ApiAnswer,
  badParameter,
  type Charge,
  type Dispute,
  done,
  failed,
  type Intent,
  type Refund,
  type StandInEvent,
  type StandInObject,
} from './stand-in-objects.ts';

/** Stripe's own test cards, and one means of payment that is charged at once. */
export const PAYMENT_METHODS = {
  pm_card_visa: 'authorised',
  pm_card_chargeDeclined: 'declined',
  pm_card_createDispute: 'disputed',
  pm_stand_in_at_once: 'paid',
} as const;
type PaymentMethod = keyof typeof PAYMENT_METHODS;

const API_VERSION = '2026-10-28.endive';
const EVENTS_KEPT_MAX = 100_000;
const CANCELLABLE: ReadonlySet<string> = new Set([
  'requires_payment_method',
  'requires_confirmation',
  'requires_action',
  'requires_capture',
]);

export interface StandInAccountOptions {
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
}

export class StandInAccount {
  readonly intents = new Map<string, Intent>();
  readonly charges = new Map<string, Charge>();
  readonly refunds = new Map<string, Refund>();
  readonly disputes = new Map<string, Dispute>();
  /** Not taken by `takeEvents` yet, oldest first. */
  #events: StandInEvent[] = [];
  readonly #now: () => number;

  constructor(options: StandInAccountOptions) {
    this.#now = options.now;
  }

  takeEvents(): readonly StandInEvent[] {
    const events = this.#events;
    this.#events = [];
    return events;
  }

  createIntent(form: FormFields): ApiAnswer {
    const problem = unknownField(form, [
      'amount',
      'currency',
      'automatic_payment_methods',
      'payment_method_options',
      'metadata',
      'description',
    ]);
    if (problem !== null) return problem;
    const money = moneyOf(form);
    if ('status' in money) return money;
    const metadata = metadataOf(form);
    if ('status' in metadata) return metadata;
    const card = fieldsIn(fieldsIn(form, 'payment_method_options'), 'card');
    const byHand = textIn(card, 'capture_method');
    if (byHand !== null && byHand !== 'manual')
      return badParameter('payment_method_options[card][capture_method]', 'It must be manual.');
    const id = newId('pi');
    const intent: Intent = {
      id,
      object: 'payment_intent',
      ...money,
      amount_capturable: 0,
      amount_received: 0,
      cancellation_reason: null,
      capture_method: byHand === null ? 'automatic_async' : 'manual',
      client_secret: `${id}_secret_${randomBytes(12).toString('hex')}`,
      created: this.#seconds(),
      last_payment_error: null,
      latest_charge: null,
      livemode: false,
      metadata: metadata.values,
      status: 'requires_payment_method',
    };
    this.intents.set(id, intent);
    this.#tell('payment_intent.created', intent);
    return done({ ...intent });
  }

  showIntent(id: string, expand: readonly string[]): ApiAnswer {
    const intent = this.intents.get(id);
    if (intent === undefined) return missing(`payment_intent: '${id}'`);
    const charge = intent.latest_charge === null ? null : this.charges.get(intent.latest_charge)!;
    if (charge === null || !expand.some((path) => path.startsWith('latest_charge')))
      return done({ ...intent });
    const all = [...this.refunds.values()].filter((refund) => refund.charge === charge.id);
    const refunds = { object: 'list', data: all.slice(0, 10), has_more: all.length > 10 };
    const shown = expand.includes('latest_charge.refunds') ? { ...charge, refunds } : charge;
    return done({ ...intent, latest_charge: shown });
  }

  /** What the buyer's device does, with the secret that it was given. */
  confirmIntent(id: string, form: FormFields): ApiAnswer {
    const intent = this.intents.get(id);
    if (intent === undefined) return missing(`payment_intent: '${id}'`);
    const method = textIn(form, 'payment_method');
    if (method === null || !(method in PAYMENT_METHODS))
      return badParameter('payment_method', `No such PaymentMethod: '${method ?? ''}'`);
    if (intent.status !== 'requires_payment_method') return unexpectedState(intent, 'confirm');
    const kind = PAYMENT_METHODS[method as PaymentMethod];
    const charge = this.#charge(intent, kind !== 'declined');
    intent.latest_charge = charge.id;
    if (kind === 'declined') return this.#decline(intent, charge);
    intent.last_payment_error = null;
    if (intent.capture_method === 'manual' && kind !== 'paid') {
      intent.status = 'requires_capture';
      intent.amount_capturable = intent.amount;
      this.#tell('payment_intent.amount_capturable_updated', intent);
    } else this.#take(intent, charge);
    if (kind === 'disputed') this.dispute(intent.id);
    return done({ ...intent });
  }

  captureIntent(id: string, form: FormFields): ApiAnswer {
    const intent = this.intents.get(id);
    if (intent === undefined) return missing(`payment_intent: '${id}'`);
    const problem = unknownField(form, []);
    if (problem !== null) return problem;
    if (intent.status !== 'requires_capture') return unexpectedState(intent, 'capture');
    this.#take(intent, this.charges.get(intent.latest_charge!)!);
    return done({ ...intent });
  }

  cancelIntent(id: string, form: FormFields): ApiAnswer {
    const intent = this.intents.get(id);
    if (intent === undefined) return missing(`payment_intent: '${id}'`);
    const problem = unknownField(form, ['cancellation_reason']);
    if (problem !== null) return problem;
    const reason = textIn(form, 'cancellation_reason');
    if (
      reason !== null &&
      !/^(?:abandoned|duplicate|fraudulent|requested_by_customer)$/.test(reason)
    )
      return badParameter('cancellation_reason', `Invalid cancellation_reason: ${reason}`);
    if (!CANCELLABLE.has(intent.status)) return unexpectedState(intent, 'cancel');
    this.#void(intent, reason);
    return done({ ...intent });
  }

  createRefund(form: FormFields): ApiAnswer {
    const problem = unknownField(form, ['payment_intent', 'amount', 'metadata', 'reason']);
    if (problem !== null) return problem;
    const id = textIn(form, 'payment_intent') ?? '';
    const intent = this.intents.get(id);
    if (intent === undefined) return missing(`payment_intent: '${id}'`);
    const metadata = metadataOf(form);
    if ('status' in metadata) return metadata;
    const charge = this.charges.get(intent.latest_charge ?? '');
    if (charge === undefined || !charge.captured)
      return badParameter('payment_intent', 'The payment has no charge to refund.');
    const left = charge.amount_captured - charge.amount_refunded;
    const amount = form['amount'] === undefined ? left : countIn(form, 'amount');
    if (amount === null || amount < 1) return badParameter('amount', 'Invalid positive integer');
    if (left === 0) return refused('charge_already_refunded', 'The charge is refunded already.');
    if (charge.disputed) return refused('charge_disputed', 'The charge is disputed.');
    if (amount > left) return badParameter('amount', `Only ${left} is left to refund.`);
    return done({ ...this.#refund(charge, amount, metadata.values) });
  }

  listRefunds(query: FormFields): ApiAnswer {
    const ofIntent = textIn(query, 'payment_intent');
    const all = [...this.refunds.values()].filter(
      ({ payment_intent: id }) => ofIntent === null || id === ofIntent,
    );
    const after = all.findIndex(({ id }) => id === textIn(query, 'starting_after'));
    const limit = countIn(query, 'limit') ?? 10;
    const data = all.slice(after + 1, after + 1 + limit);
    const hasMore = after + 1 + limit < all.length;
    return done({ object: 'list', url: '/v1/refunds', data, has_more: hasMore });
  }

  /** A refund that was taken fails at the bank: the money is back at the account. */
  failRefund(id: string, reason: string): void {
    const refund = this.refunds.get(id)!;
    refund.status = 'failed';
    refund.failure_reason = reason;
    const charge = this.charges.get(refund.charge)!;
    charge.amount_refunded -= refund.amount;
    charge.refunded = false;
    this.#tell('refund.failed', refund);
  }

  /** The buyer's bank takes the money back for now. */
  dispute(intentId: string): Dispute {
    const charge = this.charges.get(this.intents.get(intentId)!.latest_charge!)!;
    charge.disputed = true;
    const dispute: Dispute = {
      id: newId('du'),
      object: 'dispute',
      amount: charge.amount,
      charge: charge.id,
      created: this.#seconds(),
      currency: charge.currency,
      metadata: {},
      payment_intent: charge.payment_intent,
      reason: 'fraudulent',
      status: 'needs_response',
    };
    this.disputes.set(dispute.id, dispute);
    this.#tell('charge.dispute.created', dispute);
    return dispute;
  }

  closeDispute(id: string, status: 'won' | 'lost'): void {
    const dispute = this.disputes.get(id)!;
    dispute.status = status;
    this.#tell('charge.dispute.closed', dispute);
  }

  /** The authorisation ends at the bank, or somebody cancels the payment at Stripe's dashboard. */
  voidIntent(id: string): void {
    this.#void(this.intents.get(id)!, 'automatic');
  }

  #decline(intent: Intent, charge: Charge): ApiAnswer {
    const message = 'Your card was declined.';
    const error = { code: 'card_declined', message, charge: charge.id };
    intent.last_payment_error = error;
    this.#tell('payment_intent.payment_failed', intent);
    const decline = { decline_code: 'generic_decline', payment_intent: { ...intent } };
    return failed(402, { type: 'card_error', ...error, ...decline });
  }

  #charge(intent: Intent, paid: boolean): Charge {
    const charge: Charge = {
      id: newId('ch'),
      object: 'charge',
      amount: intent.amount,
      amount_captured: 0,
      amount_refunded: 0,
      captured: false,
      created: this.#seconds(),
      currency: intent.currency,
      disputed: false,
      metadata: { ...intent.metadata },
      paid,
      payment_intent: intent.id,
      refunded: false,
      status: paid ? 'succeeded' : 'failed',
    };
    this.charges.set(charge.id, charge);
    return charge;
  }

  #take(intent: Intent, charge: Charge): void {
    charge.captured = true;
    charge.amount_captured = intent.amount;
    intent.amount_capturable = 0;
    intent.amount_received = intent.amount;
    intent.status = 'succeeded';
    this.#tell('payment_intent.succeeded', intent);
  }

  #void(intent: Intent, reason: string | null): void {
    const charge = this.charges.get(intent.latest_charge ?? '');
    const wasAuthorised = intent.status === 'requires_capture';
    intent.status = 'canceled';
    intent.cancellation_reason = reason;
    intent.amount_capturable = 0;
    if (wasAuthorised && charge !== undefined) {
      charge.refunded = true;
      charge.amount_refunded = charge.amount;
      this.#tell('charge.refunded', charge);
    }
    this.#tell('payment_intent.canceled', intent);
  }

  #refund(charge: Charge, amount: number, metadata: Record<string, string>): Refund {
    charge.amount_refunded += amount;
    charge.refunded = charge.amount_refunded === charge.amount_captured;
    const refund: Refund = {
      id: newId('re'),
      object: 'refund',
      amount,
      charge: charge.id,
      created: this.#seconds(),
      currency: charge.currency,
      metadata,
      payment_intent: charge.payment_intent,
      status: 'succeeded',
    };
    this.refunds.set(refund.id, refund);
    this.#tell('charge.refunded', charge);
    return refund;
  }

  #tell(type: string, object: StandInObject): void {
    if (this.#events.length >= EVENTS_KEPT_MAX) this.#events.shift();
    this.#events.push({
      id: newId('evt'),
      object: 'event',
      api_version: API_VERSION,
      created: this.#seconds(),
      livemode: false,
      type,
      data: { object: structuredClone(object) },
    });
  }

  #seconds(): number {
    return Math.floor(this.#now() / 1_000);
  }
}

function newId(kind: string): string {
  return `${kind}_${randomBytes(12).toString('hex')}`;
}
