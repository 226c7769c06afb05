// Payments: verifies the provider's webhook calls and tells the drop's actor what became of each
// payment (P2 to P4). The actor decides about the order, and what comes again changes nothing
// there. The log of webhook ids answers repeats cheaply. Calls are Standard Webhooks, or Stripe's
// (R5); whose they are is configuration.
//
// Below feature level 2 an owner may be older than these rules. Then a failure is final, amounts
// are not compared, and a refund made at the provider is `unavailable`: the provider calls again.

import type { Static } from 'typebox';
import { Compile } from 'typebox/compile';
import type { Clock } from '../actors/clock.ts';
import type { CommandRouter } from '../actors/command-router.ts';
import { parseOrderId } from '../domain/ids.ts';
import { refusal, success } from '../domain/refusal.ts';
import type { Outcome } from '../contracts/refusals.ts';
import type { FeatureLevels } from '../storage/ports/feature-level.ts';
import type { WebhookLog } from '../storage/ports/webhook-log.ts';
import {
  DISPUTE_CLOSED,
  OUTCOMES,
  type PaymentOutcome,
  Settlement,
  type StripeCall,
  type WebhookCall,
  WebhookEvent,
  WebhookId,
} from '../contracts/payments.ts';
import { amountHere, type ProviderDigits } from '../events/payments/provider-units.ts';
import { parkRefund } from '../events/payments/parked-refund.ts';
import { parkRecorded, type RefundStores } from '../events/payments/refund-record.ts';
import { ACCEPTED, type PaymentProvider } from '../events/payments/payment-provider.ts';
import { callProvider } from '../events/payments/provider-call.ts';
import type {
  StripeDispute,
  StripeEvents,
  StripeFailedRefund,
  StripePayment,
  StripeReading,
} from '../events/payments/stripe/stripe-events.ts';
import { WebhookVerifier } from '../events/payments/webhook-signature.ts';

export interface PaymentsOptions extends RefundStores {
  readonly webhookLog: WebhookLog;
  readonly router: CommandRouter;
  /** Of the store. */
  readonly levels: Pick<FeatureLevels, 'reached'>;
  /** Base64, `whsec_` allowed; several for rotation. Without any no standard webhook is valid. */
  readonly secrets: readonly string[];
  /** Null where payments are not made with Stripe. */
  readonly stripe: StripeEvents | null;
  /** Null where no payments are made. */
  readonly provider: PaymentProvider | null;
  readonly clock: Clock;
  readonly providerDigits: ProviderDigits;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  /** Milliseconds of a clock that nobody sets: for intervals. */
  readonly monotonic: () => number;
}

/** Longer than any provider's retries. */
const ID_LIFETIME_MS = 7 * 24 * 60 * 60 * 1_000;
const CLEANING_INTERVAL_MS = 60 * 60 * 1_000;
/** Concurrent calls. Further ones are `overloaded`, and the provider calls again. */
const CALLS_MAX = 10_000;
/** From this feature level on every owner takes `record-payment`. */
const RECORD_PAYMENT_LEVEL = 2;
/** From this one on it may be `voided`, and payments are prepared. */
const VOIDED_LEVEL = 3;

const OF_LEVEL_3: ReadonlySet<PaymentOutcome> = new Set<PaymentOutcome>([
  'voided',
  'disputed',
  'dispute-won',
  'dispute-lost',
]);

const webhookId = Compile(WebhookId);
const webhookEvent = Compile(WebhookEvent);
const settlement = Compile(Settlement);

const FORGED: StripeReading = { kind: 'forged' };
const NO_WHOLE_UNIT = 'The amount is no whole number of the smallest unit.';

type StripeEventReading = StripeReading & { readonly kind: 'event' };
type PaymentData = Static<typeof Settlement>['data'];

