// What a creator does before the sale, over the REST interface: an account, a product, a drop, and
// people who follow.

import { HttpPool, httpRequest } from './http-pool.ts';

export interface SaleOptions {
  /** Such as `http://127.0.0.1:8080`. */
  readonly url: string;
  /** Access tokens of those who will follow the creator. */
  readonly followerTokens: readonly string[];
  readonly stock: number;
  readonly opensInMs: number;
  readonly holdSeconds: number;
}

export interface Sale {
  readonly creatorId: string;
  readonly dropId: string;
  readonly opensAt: number;
}

export const SALE_TITLE = 'Aurora runners, 129.00 EUR';
const PRICE_CENTS = 129_00;
const DURATION_MS = 60 * 60 * 1000;
const CONNECTIONS = 16;

/** Followers come first, so that the drop's opening is set when nothing else is to be done. */
export async function prepareFollowers(
  options: Pick<SaleOptions, 'url' | 'followerTokens'>,
): Promise<{ creatorId: string; creatorToken: string }> {
  const { user, accessToken } = (await call(options.url, 'POST', '/v1/auth/register', null, {
    email: 'aurora@example.com',
    password: 'correct horse battery staple',
    name: 'Aurora',
  })) as { user: { id: string }; accessToken: string };
  const { hostname, port, host } = new URL(options.url);
  const pool = new HttpPool({
    host: hostname,
    port: Number(port),
    connectionsMax: CONNECTIONS,
    waitingMax: options.followerTokens.length,
  });
  const answers = await Promise.all(
    options.followerTokens.map((token) =>
      pool.send(
        httpRequest({
          method: 'POST',
          path: `/v1/creators/${user.id}/follow`,
          host,
          headers: { authorization: `Bearer ${token}`, 'content-length': '0' },
        }),
      ),
    ),
  );
  pool.close();
  const refused = answers.find(({ status }) => status !== 204);
  if (refused !== undefined) {
    throw new Error(`following was answered ${refused.status}: ${refused.body}`);
  }
  return { creatorId: user.id, creatorToken: accessToken };
}

export async function prepareSale(
  options: SaleOptions,
  creator: { creatorId: string; creatorToken: string },
): Promise<Sale> {
  const { url, stock, holdSeconds, opensInMs } = options;
  const { creatorId, creatorToken } = creator;
  const product = (await call(url, 'POST', `/v1/creators/${creatorId}/products`, creatorToken, {
    name: SALE_TITLE,
    description: 'Seen once, gone at once.',
  })) as { id: string };
  const opensAt = Date.now() + opensInMs;
  const drop = (await call(url, 'POST', `/v1/products/${product.id}/drops`, creatorToken, {
    startsAt: new Date(opensAt).toISOString(),
    endsAt: new Date(opensAt + DURATION_MS).toISOString(),
    stock,
    priceCents: PRICE_CENTS,
    currency: 'EUR',
    limitPerUser: 1,
    holdSeconds,
    payment: 'provider',
  })) as { id: string };
  return { creatorId, dropId: drop.id, opensAt };
}

/** One call; throws where the answer is not a success. */
export async function call(
  url: string,
  method: string,
  path: string,
  token: string | null,
  body?: unknown,
): Promise<unknown> {
  const response = await fetch(url + path, {
    method,
    headers: {
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path} was answered ${response.status}: ${text}`);
  return text === '' ? null : JSON.parse(text);
}
