// A buyer who places one order after another through one gateway, each with its own key, and
// records the refusals.

import type { Answer } from '../end-to-end/sale-client.ts';
import type { NodeId, TestCluster } from './test-cluster.ts';

/** Consecutive refusals after which the shopper gives an error. */
const REFUSALS_MAX = 1_000;
const REST_MS = 5;

export class Shopper {
  readonly #options: { cluster: TestCluster; via: NodeId; dropId: string };
  readonly #shopping: Promise<void>;
  readonly #refused: Answer[] = [];
  #made = 0;
  #ended = false;
  #waiting: (() => void) | null = null;

  constructor(options: { cluster: TestCluster; via: NodeId; dropId: string }) {
    this.#options = options;
    this.#shopping = this.#shop();
  }

  /** Resolves after this number of further orders. Rejects if the shopper failed. */
  async made(count: number): Promise<void> {
    const target = this.#made + count;
    while (this.#made < target) {
      const next = new Promise<void>((resolve) => {
        this.#waiting = resolve;
      });
      await Promise.race([next, this.#shopping]);
    }
  }

  async end(): Promise<{ made: number; refused: readonly Answer[] }> {
    this.#ended = true;
    await this.#shopping;
    return { made: this.#made, refused: this.#refused };
  }

  async #shop(): Promise<void> {
    const { cluster, via, dropId } = this.#options;
    for (let i = 0; !this.#ended; i++) {
      const answer = await cluster.order(via, dropId, `shopper${i}`, 'shopper');
      if (answer.status === 201) {
        this.#made += 1;
        this.#waiting?.();
      } else this.#refused.push(answer);
      if (this.#refused.length > REFUSALS_MAX) throw new Error(`${via} refuses every order`);
      await new Promise((resolve) => setTimeout(resolve, REST_MS));
    }
  }
}
