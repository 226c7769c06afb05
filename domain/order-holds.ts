// The holds of a drop's orders: when each of them ends, and which have ended.

import type { DropState } from './drop-state.ts';
import { deadlineAfter } from './hold-stops.ts';
import { preparedAt } from './order-payments.ts';
import { PreparedHolds } from './prepared-holds.ts';

/**
 * How much longer than its turn takes by the drop's own orders a hold waits for its payment to be
 * prepared: other drops share the provider, and it may be away for a while.
 */
const PREPARATION_MARGIN_MS = 15 * 60_000;
const PREPARATION_MS_MAX = 6 * 60 * 60_000;

export class OrderHolds {
  readonly #drop: DropState;
  /**
   * No order before this ordinal is reserved, but those in `#prepared`. All holds of a drop have
   * the same length, so they end in order of the ordinals.
   */
  #cursor = 0;
  /** Null until somebody asks when holds end: a replay never does. */
  #prepared: PreparedHolds | null = null;

  constructor(drop: DropState) {
    this.#drop = drop;
  }

  /** The deadline of the hold that ends first; Infinity: none ends. */
  firstDeadline(): number {
    const { orders } = this.#drop;
    while (this.#cursor < orders.size && !this.#waitsForPayment(this.#cursor)) this.#cursor += 1;
    const waiting = this.#cursor < orders.size ? this.deadline(this.#cursor) : Infinity;
    const prepared = this.#preparedHolds().first(orders);
    return prepared < 0 ? waiting : Math.min(waiting, this.deadline(prepared));
  }

  /**
   * When the order's hold ends, or ended: its time to pay after its payment was prepared. A hold
   * whose payment is not prepared yet waits for its turn, within a bound, where the provider
   * prepares payments. Infinity while holds do not run.
   */
  deadline(ordinal: number): number {
    return this.#end(ordinal, Infinity);
  }

  /** As `deadline`, as if a pause of holds that lasts ended now. */
  earliestEnd(ordinal: number): number {
    return this.#end(ordinal, -Infinity);
  }

  /** `now`: until when a pause of holds that lasts is taken to last. */
  #end(ordinal: number, now: number): number {
    const { orders, holdMs, holdStops } = this.#drop;
    const prepared = preparedAt(orders.payments(ordinal));
    const since = prepared > 0 ? prepared : orders.createdAt(ordinal);
    const waitMs = prepared > 0 ? 0 : this.#preparationMs(ordinal);
    const end = since + waitMs + holdMs;
    return holdStops === null ? end : deadlineAfter(holdStops, since, end, now);
  }

  /** Until the payment is prepared, by the drop's own turns; null where it need not be. */
  readyInMs(ordinal: number): number | null {
    const { paymentPaceMs } = this.#drop;
    if (paymentPaceMs === 0 || !this.#waitsForPayment(ordinal)) return null;
    return paymentPaceMs * (ordinal - Math.min(this.#cursor, ordinal) + 1);
  }

  isPrepared(ordinal: number): boolean {
    return preparedAt(this.#drop.orders.payments(ordinal)) > 0;
  }

  /** The payment of the order was prepared just now. */
  prepared(ordinal: number): void {
    this.#prepared?.add(ordinal);
  }

  /** Orders whose hold ends by `now`, at most `limit`, the oldest of each kind first. */
  ended(now: number, limit: number): number[] {
    const ended: number[] = [];
    const { orders, held } = this.#drop;
    if (held === 0 || this.firstDeadline() > now) return ended;
    for (const ordinal of this.#preparedHolds().rest(orders)) {
      if (ended.length === limit || this.deadline(ordinal) > now) break;
      if (orders.isReserved(ordinal)) ended.push(ordinal);
    }
    for (let ordinal = this.#cursor; ordinal < orders.size; ordinal++) {
      if (ended.length === limit) break;
      if (!this.#waitsForPayment(ordinal)) continue;
      if (this.deadline(ordinal) > now) break;
      ended.push(ordinal);
    }
    return ended;
  }

  #preparedHolds(): PreparedHolds {
    this.#prepared ??= new PreparedHolds(this.#drop.orders);
    return this.#prepared;
  }

  /** Reserved, and its hold ends in order of its ordinal. */
  #waitsForPayment(ordinal: number): boolean {
    return this.#drop.orders.isReserved(ordinal) && !this.isPrepared(ordinal);
  }

  /** Rises with the ordinals, so that holds that wait end in their order. */
  #preparationMs(ordinal: number): number {
    const { paymentPaceMs } = this.#drop;
    if (paymentPaceMs === 0) return 0;
    return Math.min(PREPARATION_MARGIN_MS + paymentPaceMs * (ordinal + 1), PREPARATION_MS_MAX);
  }
}
