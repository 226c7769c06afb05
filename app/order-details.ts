// The details of orders: stored by the buyer, read by the buyer, the drop's creator and operators,
// and erased with the buyer's key (decision 051). They are stored before the drop is told, so
// whoever learns of them finds them; a drop that refuses has them removed again.

import type { Requester } from '../contracts/accounts.ts';
import type { ActionParams } from '../contracts/actions.ts';
import { ORDER_DETAILS_READ_MAX, type OrderDetails } from '../contracts/order-details.ts';
import type { Outcome } from '../contracts/refusals.ts';
import { assert } from '../domain/assert.ts';
import { parseOrderId } from '../domain/ids.ts';
import { refusal, success } from '../domain/refusal.ts';
import type { FeatureLevels } from '../storage/ports/feature-level.ts';
import type { BuyerKey, OrderDetailsStore, SealedDetails } from '../storage/ports/order-details.ts';
import { callerOf, isOperator } from './caller.ts';
import type { DetailsCipher } from './details-cipher.ts';
import { creatorOfDrop, type DropCreatorsOptions, mayAct } from './permissions.ts';

/** From this feature level on every owner takes `add-order-details`. */
const DETAILS_LEVEL = 3;
/** Attempts of one write: each that fails met an erasure. */
const ROUNDS_MAX = 5;
const NO_SECRET = refusal('unavailable', 'This server has no secret for details of orders.');

export interface OrderDetailsOptions extends DropCreatorsOptions {
  readonly orderDetails: OrderDetailsStore;
  /** Null: the server has no secret for it. */
  readonly cipher: DetailsCipher | null;
  /** Of the store. */
  readonly levels: Pick<FeatureLevels, 'reached'>;
}

export class OrderDetailsUseCases {
  readonly #options: OrderDetailsOptions;

  constructor(options: OrderDetailsOptions) {
    this.#options = options;
  }

  /** Replaces what was there. For the buyer only; `order-over` where nothing will be delivered. */
  async put({
    caller,
    orderId,
    details,
  }: ActionParams<'details.put'>): Promise<Outcome<OrderDetails>> {
    const { router, cipher, levels } = this.#options;
    const dropId = parseOrderId(orderId)?.dropId;
    if (dropId === undefined) return refusal('not-found');
    if (levels.reached() < DETAILS_LEVEL) return refusal('unavailable');
    if (cipher === null) return NO_SECRET;
    const { userId } = caller;
    const order = await router.send({ type: 'get-order', dropId, orderId, userId });
    if (!order.ok) return order;
    const { status, hasDetails = false } = order.value;
    if (status !== 'reserved' && status !== 'confirmed' && status !== 'refunded')
      return refusal('order-over');
    if (!(await this.#store(cipher, userId, orderId, details))) return refusal('unavailable');
    const command = { type: 'add-order-details', dropId, orderId } as const;
    const told = await router.send({ ...command, caller: callerOf(caller) });
    if (told.ok) return success(details);
    // What was there before stays known to the drop, and is what is removed here.
    if (told.code === 'order-over' && !hasDetails)
      await this.#options.orderDetails.remove({ orderId, userId });
    return told;
  }

  /** `not-found` for whoever may not see them, and where there are none. */
  async get({ caller, orderId }: ActionParams<'details.get'>): Promise<Outcome<OrderDetails>> {
    if (this.#options.cipher === null) return NO_SECRET;
    const dropId = parseOrderId(orderId)?.dropId;
    if (dropId === undefined) return refusal('not-found');
    const [row = null] = await this.#options.orderDetails.find([orderId]);
    if (row === null) return refusal('not-found');
    const isBuyerOrOperator = row.userId === caller.userId || isOperator(caller);
    if (!isBuyerOrOperator && !(await this.#maySell(caller, dropId))) return refusal('not-found');
    const details = (await this.#open([row])).get(orderId);
    return details === undefined ? refusal('not-found') : success(details);
  }

  /**
   * The details of some orders that have any, by order, for whoever may see them all. At most
   * `ORDER_DETAILS_READ_MAX`. Errors: `store-unavailable`; `unknown-secret`.
   */
  async read(orderIds: readonly string[]): Promise<ReadonlyMap<string, OrderDetails>> {
    assert(orderIds.length <= ORDER_DETAILS_READ_MAX, 'details of too many orders at once');
    const rows = await this.#options.orderDetails.find(orderIds);
    return await this.#open(rows.filter((row) => row !== null));
  }

  /** Removes all details of a buyer's orders for good. Errors: `store-unavailable`. */
  async erase({ caller }: ActionParams<'details.erase'>): Promise<Outcome<null>> {
    await this.#options.orderDetails.erase(caller.userId);
    return success(null);
  }

  async #store(
    cipher: DetailsCipher,
    userId: string,
    orderId: string,
    details: OrderDetails,
  ): Promise<boolean> {
    const { orderDetails } = this.#options;
    for (let round = 0; round < ROUNDS_MAX; round++) {
      const found = await orderDetails.findKey(userId);
      const key = found ?? (await orderDetails.addKey(userId, cipher.makeKey(userId)));
      const rewrapped = cipher.rewrap(userId, key);
      if (rewrapped !== null) await orderDetails.rewrapKey(userId, rewrapped);
      if (await orderDetails.put(cipher.seal(userId, key, orderId, details))) return true;
    }
    return false;
  }

  /** Without those whose key is erased. */
  async #open(rows: readonly SealedDetails[]): Promise<Map<string, OrderDetails>> {
    const { cipher, orderDetails } = this.#options;
    const opened = new Map<string, OrderDetails>();
    if (cipher === null) return opened;
    const userIds = [...new Set(rows.map(({ userId }) => userId))];
    const found = await Promise.all(userIds.map((userId) => orderDetails.findKey(userId)));
    const keys = new Map<string, BuyerKey | null>(userIds.map((id, i) => [id, found[i] ?? null]));
    for (const row of rows) {
      const key = keys.get(row.userId) ?? null;
      if (key?.id === row.keyId) opened.set(row.orderId, cipher.open(key, row));
    }
    return opened;
  }

  async #maySell(caller: Requester, dropId: string): Promise<boolean> {
    const creator = await creatorOfDrop(this.#options, dropId);
    return creator.ok && mayAct(caller, creator.value, 'details.get');
  }
}
