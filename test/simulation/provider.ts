// The payment provider of a simulation. It belongs to no node: what it was told stays, whatever
// becomes of the node that told it.

import { isDeepStrictEqual } from 'node:util';
import type { OrderView } from '../../contracts/orders.ts';
import { paymentReference } from '../../domain/ids.ts';
import {
  ACCEPTED,
  type PaymentProvider,
  type ProviderAnswer,
  type Refund,
} from '../../events/payments/payment-provider.ts';
import type { SimulatedNode } from './simulated-cluster.ts';

export type ProviderMode = 'up' | 'down' | 'silent' | 'refuses-refunds';

/** What the provider found out about one order; its webhook says so until it is taken. */
export interface Payment {
  readonly order: OrderView;
  readonly succeeded: boolean;
}

export class SimulatedProvider {
  mode: ProviderMode = 'up';
  /** In the order of their opening. */
  readonly opened: OrderView[] = [];
  /** By id. */
  readonly refunds = new Map<string, Refund>();
  /** Orders for which money was taken. */
  readonly paid = new Set<string>();
  /** Webhooks that nobody has taken. */
  untold: Payment[] = [];
  readonly findings: string[] = [];
  readonly #openedIds = new Set<string>();

  isOpened(orderId: string): boolean {
    return this.#openedIds.has(orderId);
  }

  settle(order: OrderView, succeeded: boolean): void {
    if (succeeded) this.paid.add(order.id);
    this.untold.push({ order, succeeded });
  }

  /** A webhook was taken. */
  told(payment: Payment): void {
    this.untold = this.untold.filter((other) => other !== payment);
  }

  /** As one node reaches it. */
  driver(node: SimulatedNode): PaymentProvider {
    return {
      name: 'simulated',
      reference: paymentReference,
      opened: (order, signal) =>
        this.#call(node, signal, () => {
          if (this.#openedIds.has(order.id)) return ACCEPTED;
          this.#openedIds.add(order.id);
          this.opened.push(order);
          return ACCEPTED;
        }),
      refund: (refund, signal) => this.#call(node, signal, () => this.#refund(refund)),
    };
  }

  #refund(refund: Refund): ProviderAnswer {
    if (this.mode === 'refuses-refunds') return { ok: false, reason: 'the card is gone' };
    const before = this.refunds.get(refund.id);
    if (before !== undefined && !isDeepStrictEqual(before, refund))
      this.findings.push(`P4: ${refund.id} of ${refund.orderId} has come as two refunds`);
    this.refunds.set(refund.id, refund);
    return ACCEPTED;
  }

  async #call(
    node: SimulatedNode,
    signal: AbortSignal,
    act: () => ProviderAnswer,
  ): Promise<ProviderAnswer> {
    if (node.dead) return await new Promise(() => undefined);
    if (this.mode === 'down') throw new Error('the provider is down');
    if (this.mode === 'silent')
      return await new Promise((_resolve, reject) =>
        signal.addEventListener('abort', () => reject(new Error('aborted'))),
      );
    const answer = act();
    await node.clock.running();
    return answer;
  }
}
