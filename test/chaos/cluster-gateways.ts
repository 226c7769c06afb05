// Sends the requests of a cluster's chaos test to random gateways. A gateway that did not answer is
// avoided for a while. The choice of the gateway must not matter for the result.

import { type HttpAnswer, HttpPool } from '../../operator/demo/http-pool.ts';
import type { Random } from './random.ts';

export interface GatewaysOptions {
  readonly urls: readonly string[];
  /** The most open sockets to each gateway. */
  readonly connectionsMax: number;
  readonly answerTimeoutMs: number;
  readonly random: Random;
}

const WAITING_MAX = 10_000;
const AVOIDED_FOR_MS = 400;

interface Gateway {
  readonly pool: HttpPool;
  avoidedUntil: number;
}

export class Gateways {
  readonly #gateways: readonly Gateway[];
  readonly #random: Random;
  /** Answers by status; 0: no answer. */
  readonly statuses = new Map<number, number>();

  constructor({ urls, connectionsMax, answerTimeoutMs, random }: GatewaysOptions) {
    this.#random = random;
    this.#gateways = urls.map((url) => {
      const { hostname: host, port } = new URL(url);
      const waitingMax = WAITING_MAX;
      const pool = new HttpPool({
        host,
        port: Number(port),
        connectionsMax,
        waitingMax,
        answerTimeoutMs,
      });
      return { pool, avoidedUntil: 0 };
    });
  }

  async send(text: string): Promise<HttpAnswer> {
    const now = Date.now();
    const good = this.#gateways.filter(({ avoidedUntil }) => avoidedUntil <= now);
    const gateway = this.#random.pick(good.length > 0 ? good : this.#gateways)!;
    const answer = await gateway.pool.send(text);
    if (answer.status === 0) gateway.avoidedUntil = Date.now() + AVOIDED_FOR_MS;
    this.statuses.set(answer.status, (this.statuses.get(answer.status) ?? 0) + 1);
    return answer;
  }

  /** Opens every connection. Rejects if a gateway does not accept. */
  async warmUp(): Promise<void> {
    await Promise.all(this.#gateways.map(({ pool }) => pool.warmUp()));
  }

  close(): void {
    for (const { pool } of this.#gateways) pool.close();
  }
}
