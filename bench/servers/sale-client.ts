// What a scenario needs to set the scene on a server or a cluster: tokens, a product, a drop.

import { createSigner } from 'fast-jwt';

/** Of every server that is measured. */
export const AUTH_SECRET = 'a secret for measuring only, 32 characters or more';

const TOKEN_LIFETIME_MS = 3_600_000;
const DROP_LENGTH_MS = 3_600_000;
const CREATOR = 'bench-creator';
/** With a limit of 1,000 units each, enough for every order a scenario can make. */
const BUYERS = 4096;

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
  /** Where the gateway answers, once it is ready. */
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

  /** A drop that is live at once, unless told otherwise; returns its id. */
  async drop(stock: number, startsInMs?: number): Promise<string> {
    const productId = await this.product();
    return await this.dropOf({ productId, stock, startsInMs });
  }

  /** A product of this creator, by its id. */
  async product(creatorId = CREATOR): Promise<string> {
    const path = `/v1/creators/${creatorId}/products`;
    return (await this.#call('POST', path, creatorId, { name: 'Sneaker' })).id;
  }

  /** A drop of that creator's product, live at once unless told otherwise; returns its id. */
  async dropOf(of: {
    readonly productId: string;
    readonly creatorId?: string;
    readonly stock: number;
    readonly startsInMs?: number;
    readonly lengthMs?: number;
  }): Promise<string> {
    const { productId, creatorId = CREATOR, stock, startsInMs = -1000 } = of;
    const { lengthMs = DROP_LENGTH_MS } = of;
    const drop = await this.#call('POST', `/v1/products/${productId}/drops`, creatorId, {
      startsAt: new Date(Date.now() + startsInMs).toISOString(),
      endsAt: new Date(Date.now() + startsInMs + lengthMs).toISOString(),
      stock,
      priceCents: 12_000,
      currency: 'EUR',
      limitPerUser: 1000,
    });
    return drop.id;
  }

  /** Moves the start of a drop that has not started. `startsAt`: milliseconds since the epoch. */
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
