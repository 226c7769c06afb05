// What an event asks of the payment provider, and how one attempt at it goes. A provider that
// prepares payments (`PreparedPayments`) is asked for more than others: it captures the payment of
// a confirmed order, and lets one go whose hold has ended. What it prepared, and what it will never
// capture, the drop's actor is told at once.

import type { Clock } from '../../actors/clock.ts';
import type { CommandRouter } from '../../actors/command-router.ts';
import type { Fact } from '../../actors/shard/facts.ts';
import type { OrderView } from '../../contracts/orders.ts';
import { paymentReference } from '../../domain/ids.ts';
import type { FeatureLevels } from '../../storage/ports/feature-level.ts';
import {
  ACCEPTED,
  type PaymentProvider,
  type PreparedPayments,
  type ProviderAnswer,
  type Refund,
} from './payment-provider.ts';
import { callProvider, type Failure } from './provider-call.ts';
import { refundOf } from './refunds.ts';

export type ProviderWork =
  | { readonly kind: 'open' }
  | { readonly kind: 'refund'; readonly refund: Refund }
  /** `reference` is the provider's, of a payment that it has prepared. */
  | { readonly kind: 'capture'; readonly reference: string }
  | { readonly kind: 'release'; readonly reference: string };

const OPEN: ProviderWork = { kind: 'open' };
/** From this feature level on every owner takes `prepare-payment`. */
const PREPARE_LEVEL = 3;

/** Null where the event asks for nothing. `prepares`: the provider prepares payments. */
export function workOf(fact: Fact, order: OrderView, prepares: boolean): ProviderWork | null {
  const refund = refundOf(fact, order);
  if (refund !== null) return { kind: 'refund', refund };
  const { event } = fact;
  switch (event.type) {
    case 'order-placed':
      return order.status === 'reserved' ? OPEN : null;
    case 'order-confirmed':
    case 'order-confirmed-late':
      return prepares ? { kind: 'capture', reference: event.reference } : null;
    case 'order-expired':
    case 'order-cancelled':
    case 'order-failed':
      return prepares ? releaseOf(order) : null;
    default:
      return null;
  }
}

/** A payment that was not prepared in time: nobody can pay it, so there is nothing to let go. */
function releaseOf({ id, paymentReference: reference }: OrderView): ProviderWork | null {
  return reference === null || reference === paymentReference(id)
    ? null
    : { kind: 'release', reference };
}

export interface ProviderAttemptsOptions {
  readonly provider: PaymentProvider;
  /** Of the store. */
  readonly levels: Pick<FeatureLevels, 'reached'>;
  readonly router: CommandRouter;
  readonly clock: Clock;
}

export class ProviderAttempts {
  readonly #options: ProviderAttemptsOptions;

  constructor(options: ProviderAttemptsOptions) {
    this.#options = options;
  }

  /** Null: it is done, or not needed any more. Never rejects. */
  async attempt(work: ProviderWork, order: OrderView): Promise<Failure | null> {
    const { provider, clock } = this.#options;
    const { prepared } = provider;
    if (prepared !== undefined) await prepared.turn();
    switch (work.kind) {
      case 'refund':
        return await callProvider(clock, (signal) => provider.refund(work.refund, signal));
      case 'open':
        if (order.holdExpiresAt !== null && clock.now() >= order.holdExpiresAt) return null;
        return prepared === undefined
          ? await callProvider(clock, (signal) => provider.opened(order, signal))
          : await callProvider(clock, (signal) => this.#prepare(prepared, order, signal));
      case 'capture':
        return await callProvider(clock, (signal) =>
          this.#capture(prepared!, order, work.reference, signal),
        );
      case 'release':
        return await callProvider(clock, (signal) => prepared!.release(work.reference, signal));
    }
  }

  /** The buyer can pay once the drop's journal has the payment's reference, and not before. */
  async #prepare(
    prepared: PreparedPayments,
    order: OrderView,
    signal: AbortSignal,
  ): Promise<ProviderAnswer> {
    const { levels, router } = this.#options;
    const { id: orderId, dropId } = order;
    if (levels.reached() < PREPARE_LEVEL)
      throw new Error('payments are prepared once no older node lives');
    const answer = await prepared.prepare(order, signal);
    if (!answer.ok) return await this.#end(order, paymentReference(orderId), answer);
    const { reference } = answer;
    const reply = await router.send({ type: 'prepare-payment', dropId, orderId, reference });
    if (!reply.ok) throw new Error(`the drop did not take the payment: ${reply.code}`);
    // The hold has ended, or another payment is prepared: nobody knows this one.
    if (reply.value.paymentReference !== reference)
      return await prepared.release(reference, signal);
    return ACCEPTED;
  }

  async #capture(
    prepared: PreparedPayments,
    order: OrderView,
    reference: string,
    signal: AbortSignal,
  ): Promise<ProviderAnswer> {
    const answer = await prepared.capture(reference, signal);
    return answer.ok ? answer : await this.#end(order, reference, answer);
  }

  /** Tells the drop that the order will not be paid. The provider's refusal is dealt with then. */
  async #end(
    { id: orderId, dropId }: OrderView,
    reference: string,
    refusal: ProviderAnswer & { readonly ok: false },
  ): Promise<ProviderAnswer> {
    const type = 'record-payment';
    const about = { dropId, orderId, reference, amount: null, currency: null };
    const reply = await this.#options.router.send({ type, ...about, outcome: 'voided' });
    if (!reply.ok) throw new Error(`the drop did not take the end of a payment: ${reply.code}`);
    return refusal;
  }
}
