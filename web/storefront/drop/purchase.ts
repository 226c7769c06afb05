// One buyer's purchase of one drop: the press, its answer, and what becomes of the order. The
// intent is kept before the first try, so a reload, a lost answer and a second press go on with the
// same key, and end in one order. Of several tabs one asks at a time (Web Locks); who pressed in
// another one meanwhile is shown its order.

import { signal } from '@preact/signals';
import { ConnectionError, IntentGoneError, ProblemError } from '../../../sdk/errors.ts';
import { client } from '../../shared/server.ts';
import type { Order } from '../../shared/types.ts';
import type { Press } from '../../shared/drop/phase.ts';

/** Statuses of an order that stands, the one to show first. */
const STANDING: readonly Order['status'][] = ['reserved', 'confirmed'];
/** One page of the newest orders is looked through for one of this drop. */
const ORDERS_LOOKED_AT = 100;

export class Purchase {
  /** The buyer's order of this drop that matters most; null: none that is known. */
  readonly order = signal<Order | null>(null);
  readonly press = signal<Press>({ is: 'none' });
  readonly #dropId: string;

  constructor(dropId: string) {
    this.#dropId = dropId;
  }

  /** What the buyer has already, and what was pressed before a reload and has no answer. */
  async restore(): Promise<void> {
    const pending = (await client.pending()).find(({ path }) => path?.['id'] === this.#dropId);
    if (pending !== undefined) return await this.#alone(() => client.resume(pending));
    await this.#showStanding();
  }

  async #showStanding(): Promise<void> {
    const query = { limit: ORDERS_LOOKED_AT };
    const { items } = await client.call('GET /v1/orders', { query });
    const own = items.filter(({ dropId }) => dropId === this.#dropId);
    if (this.press.value.is !== 'none') return;
    this.order.value =
      STANDING.map((status) => own.find((one) => one.status === status)).find(Boolean) ??
      own[0] ??
      null;
  }

  /** Buys. While an answer is awaited, or none came, it is the same order again. */
  async buy(quantity: number, pass: string | undefined): Promise<void> {
    const pending = (await client.pending()).find(({ path }) => path?.['id'] === this.#dropId);
    if (pending !== undefined) return await this.#alone(() => client.resume(pending));
    const body = { quantity, ...(pass !== undefined && { pass }) };
    await this.#alone(() => client.placeOrder(this.#dropId, body));
  }

  /** Reads the order again: a payment, a refund or the end of its hold was told. */
  async refresh(): Promise<void> {
    const { value: order } = this.order;
    if (order === null) return;
    const path = { id: order.id };
    this.#show(await client.call('GET /v1/orders/{id}', { path }));
  }

  async cancel(): Promise<void> {
    const { value: order } = this.order;
    if (order === null) return;
    const path = { id: order.id };
    this.#show(await client.call('POST /v1/orders/{id}/cancel', { path }));
  }

  #show(order: Order): void {
    const { value: shown } = this.order;
    if (shown !== null && shown.id === order.id && shown.version > order.version) return;
    this.order.value = order;
  }

  /** Where another tab asks already, its answer is this one's, too. */
  async #alone(send: () => Promise<unknown>): Promise<void> {
    const { locks } = navigator as { readonly locks?: LockManager };
    if (locks === undefined) return await this.#ask(send);
    const name = `livedrops:order:${this.#dropId}`;
    const isMine = await locks.request(name, { ifAvailable: true }, async (lock) => {
      if (lock === null) return false;
      await this.#ask(send);
      return true;
    });
    if (isMine) return;
    this.press.value = { is: 'asking' };
    await locks.request(name, () => undefined);
    this.press.value = { is: 'none' };
    await this.#showStanding();
  }

  async #ask(send: () => Promise<unknown>): Promise<void> {
    this.press.value = { is: 'asking' };
    try {
      this.order.value = (await send()) as Order;
      this.press.value = { is: 'none' };
    } catch (error) {
      await this.#failed(error);
    }
  }

  async #failed(error: unknown): Promise<void> {
    if (error instanceof IntentGoneError) {
      // Another tab has the answer.
      this.press.value = { is: 'none' };
      return await this.restore();
    }
    const isRefusal = error instanceof ProblemError && error.status < 500 && error.status !== 429;
    if (isRefusal && error.status !== 401) {
      this.press.value = { is: 'refused', code: error.code };
      const { orderId } = error.problem;
      if (orderId === undefined) return;
      const path = { id: orderId };
      const standing = await client.call('GET /v1/orders/{id}', { path });
      if (STANDING.includes(standing.status)) this.order.value = standing;
      return;
    }
    if (!(error instanceof ConnectionError) && !(error instanceof ProblemError)) throw error;
    this.press.value = { is: 'unsure' };
  }
}
