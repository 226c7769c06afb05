// One buyer's purchase of one drop: the press, its answer, and what becomes of the order. The
// intent is kept before the first try, so a reload, a lost answer and a second press go on with the
// same key, and end in one order. Of several tabs one asks at a time (Web Locks); who pressed in
// another one meanwhile is shown its order.

import { signal } from '@preact/signals';
import { ConnectionError, IntentGoneError, ProblemError } from '../../../sdk/errors.ts';
import type { Press } from '../../shared/drop/phase.ts';
import { client, faultText } from '../../shared/server.ts';
import type { Order } from '../../shared/types.ts';

/** Statuses of an order that stands, the one to show first. */
const STANDING: readonly Order['status'][] = ['reserved', 'confirmed'];
/** One page of the newest orders is looked through for one of this drop. */
const ORDERS_LOOKED_AT = 100;
/** Lists of orders are a second behind at most (O9). */
const LISTED_MS = 2_500;
const LOOK_AGAIN_MS = 400;

export class Purchase {
  /** The buyer's order of this drop that matters most; null: none that is known. */
  readonly order = signal<Order | null>(null);
  readonly press = signal<Press>({ is: 'none' });
  readonly #dropId: string;
  /** Of presses: a list that was asked for before one of them is too old to be shown. */
  #turn = 0;

  constructor(dropId: string) {
    this.#dropId = dropId;
  }

  /** What the buyer has already, and what was pressed before a reload and has no answer. */
  async restore(): Promise<void> {
    const pending = (await client.pending()).find(({ path }) => path?.['id'] === this.#dropId);
    if (pending !== undefined) return await this.#alone(() => client.resume(pending));
    await this.#showListed();
  }

  /** Buys. While an answer is awaited, or none came, it is the same order again. */
  async buy(quantity: number, pass: string | undefined): Promise<void> {
    const pending = (await client.pending()).find(({ path }) => path?.['id'] === this.#dropId);
    if (pending !== undefined) return await this.#alone(() => client.resume(pending));
    const body = { quantity, ...(pass !== undefined && { pass }) };
    await this.#alone(() => client.placeOrder(this.#dropId, body));
  }

  /** Reads the order again: a payment, a refund, the end of its hold or a new order was told. */
  async refresh(): Promise<void> {
    const { value: order } = this.order;
    if (order === null) {
      await this.#showListed();
      return;
    }
    const path = { id: order.id };
    this.#show(await client.call('GET /v1/orders/{id}', { path }));
  }

  async cancel(): Promise<void> {
    const { value: order } = this.order;
    if (order === null) return;
    const path = { id: order.id };
    this.#show(await client.call('POST /v1/orders/{id}/cancel', { path }));
  }

  /** The drop has changed: what was refused before is no answer any more. */
  forgetRefusal(): void {
    if (this.press.value.is === 'refused') this.press.value = { is: 'none' };
  }

  /** Whether there is one that stands. */
  async #showListed(): Promise<boolean> {
    const turn = this.#turn;
    const query = { limit: ORDERS_LOOKED_AT };
    const { items } = await client.call('GET /v1/orders', { query });
    const own = items.filter(({ dropId }) => dropId === this.#dropId);
    const standing = STANDING.map((status) => own.find((one) => one.status === status)).find(
      Boolean,
    );
    const found = standing ?? own[0];
    if (turn === this.#turn && found !== undefined) this.order.value = found;
    return standing !== undefined;
  }

  /** A newer state of the order that is shown. */
  #show(order: Order): void {
    const { value: shown } = this.order;
    if (shown === null || shown.id !== order.id || shown.version > order.version) return;
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
    try {
      await locks.request(name, () => undefined);
      await this.#showAnotherTabs();
    } finally {
      this.press.value = { is: 'none' };
    }
  }

  /** The order that another tab placed is in the list in a moment, or was refused. */
  async #showAnotherTabs(): Promise<void> {
    const deadline = performance.now() + LISTED_MS;
    while (!(await this.#showListed()) && performance.now() < deadline)
      await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
  }

  async #ask(send: () => Promise<unknown>): Promise<void> {
    this.#turn += 1;
    this.press.value = { is: 'asking' };
    try {
      this.order.value = (await send()) as Order;
      this.press.value = { is: 'none' };
    } catch (error) {
      await this.#failed(error);
    }
  }

  async #failed(error: unknown): Promise<void> {
    if (error instanceof ConnectionError || isUndecided(error)) {
      this.press.value = { is: 'unsure' };
      return;
    }
    this.press.value = { is: 'none' };
    // Another tab has the answer.
    if (error instanceof IntentGoneError) return await this.#showAnotherTabs();
    if (!(error instanceof ProblemError)) throw error;
    this.press.value = { is: 'refused', code: error.code, said: faultText(error) };
    const { orderId } = error.problem;
    if (orderId === undefined) return;
    const standing = await client.call('GET /v1/orders/{id}', { path: { id: orderId } });
    if (STANDING.includes(standing.status)) this.order.value = standing;
  }
}

/** The server may have done it, or do it still: the intent goes on. */
function isUndecided(error: unknown): boolean {
  if (!(error instanceof ProblemError)) return false;
  const { status, code } = error;
  return status >= 500 || status === 429 || status === 401 || code === 'request-in-progress';
}
