// Placed orders: read, list, cancel and refund (O9, O12). The order path sends new orders straight
// to the drop's actor.

import type { ActionParams } from '../contracts/actions.ts';
import type { OrderView } from '../contracts/orders.ts';
import type { OrderPayments } from '../contracts/payments.ts';
import type { Page } from '../contracts/paging.ts';
import type { Outcome } from '../contracts/refusals.ts';
import { parseOrderId } from '../domain/ids.ts';
import { refusal, success } from '../domain/refusal.ts';
import type { FeatureLevels } from '../storage/ports/feature-level.ts';
import type { OrderListStore } from '../storage/ports/order-list.ts';
import { callerOf } from './caller.ts';
import { actorFor, type DropCreatorsOptions } from './permissions.ts';

export interface OrdersOptions extends DropCreatorsOptions {
  readonly orderList: OrderListStore;
  /** Of the store. */
  readonly levels: Pick<FeatureLevels, 'reached'>;
}

/** From this feature level on every owner takes `get-order-payments`. */
const PAYMENTS_LEVEL = 2;
/** From this feature level on every owner can refund a part of an order. */
const REFUND_DETAILS_LEVEL = 3;

export class Orders {
  readonly #options: OrdersOptions;

  constructor(options: OrdersOptions) {
    this.#options = options;
  }

  async list({ userId, page }: ActionParams<'orders.list'>): Promise<Outcome<Page<OrderView>>> {
    return success(await this.#options.orderList.listByUser(userId, page));
  }

  /** Only the caller's own order; another user's is `not-found`. */
  async get({ caller, orderId }: ActionParams<'orders.get'>): Promise<Outcome<OrderView>> {
    const dropId = dropOf(orderId);
    if (dropId === null) return refusal('not-found');
    const { userId } = caller;
    return await this.#options.router.send({ type: 'get-order', dropId, orderId, userId });
  }

  /**
   * The payments of an order. The caller must be its buyer, the drop's creator or an operator;
   * anybody else gets `not-found`. Below feature level 2 `unavailable`.
   */
  async payments({
    caller,
    orderId,
  }: ActionParams<'orders.payments'>): Promise<Outcome<OrderPayments>> {
    const { levels, router } = this.#options;
    const dropId = dropOf(orderId);
    if (dropId === null) return refusal('not-found');
    if (levels.reached() < PAYMENTS_LEVEL) return refusal('unavailable');
    const type = 'get-order-payments';
    const actor = await actorFor(this.#options, caller, dropId, 'orders.payments');
    const answer = await router.send({ type, dropId, orderId, caller: actor });
    // An owner of feature level 2 knows no refunds of parts.
    return answer.ok ? success({ ...answer.value, refunds: answer.value.refunds ?? [] }) : answer;
  }

  /** Cancels a reserved order. The caller must be its buyer. */
  async cancel(params: ActionParams<'orders.cancel'>): Promise<Outcome<OrderView>> {
    const { caller, orderId, request } = params;
    const dropId = dropOf(orderId);
    if (dropId === null) return refusal('not-found');
    return await this.#options.router.send({
      type: 'cancel-order',
      dropId,
      orderId,
      caller: callerOf(caller),
      ...(request && { request }),
    });
  }

  /**
   * Refunds a confirmed order, or a part of it. The caller must be the drop's creator or an
   * operator. Below feature level 3 details are `unavailable`.
   */
  async refund(params: ActionParams<'orders.refund'>): Promise<Outcome<OrderView>> {
    const { caller, orderId, details = {}, request } = params;
    const { levels, router } = this.#options;
    const dropId = dropOf(orderId);
    if (dropId === null) return refusal('not-found');
    const refund = {
      type: 'refund-order',
      dropId,
      orderId,
      caller: await actorFor(this.#options, caller, dropId, 'orders.refund'),
      ...(request && { request }),
    } as const;
    if (levels.reached() >= REFUND_DETAILS_LEVEL) {
      const isWhole = details.amount === undefined && details.quantity === undefined;
      return await router.send({ ...refund, ...(isWhole && { restock: true }), ...details });
    }
    return Object.keys(details).length > 0 ? refusal('unavailable') : await router.send(refund);
  }
}

function dropOf(orderId: string): string | null {
  return parseOrderId(orderId)?.dropId ?? null;
}
