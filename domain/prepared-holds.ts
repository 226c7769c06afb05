// The holds of a drop whose payment is prepared (R5), in the order in which they were prepared,
// which is the order in which they end: they have the same length. Holds that wait for their turn
// are not here: those end in order of their ordinals.

import { preparedAt } from './order-payments.ts';
import type { OrderTable } from './order-table.ts';

/** Taken holds before the first one that are kept at most, unless they are most of the list. */
const TAKEN_MAX = 1024;

export class PreparedHolds {
  /** Of orders. */
  #ordinals: number[] = [];
  #first = 0;

  /** Reads the orders with payments, of a drop that comes from its store. */
  constructor(orders: OrderTable) {
    const found: { readonly ordinal: number; readonly at: number }[] = [];
    for (const columns of orders.columns) {
      for (const [ordinal, text] of columns.payments ?? []) {
        const at = preparedAt(text);
        if (at > 0 && orders.isReserved(ordinal)) found.push({ ordinal, at });
      }
    }
    found.sort((a, b) => a.at - b.at || a.ordinal - b.ordinal);
    this.#ordinals = found.map(({ ordinal }) => ordinal);
  }

  /** To be called in the order of the times at which they are prepared. */
  add(ordinal: number): void {
    this.#ordinals.push(ordinal);
  }

  /** The first one that is reserved still; -1 where there is none. */
  first(orders: OrderTable): number {
    while (this.#first < this.#ordinals.length && !orders.isReserved(this.#ordinals[this.#first]!))
      this.#first += 1;
    if (this.#first > TAKEN_MAX && this.#first * 2 > this.#ordinals.length) {
      this.#ordinals = this.#ordinals.slice(this.#first);
      this.#first = 0;
    }
    return this.#ordinals[this.#first] ?? -1;
  }

  /** Those from the first reserved one on, in order; some are not reserved any more. */
  *rest(orders: OrderTable): Generator<number, void, undefined> {
    this.first(orders);
    for (let at = this.#first; at < this.#ordinals.length; at++) yield this.#ordinals[at]!;
  }
}
