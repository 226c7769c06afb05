// One drop as the account of its events has it in memory: its stock, the columns of its orders as
// far as they are loaded, and what is not stored yet.

import type { DropEvent } from '../../contracts/drop-events.ts';
import { assert } from '../../domain/assert.ts';
import { type AccountedDrop, STEP_MS } from '../../storage/ports/analytics.ts';
import { saleMark } from './buyers.ts';
import { OrderSegment, SEGMENT_ORDERS } from './order-segment.ts';
import { emptyTally, moveTally, type Tally } from './tally.ts';
import { hashUser } from './user-hash.ts';

/** For so long from its opening a drop has sums of each second. */
export const FINE_MS = 120_000;
const SEGMENT_SHIFT = 8;
const SEGMENT_MASK = SEGMENT_ORDERS - 1;

type OfOrder = Extract<DropEvent, { readonly ordinal: number }>;
/** Of each event about one order: whether its columns are needed. */
const NEEDS_ORDER: ReadonlySet<string> = new Set<OfOrder['type']>([
  'order-confirmed',
  'order-confirmed-late',
  'order-failed',
  'order-expired',
  'order-cancelled',
  'order-refunded',
  'order-refunded-at-provider',
  'order-part-refunded',
  'order-rest-refunded',
  'payment-voided',
]);

/** An order was sold: whose it is, and when. */
export interface SoldTo {
  readonly low: number;
  readonly high: number;
  readonly mark: number;
}

const hash = new Uint32Array(2);

export class AccountedState {
  readonly record: { -readonly [K in keyof AccountedDrop]: AccountedDrop[K] };
  readonly segments = new Map<number, OrderSegment>();
  /** By the start of the minute, in milliseconds. */
  readonly minutes = new Map<number, Tally>();
  /** Of the first two minutes, by the start of the second. */
  readonly seconds = new Map<number, Tally>();
  /** Whether it differs from what is stored. */
  isChanged = false;
  usedAt = 0;
  /** Of the last time at which something was counted, and not in its minute yet. */
  readonly #counted = emptyTally();
  #hasCounted = false;
  #countedAt = 0;
  #isCountedFine = false;

  constructor(record: AccountedDrop) {
    this.record = { ...record };
  }

  static created(event: DropEvent): AccountedState {
    assert(event.type === 'drop-created', `a drop begins with drop-created, not ${event.type}`);
    const { terms, stock } = event;
    const { id, creatorId, productId, currency, unitAmount, payment } = terms;
    const isInstant = payment === 'instant';
    const state = new AccountedState({
      id,
      creatorId,
      productId,
      currency,
      unitAmount,
      isInstant,
      stocked: stock,
      held: 0,
      sold: 0,
      orders: 0,
      version: 1,
      openedAt: null,
      soldOutAt: null,
    });
    state.isChanged = true;
    return state;
  }

  /** The segment that must be loaded before the event is applied; null where none is missing. */
  missingSegment(event: DropEvent): number | null {
    const ordinal = event.type === 'order-placed' ? this.record.orders : ordinalOf(event);
    if (ordinal === null) return null;
    const index = ordinal >>> SEGMENT_SHIFT;
    const isNew = event.type === 'order-placed' && (ordinal & SEGMENT_MASK) === 0;
    return isNew || this.segments.has(index) ? null : index;
  }

  /**
   * Applies one event; `missingSegment` must be null. Returns to whom an order was sold, where the
   * event sold one. Errors: an assertion, where the event contradicts what came before.
   */
  apply(event: DropEvent, time: number): SoldTo | null {
    const { record } = this;
    record.version += 1;
    this.isChanged = true;
    switch (event.type) {
      case 'order-placed':
        return this.#place(event.userId, event.quantity, time);
      case 'order-confirmed':
        return this.#confirm(event.ordinal, time, true);
      case 'order-confirmed-late':
        return this.#confirm(event.ordinal, time, false);
      case 'order-failed':
        record.held -= this.#quantity(event.ordinal);
        this.#count(time, 'paymentsFailed');
        return null;
      case 'order-expired':
        record.held -= this.#quantity(event.ordinal);
        this.#count(time, 'holdsExpired');
        return null;
      case 'order-cancelled':
        record.held -= this.#quantity(event.ordinal);
        this.#count(time, 'holdsReleased');
        return null;
      case 'order-refunded':
      case 'order-refunded-at-provider':
        this.#refundRest(event.ordinal, time);
        this.#count(time, 'refundsWhole');
        return null;
      case 'payment-voided':
        this.#refundRest(event.ordinal, time);
        this.#count(time, 'paymentsFailed');
        return null;
      case 'order-rest-refunded':
        this.#refund(event, time, 'refundsWhole');
        return null;
      case 'order-part-refunded':
        this.#refund(event, time, 'refundsPart');
        return null;
      case 'payment-declined':
        this.#count(time, 'paymentsDeclined');
        return null;
      case 'payment-rejected':
      case 'refund-requested':
        this.#count(time, 'paymentsRejected');
        return null;
      case 'drop-opened':
        record.openedAt = time;
        return null;
      case 'drop-repriced':
        record.unitAmount = event.unitAmount;
        return null;
      case 'drop-restocked':
        record.stocked += event.units;
        return null;
      default:
        return null;
    }
  }

