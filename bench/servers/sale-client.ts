// Prepares a server or cluster for a scenario: tokens, products and drops.

import { setTimeout as delay } from 'node:timers/promises';
import { createSigner } from 'fast-jwt';
import { AccessTokens } from '../../app/access-tokens.ts';
import { EMBEDDED_SHARD_COUNT, shardOf } from '../../domain/ids.ts';
import { OperatorApi } from '../../operator/api-client.ts';
import { withStoredNames } from '../../storage/formats/amount-names.ts';

/** The secret of every measured server. */
export const AUTH_SECRET = 'a secret for measuring only, 32 characters or more';

const TOKEN_LIFETIME_MS = 3_600_000;
const OPERATOR_TOKEN_SECONDS = 600;
const DROP_LENGTH_MS = 3_600_000;
const CREATOR = 'bench-creator';
/** With a limit of 1,000 units each, enough for every order a scenario can make. */
const BUYERS = 4096;
/** A directory of a scenario has some 200,000 orders; a busy machine replays them in a minute. */
const CAUGHT_UP_TIMEOUT_MS = 300_000;
const CAUGHT_UP_POLL_MS = 250;
/** Of each consumer: journals that it reads to catch up, and entries that it has yet to read. */
const BEHIND = /^livedrops_relay_(?:shards|entries)_behind\{.*\} (\d+)$/gm;
const SEARCHES = /^livedrops_search_duration_seconds_count(?:\{.*\})? (\d+)$/gm;
/** The most drops created to find one for each shard. */
const DROPS_TRIED_MAX = 200;

const sign = createSigner({ key: AUTH_SECRET, algorithm: 'HS256', expiresIn: TOKEN_LIFETIME_MS });

export function accessToken(userId: string): string {
  return sign({ sub: userId });
}

let buyers: readonly string[] | null = null;

/** An access token for each of 4,096 buyers, `buyer-0` and so on. */
export function buyerTokens(): readonly string[] {
  buyers ??= Array.from({ length: BUYERS }, (_, i) => accessToken(`buyer-${i}`));
  return buyers;
}

export abstract class SaleClient {
  /** The gateway's address, after the start. */
  protected abstract get url(): URL;

  get host(): string {
    return this.url.hostname;
  }
  get port(): number {
    return Number(this.url.port);
  }

  token(userId: string): string {
    return accessToken(userId);
  }

  /** Creates a drop, live at once without `startsInMs`; returns its id. */
  async drop(stock: number, startsInMs?: number): Promise<string> {
    const productId = await this.product();
    return await this.dropOf({ productId, stock, startsInMs });
  }

  /** Creates a live drop in each shard of a node alone; returns their ids by shard. */
  async dropOfEachShard(stock: number): Promise<string[]> {
    const productId = await this.product();
    const drops: string[] = [];
    for (let tries = 0; tries < DROPS_TRIED_MAX; tries++) {
      const dropId = await this.dropOf({ productId, stock });
      drops[shardOf(dropId, EMBEDDED_SHARD_COUNT)] ??= dropId;
      if (Object.keys(drops).length === EMBEDDED_SHARD_COUNT) return drops;
    }
    throw new Error('a shard got no drop');
  }

