// Drops that begin, sell and end, one generation after the other, and how many orders those have that
// a server still holds in memory: it puts a drop aside some time after its end.

import { OperatorApi } from '../../operator/api-client.ts';
import { AccessTokens } from '../../services/access-tokens.ts';
import { AUTH_SECRET, type SaleClient } from '../servers/sale-client.ts';

const STOCK = 10_000_000;
/** After the last order of a generation: none may come too late. */
const SLACK_MS = 15_000;
const OPERATOR_TOKEN_SECONDS = 600;

export class PassingDrops {
  readonly #sale: SaleClient;
  readonly #perGeneration: number;
  readonly #operator: OperatorApi;
  #productId: string | null = null;
  /** Every drop so far, in the order of their making. */
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

  /** Ids of the newest generation. */
  get live(): readonly string[] {
    return this.#drops.slice(-this.#perGeneration).map(({ id }) => id);
  }

  get made(): number {
    return this.#drops.length;
  }

  /** The next generation, on sale at once and for so long. */
  async begin(lengthMs: number): Promise<void> {
    this.#productId ??= await this.#sale.product();
    const productId = this.#productId;
    for (let i = 0; i < this.#perGeneration; i++) {
      const of = { productId, stock: STOCK, lengthMs: lengthMs + SLACK_MS };
      this.#drops.push({ id: await this.#sale.dropOf(of), orders: 0 });
    }
  }

  /** Spread over the newest generation. */
  count(orders: number): void {
    const share = orders / this.#perGeneration;
    for (const drop of this.#drops.slice(-this.#perGeneration)) drop.orders += share;
  }

  /** Those of the drops in memory: as many of the newest as the server says it has. */
  async inMemory(): Promise<{ readonly drops: number; readonly orders: number }> {
    const shards = await this.#operator.shards();
    const drops = shards.reduce((sum, shard) => sum + shard.drops, 0);
    const newest = drops === 0 ? [] : this.#drops.slice(-drops);
    return { drops, orders: newest.reduce((sum, { orders }) => sum + orders, 0) };
  }
}
