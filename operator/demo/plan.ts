// Decides by the seed alone what each buyer of the demo does, so that a run can be repeated. Only
// who gets a unit depends on the race.

import { fnv1a } from '../../domain/ids.ts';

/**
 * How a buyer who got an order pays. `refused-late` is never planned: on a busy machine the call of
 * a `refused` payment may arrive after the hold's deadline, and is then recorded as `refused-late`.
 */
export type Payment = 'prompt' | 'refused' | 'refused-late' | 'late' | 'never';
/** Whether a buyer sends more than one order request. */
export type Habit = 'patient' | 'impatient' | 'forgetful';

const USER_PREFIX = 'buyer-';

const PAYMENTS: readonly [share: number, payment: Payment][] = [
  [0.08, 'refused'],
  [0.17, 'late'],
  [0.2, 'never'],
];
/** Buyers who send three requests at once. */
const IMPATIENT_SHARE = 0.04;
/** Buyers below this share, and not below the one above, repeat the request after the answer. */
const FORGETFUL_SHARE = 0.12;

export interface PlanOptions {
  readonly seed: number;
  /** Before the number of a buyer; `buyer-` unless given. */
  readonly userPrefix?: string;
}

export class Plan {
  readonly #seed: number;
  readonly #userPrefix: string;

  constructor(options: PlanOptions) {
    this.#seed = options.seed;
    this.#userPrefix = options.userPrefix ?? USER_PREFIX;
  }

  userId(buyer: number): string {
    return `${this.#userPrefix}${buyer}`;
  }

  /** The inverse of `userId`. */
  buyerOf(userId: string): number {
    return Number(userId.slice(this.#userPrefix.length));
  }

  key(buyer: number): string {
    return `press-${this.#seed}-${buyer}`;
  }

  /**
   * A buyer who ordered again after a sold-out answer pays at once: or the sale would never end.
   */
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
   * The buyers in the order of their requests. Followers take every second place at the front, so
   * that they get about half of the stock.
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

  /** A number from 0 up to 1, the same for the same seed and words. */
  chance(...words: readonly string[]): number {
    // FNV-1a mixes its last characters only a little. A second pass over the number spreads them.
    const hash = fnv1a(words.join('\n'), fnv1a(String(this.#seed)));
    return fnv1a(hash.toString(36), hash) / 2 ** 32;
  }
}
