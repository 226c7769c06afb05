// What a buyer needs to pay (R5): whether the provider is ready, until when the hold lasts, and the
// secret for the buyer's device. The secret is read from the provider, and given to the order's
// buyer alone: it is never stored, logged or published.

import type { Clock } from '../actors/clock.ts';
import type { CommandRouter } from '../actors/command-router.ts';
import type { ActionParams } from '../contracts/actions.ts';
import type { OrderView } from '../contracts/orders.ts';
import type { BuyerPayment } from '../contracts/payments.ts';
import type { Outcome } from '../contracts/refusals.ts';
import { parseOrderId, paymentReference } from '../domain/ids.ts';
import { refusal, success } from '../domain/refusal.ts';
import {
  ACCEPTED,
  type PaymentProvider,
  type PreparedPayments,
} from '../events/payments/payment-provider.ts';
import { callProvider } from '../events/payments/provider-call.ts';
import type { WarningLog } from '../events/warning-log.ts';
import { callerOf } from './caller.ts';

export interface BuyerPaymentsOptions {
  /** Null where no payments are made. */
  readonly provider: PaymentProvider | null;
  /** Shown to buyers' devices; null where none is configured. */
  readonly publishableKey: string | null;
  readonly router: CommandRouter;
  readonly clock: Clock;
  readonly log: WarningLog;
}

export class BuyerPayments {
  readonly #options: BuyerPaymentsOptions;

  constructor(options: BuyerPaymentsOptions) {
    this.#options = options;
  }

  /** `unavailable` where the provider does not tell the secret now. */
  async ofBuyer(params: ActionParams<'payments.ofBuyer'>): Promise<Outcome<BuyerPayment>> {
    const { provider, publishableKey, router, clock } = this.#options;
    const { caller, orderId } = params;
    const dropId = parseOrderId(orderId)?.dropId;
    if (dropId === undefined) return refusal('not-found');
    if (provider === null) return refusal('unavailable');
    const { userId } = caller;
    const found = await router.send({ type: 'get-order', dropId, orderId, userId });
    if (!found.ok) return found;
    const order = found.value;
    const { paymentReference: reference, holdExpiresAt } = order;
    if (order.status !== 'reserved' || reference === null || holdExpiresAt === null)
      return refusal('order-not-payable');
    const payment = { provider: provider.name, reference, holdExpiresAt, publishableKey };
    const ready = { ...payment, status: 'ready', readyAt: null } as const;
    if (provider.prepared === undefined) return success({ ...ready, clientSecret: null });
    if (reference === paymentReference(orderId)) {
      const type = 'get-order-payments';
      const asked = await router.send({ type, dropId, orderId, caller: callerOf(caller) });
      const readyInMs = (asked.ok ? asked.value.readyInMs : null) ?? null;
      const readyAt = readyInMs === null ? null : clock.now() + readyInMs;
      return success({ ...payment, status: 'preparing', readyAt, clientSecret: null });
    }
    const secret = await this.#secretOf(provider.prepared, order, reference);
    return secret.ok ? success({ ...ready, clientSecret: secret.value }) : secret;
  }

  /**
   * `order-not-payable` where nothing is to be paid, `request-in-progress` while the payment is
   * being settled, `overloaded` where too many are, or where this node cannot call the webhook.
   */
  async settleInDevelopment(
    params: ActionParams<'payments.settleInDevelopment'>,
  ): Promise<Outcome<null>> {
    const { provider, router, log } = this.#options;
    const { caller, orderId, outcome } = params;
    const dropId = parseOrderId(orderId)?.dropId;
    if (dropId === undefined || provider?.settle === undefined) return refusal('not-found');
    const { userId } = caller;
    const found = await router.send({ type: 'get-order', dropId, orderId, userId });
    if (!found.ok) return found;
    const { status, paymentReference: reference } = found.value;
    if (status !== 'reserved' || reference === null) return refusal('order-not-payable');
    try {
      const isTaken = provider.settle(found.value, outcome);
      return isTaken ? success(null) : refusal('request-in-progress');
    } catch (err) {
      log.warn({ orderId, err }, 'a payment could not be settled');
      return refusal('overloaded');
    }
  }

  async #secretOf(
    prepared: PreparedPayments,
    { id: orderId }: OrderView,
    reference: string,
  ): Promise<Outcome<string>> {
    const { clock, log } = this.#options;
    let secret: string | null = null;
    const failure = await callProvider(clock, async (signal) => {
      secret = await prepared.secretOf(reference, signal);
      return ACCEPTED;
    });
    if (failure !== null) {
      log.warn({ orderId, ...failure }, 'a payment’s secret could not be read');
      return refusal('unavailable');
    }
    return secret === null ? refusal('order-not-payable') : success(secret);
  }
}