export class Payments {
  readonly #options: PaymentsOptions;
  readonly #verifier: WebhookVerifier;
  /**
   * Calls in progress by webhook id. A second call with the same id gets the first one's outcome.
   */
  readonly #underWay = new Map<string, Promise<Outcome<null>>>();
  #cleanedAt = -Infinity;

  constructor(options: PaymentsOptions) {
    this.#options = options;
    this.#verifier = new WebhookVerifier({ secrets: options.secrets });
  }

  async webhook(call: WebhookCall): Promise<Outcome<null>> {
    if (!this.#verifier.verify(call, this.#options.now())) return refusal('unauthenticated');
    if (!webhookId.Check(call.id))
      return refusal('invalid-request', 'The webhook-id is not valid.');
    return await this.#once(call.id, () => this.#apply(call.body));
  }

  async stripeWebhook({ signature, body }: StripeCall): Promise<Outcome<null>> {
    const { stripe, now } = this.#options;
    const reading = stripe?.read(signature, body, now()) ?? FORGED;
    if (reading.kind === 'forged') return refusal('unauthenticated');
    if (reading.kind === 'malformed')
      return refusal('invalid-request', 'The body is no event that Stripe sends.');
    return await this.#once(reading.id, () => this.#applyStripe(reading));
  }

  /** Applies what a webhook tells, unless a call with the same id was applied before. */
  async #once(id: string, apply: () => Promise<Outcome<null>>): Promise<Outcome<null>> {
    const first = this.#underWay.get(id);
    if (first !== undefined) return first;
    if (this.#underWay.size >= CALLS_MAX) return refusal('overloaded');
    const handled = this.#handle(id, apply);
    this.#underWay.set(id, handled);
    try {
      return await handled;
    } finally {
      this.#underWay.delete(id);
    }
  }

  async #handle(id: string, apply: () => Promise<Outcome<null>>): Promise<Outcome<null>> {
    const { webhookLog, now } = this.#options;
    await this.#cleanNowAndThen();
    if (await webhookLog.has(id)) return success(null);
    const outcome = await apply();
    if (outcome.ok) await webhookLog.add(id, now());
    return outcome;
  }

