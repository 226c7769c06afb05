// The shared knowledge of the crash test's clients: users, live drops, orders that wait for
// payment. Everything comes from answers, except the keys that the clients chose.

import { AccessTokens } from '../../app/access-tokens.ts';

export interface SaleDrop {
  readonly id: string;
  readonly creatorId: string;
  readonly payment: 'instant' | 'provider';
  readonly limitPerUser: number;
}

export interface PlacedKey {
  readonly userId: string;
  readonly dropId: string;
  readonly key: string;
  readonly quantity: number;
}

/** An acknowledged order that waits for its payment. */
export interface UnpaidOrder {
  readonly id: string;
  readonly userId: string;
  readonly payFrom: number;
  readonly succeeds: boolean;
}

const TOKEN_LIFETIME_SECONDS = 24 * 60 * 60;
/** Older drops, keys and orders are dropped from the lists. */
const DROPS_MAX = 9;
const KEYS_MAX = 400;
const UNPAID_MAX = 400;
const ORDERS_MAX = 400;

export class World {
  readonly buyers: readonly string[];
  creators: readonly string[] = [];
  readonly drops: SaleDrop[] = [];
  readonly keys: PlacedKey[] = [];
  readonly unpaid: UnpaidOrder[] = [];
  /** Acknowledged orders, with their buyers. */
  readonly orders: { readonly id: string; readonly userId: string; readonly creatorId: string }[] =
    [];
  /** Pairs with a follow change in flight: one at a time, so that the last change is known. */
  readonly busyFollows = new Set<string>();
  readonly #accessTokens: AccessTokens;
  readonly #tokens = new Map<string, string>();
  #count = 0;

  constructor(options: { readonly authSecret: string; readonly buyers: number }) {
    this.#accessTokens = new AccessTokens({ secret: options.authSecret });
    this.buyers = Array.from({ length: options.buyers }, (_, i) => `buyer${i + 1}`);
  }

  token(userId: string): string {
    let token = this.#tokens.get(userId);
    if (token === undefined) {
      token = this.#accessTokens.sign({
        userId,
        roles: [],
        lifetimeSeconds: TOKEN_LIFETIME_SECONDS,
      });
      this.#tokens.set(userId, token);
    }
    return token;
  }

  /** Returns a new unique name. */
  fresh(prefix: string): string {
    this.#count += 1;
    return `${prefix}${this.#count}`;
  }

  addDrop(drop: SaleDrop): void {
    addBounded(this.drops, drop, DROPS_MAX);
  }

  addKey(key: PlacedKey): void {
    addBounded(this.keys, key, KEYS_MAX);
  }

  addUnpaid(order: UnpaidOrder): void {
    addBounded(this.unpaid, order, UNPAID_MAX);
  }

  addOrder(id: string, userId: string, drop: SaleDrop): void {
    addBounded(this.orders, { id, userId, creatorId: drop.creatorId }, ORDERS_MAX);
  }

  /** Removes and returns an order that is due for payment; undefined if none is. */
  takePayable(now: number): UnpaidOrder | undefined {
    const at = this.unpaid.findIndex(({ payFrom }) => payFrom <= now);
    return at < 0 ? undefined : this.unpaid.splice(at, 1)[0];
  }
}

function addBounded<T>(list: T[], item: T, lengthMax: number): void {
  list.push(item);
  if (list.length > lengthMax) list.shift();
}