  /** Creates a product of this creator; returns its id. */
  async product(creatorId = CREATOR): Promise<string> {
    const path = `/v1/creators/${creatorId}/products`;
    return (await this.#call('POST', path, creatorId, { name: 'Sneaker' })).id;
  }

  /** Creates a drop of that product, live at once without `startsInMs`; returns its id. */
  async dropOf(of: {
    readonly productId: string;
    readonly creatorId?: string;
    readonly stock: number;
    readonly startsInMs?: number;
    readonly lengthMs?: number;
  }): Promise<string> {
    const { productId, creatorId = CREATOR, stock, startsInMs = -1000 } = of;
    const { lengthMs = DROP_LENGTH_MS } = of;
    const path = `/v1/products/${productId}/drops`;
    const terms = {
      startsAt: new Date(Date.now() + startsInMs).toISOString(),
      endsAt: new Date(Date.now() + startsInMs + lengthMs).toISOString(),
      stock,
      unitAmount: 12_000,
      currency: 'EUR',
      limitPerUser: 1000,
    };
    try {
      return (await this.#call('POST', path, creatorId, terms)).id;
    } catch (error) {
      // A server of an earlier commit, measured beside today's.
      if (!String(error).includes('answered 422')) throw error;
      return (await this.#call('POST', path, creatorId, withStoredNames(terms))).id;
    }
  }

  /** Changes the start of an upcoming drop. `startsAt`: milliseconds since the Unix epoch. */
  async reschedule(dropId: string, startsAt: number): Promise<{ version: number }> {
    const body = { startsAt: new Date(startsAt).toISOString() };
    return await this.#call('PATCH', `/v1/drops/${dropId}`, CREATOR, body);
  }

  order(dropId: string, userId: string): Promise<{ id: string; version: number }> {
    return this.#call(
      'POST',
      `/v1/drops/${dropId}/orders`,
      userId,
      { quantity: 1 },
      { 'idempotency-key': `first-${userId}` },
    );
  }

  /** The status of the answer to the cancellation of an order, whatever it is. */
  async statusOfCancellation(orderId: string, userId: string): Promise<number> {
    const response = await fetch(new URL(`/v1/orders/${orderId}/cancel`, this.url), {
      method: 'POST',
      headers: { authorization: `Bearer ${this.token(userId)}` },
    });
    await response.arrayBuffer();
    return response.status;
  }

  /** Resolves when the cancellation has begun. */
  async cancel(dropId: string, creatorId: string): Promise<void> {
    await this.#call('POST', `/v1/drops/${dropId}/cancel`, creatorId, {});
  }

  /**
   * Resolves when every consumer has read all journals. On a directory that was filled without
   * some consumers those begin anew with the start, and replay for seconds.
   */
  async caughtUp(): Promise<void> {
    const deadline = performance.now() + CAUGHT_UP_TIMEOUT_MS;
    for (;;) {
      const metrics = await this.#metrics();
      const behind = [...metrics.matchAll(BEHIND)].map(([, count]) => Number(count));
      if (behind.length > 0 && behind.every((count) => count === 0)) return;
      if (performance.now() > deadline) throw new Error('the consumers did not catch up');
      await delay(CAUGHT_UP_POLL_MS);
    }
  }

  /** Of pages and suggestions, by all indexes, since the start. */
  async searches(): Promise<number> {
    const counts = [...(await this.#metrics()).matchAll(SEARCHES)];
    return counts.reduce((sum, [, count]) => sum + Number(count), 0);
  }

  async #metrics(): Promise<string> {
    return await (await fetch(new URL('/metrics', this.url))).text();
  }

  /** A client of the operator API. */
  operator(): OperatorApi {
    const tokens = new AccessTokens({ secret: AUTH_SECRET });
    const lifetimeSeconds = OPERATOR_TOKEN_SECONDS;
    return new OperatorApi({
      url: this.url.origin,
      token: () => tokens.sign({ userId: 'bench', roles: ['operator'], lifetimeSeconds }),
    });
  }

  async soldUnits(dropId: string): Promise<number> {
    const response = await fetch(new URL(`/v1/drops/${dropId}`, this.url));
    return ((await response.json()) as { sold: number }).sold;
  }

  async #call(
    method: string,
    path: string,
    userId: string,
    body: object,
    headers: object = {},
  ): Promise<{ id: string; version: number }> {
    const response = await fetch(new URL(path, this.url), {
      method,
      headers: {
        authorization: `Bearer ${this.token(userId)}`,
        'content-type': 'application/json',
        ...headers,
      },
      body: JSON.stringify(body),
    });
    if (!response.ok)
      throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
    return (await response.json()) as { id: string; version: number };
  }
}
