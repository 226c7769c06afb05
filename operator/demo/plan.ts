// Who does what in the demo, decided by the seed alone, so that a run can be had again. Only who
// gets a unit depends on the race.

import { fnv1a } from '../../domain/ids.ts';

/**
 * How a buyer who got an order pays. `refused-late` is never planned: on a machine that is too busy
 * a call may come after the hold, and is then told as what it was.
 */
export type Payment = 'prompt' | 'refused' | 'refused-late' | 'late' | 'never';
/** What a buyer does besides pressing once. */
export type Habit = 'patient' | 'impatient' | 'forgetful';

const USER_PREFIX = 'buyer-';

const PAYMENTS: readonly [share: number, payment: Payment][] = [
  [0.08, 'refused'],
  [0.17, 'late'],
  [0.2, 'never'],
];
/** Presses three times at once, as with a nervous finger. */
const IMPATIENT_SHARE = 0.04;
/** Does not see the answer, and asks again with the same key. */
const FORGETFUL_SHARE = 0.12;

export interface PlanOptions {
  readonly seed: number;
}

export class Plan {
  readonly #seed: number;

  constructor(options: PlanOptions) {
    this.#seed = options.seed;
  }

  userId(buyer: number): string {
    return `${USER_PREFIX}${buyer}`;
  }

  /** The other way round. */
  buyerOf(userId: string): number {
    return Number(userId.slice(USER_PREFIX.length));
  }

  key(buyer: number): string {
    return `press-${this.#seed}-${buyer}`;
  }

  /** Those who had to press again are glad, and pay: or the sale would never end. */
  payment(userId: string, pressedAgain: boolean): Payment {
    if (pressedAgain) return 'prompt';
    const chance = this.chance('payment', userId);
    return PAYMENTS.find(([share]) => chance < share)?.[1] ?? 'prompt';
  }

  habit(buyer: number): Habit {
    const chance = this.chance('habit', this.userId(buyer));
    if (chance < IMPATIENT_SHARE) return 'impatient';
    return chance < FORGETFUL_SHARE ? 'forgetful' : 'patient';
  }

  /**
   * The order in which they press: followers, who are told first, are every other one at the front,
   * so that they get about half of the stock.
   */
  pressOrder(buyers: number, followers: number): number[] {
    const order: number[] = [];
    let follower = 0;
    let other = followers;
    while (order.length < buyers) {
      if (follower < followers) order.push(follower++);
      if (other < buyers) order.push(other++);
    }
    return order;
  }

  /** From 0 up to 1, the same for the same words. */
  chance(...words: readonly string[]): number {
    // FNV-1a mixes its last characters little; a second pass over the number spreads them.
    const hash = fnv1a(words.join('\n'), fnv1a(String(this.#seed)));
    return fnv1a(hash.toString(36), hash) / 2 ** 32;
  }
}
