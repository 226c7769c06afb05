// Creates generations of drops that start, sell and end, and counts the orders of the drops that
// the server still holds in memory. The server unloads a drop some time after its end.

import { OperatorApi } from '../../operator/api-client.ts';
import { AccessTokens } from '../../app/access-tokens.ts';
import { AUTH_SECRET, type SaleClient } from '../servers/sale-client.ts';

const STOCK = 10_000_000;
/** A drop ends this long after the last order of its generation. */
const SLACK_MS = 15_000;
const OPERATOR_TOKEN_SECONDS = 600;

export class DropGenerations {
  readonly #sale: SaleClient;
  readonly #perGeneration: number;
  readonly #operator: OperatorApi;
  #productId: string | null = null;
  /** Every drop so far, in order of creation. */
  readonly #drops: { readonly id: string; orders: number }[] = [];

  constructor(options: { readonly sale: SaleClient; readonly perGeneration: number }) {
    const { sale, perGeneration } = options;
    this.#sale = sale;
    this.#perGeneration = perGeneration;
    const tokens = new AccessTokens({ secret: AUTH_SECRET });
    const lifetimeSeconds = OPERATOR_TOKEN_SECONDS;
    this.#operator = new OperatorApi({
      url: `http://${sale.host}:${sale.port}`,
      token: () => tokens.sign({ userId: 'bench', roles: ['operator'], lifetimeSeconds }),
    });
  }

  /** Drop ids of the newest generation. */
  get live(): readonly string[] {
    return this.#drops.slice(-this.#perGeneration).map(({ id }) => id);
  }

  get made(): number {
    return this.#drops.length;
  }

  /** Creates the next generation, live at once and for `lengthMs`. */
  async begin(lengthMs: number): Promise<void> {
    this.#productId ??= await this.#sale.product();
    const productId = this.#productId;
    for (let i = 0; i < this.#perGeneration; i++) {
      const of = { productId, stock: STOCK, lengthMs: lengthMs + SLACK_MS };
      this.#drops.push({ id: await this.#sale.dropOf(of), orders: 0 });
    }
  }

  /** Adds orders, spread evenly over the newest generation. */
  count(orders: number): void {
    const share = orders / this.#perGeneration;
    for (const drop of this.#drops.slice(-this.#perGeneration)) drop.orders += share;
  }

  /** Drops in memory by the server's count, and the orders of that many newest drops. */
  async inMemory(): Promise<{ readonly drops: number; readonly orders: number }> {
    const shards = await this.#operator.shards();
    const drops = shards.reduce((sum, shard) => sum + shard.drops, 0);
    const newest = drops === 0 ? [] : this.#drops.slice(-drops);
    return { drops, orders: newest.reduce((sum, { orders }) => sum + orders, 0) };
  }
}
