// What a scenario needs to set the scene on a server or a cluster: tokens, a product, a drop.

import { createSigner } from 'fast-jwt';

/** Of every server that is measured. */
export const AUTH_SECRET = 'a secret for measuring only, 32 characters or more';

const TOKEN_LIFETIME_MS = 3_600_000;
const DROP_LENGTH_MS = 3_600_000;
const CREATOR = 'bench-creator';

export abstract class SaleClient {
  readonly #sign = createSigner({
    key: AUTH_SECRET,
    algorithm: 'HS256',
    expiresIn: TOKEN_LIFETIME_MS,
  });

  /** Where the gateway answers, once it is ready. */
  protected abstract get url(): URL;

  get host(): string {
    return this.url.hostname;
  }
  get port(): number {
    return Number(this.url.port);
  }

  token(userId: string): string {
    return this.#sign({ sub: userId });
  }

  /** A drop that is live at once, unless told otherwise; returns its id. */
  async drop(stock: number, startsInMs = -1000): Promise<string> {
    const product = await this.#call('POST', `/v1/creators/${CREATOR}/products`, CREATOR, {
      name: 'Sneaker',
    });
    const drop = await this.#call('POST', `/v1/products/${product.id}/drops`, CREATOR, {
      startsAt: new Date(Date.now() + startsInMs).toISOString(),
      endsAt: new Date(Date.now() + startsInMs + DROP_LENGTH_MS).toISOString(),
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