  /** Moves what was counted last to the tallies of its minute and second. To be called at last. */
  settle(): void {
    if (!this.#hasCounted) return;
    this.#hasCounted = false;
    const time = this.#countedAt;
    if (this.#isCountedFine) addTo(this.seconds, time - (time % STEP_MS.second), this.#counted);
    const minute = tallyOf(this.minutes, time - (time % STEP_MS.minute));
    moveTally(this.#counted, minute);
  }

  /** The tally of the event that is applied, or of a buyer whom it made. */
  tallyAt(time: number): Tally {
    const isFine = this.#isFine(time);
    if (time !== this.#countedAt || isFine !== this.#isCountedFine) {
      this.settle();
      this.#countedAt = time;
      this.#isCountedFine = isFine;
    }
    this.#hasCounted = true;
    return this.#counted;
  }

  #place(userId: string, quantity: number, time: number): SoldTo | null {
    const { record } = this;
    const ordinal = record.orders++;
    const index = ordinal >>> SEGMENT_SHIFT;
    let segment = this.segments.get(index);
    if (segment === undefined) {
      segment = new OrderSegment();
      this.segments.set(index, segment);
    }
    assert(segment.size === (ordinal & SEGMENT_MASK), `order ${ordinal} follows the last one`);
    hashUser(userId, hash);
    const mark = record.isInstant ? saleMark(time, this.#isFine(time)) : 0;
    segment.add(quantity, hash, mark);
    if (record.isInstant) record.sold += quantity;
    else record.held += quantity;
    const tally = this.tallyAt(time);
    tally.placed += 1;
    if (record.isInstant) this.#sell(tally, quantity);
    if (record.stocked === record.held + record.sold) record.soldOutAt ??= time;
    return record.isInstant ? { low: hash[0]!, high: hash[1]!, mark } : null;
  }

  #confirm(ordinal: number, time: number, wasHeld: boolean): SoldTo {
    const { record } = this;
    const segment = this.#segment(ordinal);
    const at = ordinal & SEGMENT_MASK;
    const quantity = segment.quantities[at]!;
    if (wasHeld) record.held -= quantity;
    record.sold += quantity;
    const mark = saleMark(time, this.#isFine(time));
    segment.soldAt[at] = mark;
    segment.isChanged = true;
    const tally = this.tallyAt(time);
    tally.paymentsConfirmed += 1;
    if (!wasHeld) tally.paymentsLate += 1;
    this.#sell(tally, quantity);
    if (record.stocked === record.held + record.sold) record.soldOutAt ??= time;
    return { low: segment.userLow[at]!, high: segment.userHigh[at]!, mark };
  }

  #sell(tally: Tally, quantity: number): void {
    tally.orders += 1;
    tally.units += quantity;
    tally.revenue += quantity * this.record.unitAmount;
  }

  /** Everything of a sold order that was not refunded in parts. */
  #refundRest(ordinal: number, time: number): void {
    const segment = this.#segment(ordinal);
    const at = ordinal & SEGMENT_MASK;
    const { amount, units } = segment.parts.get(at) ?? { amount: 0, units: 0 };
    const quantity = segment.quantities[at]!;
    this.record.sold -= quantity - units;
    const tally = this.tallyAt(time);
    tally.refundedUnits += quantity - units;
    tally.refunded += quantity * this.record.unitAmount - amount;
  }

  #refund(
    event: Extract<DropEvent, { type: 'order-part-refunded' | 'order-rest-refunded' }>,
    time: number,
    name: 'refundsWhole' | 'refundsPart',
  ): void {
    const { ordinal, amount, quantity, restock } = event;
    const segment = this.#segment(ordinal);
    const parts = segment.partsOf(ordinal & SEGMENT_MASK);
    parts.amount += amount;
    parts.units += quantity;
    segment.isChanged = true;
    this.record.sold -= quantity;
    if (!restock) this.record.stocked -= quantity;
    const tally = this.tallyAt(time);
    tally[name] += 1;
    tally.refundedUnits += quantity;
    tally.refunded += amount;
  }

  #count(time: number, name: keyof Tally): void {
    this.tallyAt(time)[name] += 1;
  }

  #isFine(time: number): boolean {
    const { openedAt } = this.record;
    return openedAt !== null && time < openedAt + FINE_MS;
  }

  #quantity(ordinal: number): number {
    return this.#segment(ordinal).quantities[ordinal & SEGMENT_MASK]!;
  }

  #segment(ordinal: number): OrderSegment {
    const segment = this.segments.get(ordinal >>> SEGMENT_SHIFT);
    assert(segment !== undefined && (ordinal & SEGMENT_MASK) < segment.size, `no order ${ordinal}`);
    segment.usedAt = this.usedAt;
    return segment;
  }
}

function ordinalOf(event: DropEvent): number | null {
  return NEEDS_ORDER.has(event.type) ? (event as OfOrder).ordinal : null;
}

/** Adds a copy. */
function addTo(tallies: Map<number, Tally>, start: number, tally: Tally): void {
  moveTally({ ...tally }, tallyOf(tallies, start));
}

function tallyOf(tallies: Map<number, Tally>, start: number): Tally {
  let tally = tallies.get(start);
  if (tally === undefined) {
    tally = emptyTally();
    tallies.set(start, tally);
  }
  return tally;
}
