// What is counted of one drop in one piece of time, and the names under which it is stored.

/** The whole numbers that the exact part counts, as sums are named. */
export const EXACT_COUNTS = [
  'placed',
  'orders',
  'units',
  'holdsExpired',
  'holdsReleased',
  'paymentsConfirmed',
  'paymentsLate',
  'paymentsFailed',
  'paymentsDeclined',
  'paymentsRejected',
  'refundsWhole',
  'refundsPart',
  'refundedUnits',
  'buyersNew',
  'buyersReturning',
] as const;
export type ExactCount = (typeof EXACT_COUNTS)[number];

/** Amounts of money are named with their currency: `revenue/EUR`. */
export const REVENUE = 'revenue/';
export const REFUNDED = 'refunded/';

export type Tally = Record<ExactCount, number> & {
  /** In the minor unit of the drop's currency. */
  revenue: number;
  refunded: number;
};

const NAMES = [...EXACT_COUNTS, 'revenue', 'refunded'] as const;

export function emptyTally(): Tally {
  return {
    placed: 0,
    orders: 0,
    units: 0,
    holdsExpired: 0,
    holdsReleased: 0,
    paymentsConfirmed: 0,
    paymentsLate: 0,
    paymentsFailed: 0,
    paymentsDeclined: 0,
    paymentsRejected: 0,
    refundsWhole: 0,
    refundsPart: 0,
    refundedUnits: 0,
    buyersNew: 0,
    buyersReturning: 0,
    revenue: 0,
    refunded: 0,
  };
}

/** Adds what `from` has, and empties it. */
export function moveTally(from: Tally, to: Tally): void {
  for (const name of NAMES) {
    to[name] += from[name];
    from[name] = 0;
  }
}

/** What a tally adds to sums, without what is 0. */
export function* namedValues(
  tally: Tally,
  currency: string,
): Generator<readonly [name: string, value: number]> {
  for (const name of EXACT_COUNTS) if (tally[name] !== 0) yield [name, tally[name]];
  if (tally.revenue !== 0) yield [REVENUE + currency, tally.revenue];
  if (tally.refunded !== 0) yield [REFUNDED + currency, tally.refunded];
}
