// A server with one drop and one order, for suites of bad input: all readable state and the journal
// must be the same afterwards.

import { isDeepStrictEqual } from 'node:util';
import type { ExecutionContext } from 'ava';
import type { Profile } from './sale-nodes.ts';
import { eventually, type Json } from './sale-client.ts';
import { SaleServer } from './sale-server.ts';

export const CREATOR = 'cleo';
export const BUYER = 'ann';

const UNCHANGED_WAIT_MAX_MS = 5_000;
/** The age of a page of drops, which each read makes anew. */
const AS_OF = /,"asOf":"[^"]*"\}$/;

export class SmallSale {
  readonly server: SaleServer;
  readonly dropId: string;
  readonly orderId: string;
  #before: readonly string[] = [];

  private constructor(options: { server: SaleServer; dropId: string; orderId: string }) {
    this.server = options.server;
    this.dropId = options.dropId;
    this.orderId = options.orderId;
  }

  static async open(
    profile: Profile,
    start: (profile: Profile) => Promise<SaleServer> = (one) => SaleServer.start(one),
  ): Promise<SmallSale> {
    const server = await start(profile);
    const dropId = await server.drop(CREATOR, { payment: 'provider', holdSeconds: 3600 });
    const orderId = String((await server.order(dropId, BUYER, 'k')).json['id']);
    await server.post(`/v1/creators/${CREATOR}/follow`, { as: BUYER });
    await eventually(
      () => server.listAll('/v1/orders', BUYER),
      (items) => items.length === 1,
    );
    const { version } = (await server.get(`/v1/drops/${dropId}`)).json;
    await eventually(
      async () => (await server.get(`/v1/drops?creator_id=${CREATOR}`)).json['items'] as Json[],
      ([drop]) => drop?.['version'] === version,
    );
    const sale = new SmallSale({ server, dropId, orderId });
    sale.#before = await sale.#state();
    return sale;
  }

  /**
   * Nothing that a client can read has changed since the sale was opened. Where the owner of a drop
   * is slow, a list shows for a moment what was stored before (D4a).
   */
  async assertUnchanged(t: ExecutionContext): Promise<void> {
    const state = await eventually(
      () => this.#state(),
      (now) => isDeepStrictEqual(now, this.#before),
      UNCHANGED_WAIT_MAX_MS,
    );
    t.deepEqual(state, this.#before);
  }

  /** Stops the server, and sees that its journal holds the one drop and the one order. */
  async assertJournalUnchanged(t: ExecutionContext): Promise<void> {
    t.is((await this.server.get('/readyz')).status, 200);
    const { drops, findings } = await this.server.stopAndRead();
    t.deepEqual(findings, []);
    t.deepEqual([...drops.keys()], [this.dropId]);
    const { stock, orders } = drops.get(this.dropId)!;
    t.is(stock.length, 3, 'it was created, opened, and one order was placed');
    t.deepEqual(
      orders.map(({ id }) => id),
      [this.orderId],
    );
  }

  async #state(): Promise<readonly string[]> {
    const { server, dropId, orderId } = this;
    const reads: [path: string, as?: string][] = [
      [`/v1/drops/${dropId}`],
      [`/v1/drops?creator_id=${CREATOR}`],
      ['/v1/products'],
      [`/v1/creators/${CREATOR}/followers`],
      [`/v1/users/${BUYER}/following`],
      [`/v1/orders/${orderId}`, BUYER],
      ['/v1/orders', BUYER],
      ['/v1/orders', CREATOR],
      ['/v1/notifications', BUYER],
    ];
    return await Promise.all(
      reads.map(async ([path, as]) => {
        const { status, text } = await server.get(path, as === undefined ? {} : { as });
        return `${path}: ${status} ${text.replace(AS_OF, '}')}`;
      }),
    );
  }
}
