// A payment provider that counts some currencies with other digits than ISO 4217, such as ISK in
// hundredths. Amounts are converted here and nowhere else, in both directions (H1a). What cannot be
// expressed exactly is refused, never rounded: nobody is charged or paid back another sum.

import { minorDigits } from '../../contracts/currencies.ts';
import type { OrderView } from '../../contracts/orders.ts';
import type { PaymentBehaviour } from '../../contracts/payments.ts';
import type {
  PaymentProvider,
  PreparedPayments,
  ProviderAnswer,
  Refund,
} from './payment-provider.ts';

/** Digits behind the point at the provider, of the currencies where it differs. */
export type ProviderDigits = ReadonlyMap<string, number>;

export interface ProviderUnitsOptions {
  readonly provider: PaymentProvider;
  readonly digits: ProviderDigits;
}

/** Passes every call on with amounts in the provider's own unit. */
export class ProviderUnits implements PaymentProvider {
  readonly name: string;
  readonly prepared?: PreparedPayments;
  readonly settle?: (order: OrderView, behaviour: PaymentBehaviour) => boolean;
  readonly #provider: PaymentProvider;
  readonly #digits: ProviderDigits;

  constructor({ provider, digits }: ProviderUnitsOptions) {
    this.name = provider.name;
    this.#provider = provider;
    this.#digits = digits;
    if (provider.prepared !== undefined) this.prepared = this.#prepared(provider.prepared);
    if (provider.settle !== undefined) {
      this.settle = (order, behaviour) => {
        const totalAmount = this.#amountThere(order.totalAmount, order.currency);
        // Its opening was refused for that reason.
        if (totalAmount === null) return false;
        return provider.settle!({ ...order, totalAmount }, behaviour);
      };
    }
  }

  reference(orderId: string): string {
    return this.#provider.reference(orderId);
  }

  async opened(order: OrderView, signal: AbortSignal): Promise<ProviderAnswer> {
    const { totalAmount, currency } = order;
    const there = this.#amountThere(totalAmount, currency);
    if (there === null) return inexact(totalAmount, currency);
    return await this.#provider.opened({ ...order, totalAmount: there }, signal);
  }

  async refund(refund: Refund, signal: AbortSignal): Promise<ProviderAnswer> {
    const { amount, currency } = refund;
    const there = this.#amountThere(amount, currency);
    if (there === null) return inexact(amount, currency);
    return await this.#provider.refund({ ...refund, amount: there }, signal);
  }

  #prepared(prepared: PreparedPayments): PreparedPayments {
    return {
      paceMs: prepared.paceMs,
      turn: () => prepared.turn(),
      prepare: async (order, signal) => {
        const { totalAmount, currency } = order;
        const there = this.#amountThere(totalAmount, currency);
        if (there === null) return inexact(totalAmount, currency);
        return await prepared.prepare({ ...order, totalAmount: there }, signal);
      },
      capture: (reference, signal) => prepared.capture(reference, signal),
      release: (reference, signal) => prepared.release(reference, signal),
      secretOf: (reference, signal) => prepared.secretOf(reference, signal),
      orderOf: (reference, signal) => prepared.orderOf(reference, signal),
    };
  }

  #amountThere(amount: number, currency: string): number | null {
    return moved(amount, digitsMore(currency, this.#digits));
  }
}

/** An amount that the provider told, in the unit of ISO 4217; null: it is no whole number of it. */
export function amountHere(amount: number, currency: string, digits: ProviderDigits) {
  return moved(amount, -digitsMore(currency, digits));
}

/** How many digits more the provider has than ISO 4217; 0 where the standard has none. */
function digitsMore(currency: string, digits: ProviderDigits): number {
  const theirs = digits.get(currency);
  const ours = minorDigits(currency);
  return theirs === undefined || ours === null ? 0 : theirs - ours;
}

/** Null: the result is no whole number, or too large to be exact. */
function moved(amount: number, digits: number): number | null {
  const result = digits >= 0 ? amount * 10 ** digits : amount / 10 ** -digits;
  return Number.isSafeInteger(result) ? result : null;
}

function inexact(amount: number, currency: string): ProviderAnswer & { readonly ok: false } {
  return { ok: false, reason: `The provider cannot express ${amount} ${currency} exactly.` };
}
