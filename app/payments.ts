// Payments: verifies the provider's webhook calls and tells the drop's actor what became of each
// payment (P2 to P4). The actor decides about the order, and what comes again changes nothing
// there. The log of webhook ids answers repeats cheaply.
//
// Below feature level 2 an owner may be older than these rules. Then a failure is final, amounts
// are not compared, and a refund made at the provider is `unavailable`: the provider calls again.

import type { Static } from 'typebox';
import { Compile } from 'typebox/compile';
import type { CommandRouter } from '../actors/command-router.ts';
import { parseOrderId } from '../domain/ids.ts';
import { refusal, success } from '../domain/refusal.ts';
import type { Outcome } from '../contracts/refusals.ts';
import type { FeatureLevels } from '../storage/ports/feature-level.ts';
import type { WebhookLog } from '../storage/ports/webhook-log.ts';
import {
  OUTCOMES,
  type PaymentOutcome,
  Settlement,
  type WebhookCall,
  WebhookEvent,
  WebhookId,
} from '../contracts/payments.ts';
import { amountHere, type ProviderDigits } from '../events/payments/provider-units.ts';
import { WebhookVerifier } from '../events/payments/webhook-signature.ts';

export interface PaymentsOptions {
  readonly webhookLog: WebhookLog;
  readonly router: CommandRouter;
  /** Of the store. */
  readonly levels: Pick<FeatureLevels, 'reached'>;
  /** Base64, `whsec_` allowed; several for rotation. */
  readonly secrets: readonly string[];
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

const webhookId = Compile(WebhookId);
const webhookEvent = Compile(WebhookEvent);
const settlement = Compile(Settlement);

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
    const first = this.#underWay.get(call.id);
    if (first !== undefined) return first;
    if (this.#underWay.size >= CALLS_MAX) return refusal('overloaded');
    const handled = this.#handle(call);
    this.#underWay.set(call.id, handled);
    try {
      return await handled;
    } finally {
      this.#underWay.delete(call.id);
    }
  }

  async #handle(call: WebhookCall): Promise<Outcome<null>> {
    const { webhookLog, now } = this.#options;
    await this.#cleanNowAndThen();
    if (await webhookLog.has(call.id)) return success(null);
    const outcome = await this.#apply(call.body);
    if (outcome.ok) await webhookLog.add(call.id, now());
    return outcome;
  }

  async #apply(body: Uint8Array): Promise<Outcome<null>> {
    const event = parseJson(body);
    if (!webhookEvent.Check(event))
      return refusal('invalid-request', 'The body is no webhook event.');
    const outcome = OUTCOMES.get(event.type);
    // Other types are acknowledged and ignored, so that the provider does not call again.
    if (outcome === undefined) return success(null);
    if (!settlement.Check(event))
      return refusal(
        'invalid-request',
        'The data needs orderId and reference; amount is a whole number, currency a code.',
      );
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
    return refusal('invalid-request', 'The amount is no whole number of the smallest unit.');
  }

  async #record(
    outcome: PaymentOutcome,
    { orderId, reference, amount, currency }: PaymentData,
  ): Promise<Outcome<null>> {
    const { levels, router } = this.#options;
    const dropId = parseOrderId(orderId)?.dropId;
    if (dropId === undefined) return refusal('not-found');
    const about = { dropId, orderId, reference };
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