  /** An event about nothing of ours is acknowledged, so that Stripe does not call again. */
  async #applyStripe(reading: StripeEventReading): Promise<Outcome<null>> {
    const { payment, failedRefund, dispute } = reading;
    if (failedRefund !== null) return await this.#parkFailed(failedRefund);
    // Until then no payment is prepared, so nothing of ours is paid.
    const isEarly = this.#options.levels.reached() < VOIDED_LEVEL;
    if (isEarly && (payment !== null || dispute !== null)) return refusal('unavailable');
    if (payment !== null) return await this.#recordStripe(payment);
    return dispute === null ? success(null) : await this.#recordDispute(dispute);
  }

  /** Stripe's disputes do not name the order: it is read from the payment. */
  async #recordDispute(dispute: StripeDispute): Promise<Outcome<null>> {
    const { provider, clock } = this.#options;
    let orderId: string | null = null;
    const failure = await callProvider(clock, async (signal) => {
      await provider?.prepared?.turn();
      orderId = (await provider?.prepared?.orderOf(dispute.reference, signal)) ?? null;
      return ACCEPTED;
    });
    if (failure !== null) return refusal('unavailable');
    return orderId === null ? success(null) : await this.#recordStripe({ ...dispute, orderId });
  }

  async #recordStripe(payment: StripePayment): Promise<Outcome<null>> {
    const { providerDigits } = this.#options;
    const { outcome, amount: there, ...about } = payment;
    if (there === null) return await this.#record(outcome, about);
    const amount = amountHere(there, payment.currency, providerDigits);
    return amount === null
      ? refusal('invalid-request', NO_WHOLE_UNIT)
      : await this.#record(outcome, { ...about, amount });
  }

  /** A refund that Stripe had taken and that failed is refused for good (P6). */
  async #parkFailed(refund: StripeFailedRefund): Promise<Outcome<null>> {
    const { providerDigits, router, now } = this.#options;
    const { refundId: id, orderId, reference, currency, reason } = refund;
    const dropId = parseOrderId(orderId)?.dropId;
    if (dropId === undefined) return refusal('not-found');
    const drop = await router.send({ type: 'get-drop', dropId });
    if (!drop.ok) return drop;
    const amount = amountHere(refund.amount, currency, providerDigits);
    if (amount === null) return refusal('invalid-request', NO_WHOLE_UNIT);
    const at = now();
    const about = { dropId, creatorId: drop.value.creatorId, attempts: 1, firstAttemptAt: at };
    const failed = { id, orderId, reference, amount, currency, reason: null };
    const parked = await parkRecorded(
      this.#options,
      parkRefund(failed, about, { refused: true, reason, at, random: 0 }),
    );
    return parked ? success(null) : refusal('overloaded');
  }

  async #apply(body: Uint8Array): Promise<Outcome<null>> {
    const event = parseJson(body);
    if (!webhookEvent.Check(event))
      return refusal('invalid-request', 'The body is no webhook event.');
    const told = OUTCOMES.get(event.type);
    // Other types are acknowledged and ignored, so that the provider does not call again.
    if (told === undefined && event.type !== DISPUTE_CLOSED) return success(null);
    if (!settlement.Check(event))
      return refusal(
        'invalid-request',
        'The data needs orderId and reference; amount is a whole number, currency a code.',
      );
    const { outcome: ended } = event.data;
    if (told === undefined && ended === undefined)
      return refusal('invalid-request', 'outcome: must be won or lost.');
    const outcome = told ?? (ended === 'won' ? 'dispute-won' : 'dispute-lost');
    const data = this.#dataHere(event.data);
    return data.ok ? await this.#record(outcome, data.value) : data;
  }

  /** The data with the amount in the unit of ISO 4217. */
  #dataHere(data: PaymentData): Outcome<PaymentData> {
    const { providerDigits: digits } = this.#options;
    const { amount, currency } = data;
    if (digits.size === 0 || amount === undefined) return success(data);
    if (currency === undefined) return refusal('invalid-request', 'The amount needs a currency.');
    const here = amountHere(amount, currency, digits);
    if (here !== null) return success({ ...data, amount: here });
    return refusal('invalid-request', NO_WHOLE_UNIT);
  }

  async #record(
    outcome: PaymentOutcome,
    { orderId, reference, amount, currency }: PaymentData,
  ): Promise<Outcome<null>> {
    const { levels, router } = this.#options;
    const dropId = parseOrderId(orderId)?.dropId;
    if (dropId === undefined) return refusal('not-found');
    const about = { dropId, orderId, reference };
    if (OF_LEVEL_3.has(outcome) && levels.reached() < VOIDED_LEVEL) return refusal('unavailable');
    if (levels.reached() >= RECORD_PAYMENT_LEVEL) {
      const type = 'record-payment';
      const paid = { amount: amount ?? null, currency: currency ?? null };
      const reply = await router.send({ type, ...about, outcome, ...paid });
      return reply.ok ? success(null) : reply;
    }
    if (outcome === 'refunded') return refusal('unavailable');
    const succeeded = outcome === 'succeeded';
    const reply = await router.send({ type: 'settle-payment', ...about, succeeded });
    return reply.ok ? success(null) : reply;
  }

  async #cleanNowAndThen(): Promise<void> {
    const { webhookLog, monotonic, now } = this.#options;
    if (monotonic() - this.#cleanedAt < CLEANING_INTERVAL_MS) return;
    this.#cleanedAt = monotonic();
    await webhookLog.removeBefore(now() - ID_LIFETIME_MS);
  }
}

/** The JSON value of the bytes; undefined where they are no JSON. */
function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString());
  } catch {
    return undefined;
  }
}
