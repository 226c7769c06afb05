// Prepares the sale through the REST API: registers the creator, creates the product and the drop,
// and lets the followers follow.

import { formatAmount } from '../../contracts/currencies.ts';
import { HttpPool, httpRequest } from './http-pool.ts';

export interface Creator {
  readonly creatorId: string;
  readonly creatorToken: string;
}

export interface DropTerms {
  /** Such as `http://127.0.0.1:8080`. */
  readonly url: string;
  readonly stock: number;
  readonly opensInMs: number;
  readonly holdSeconds: number;
}

const UNIT_AMOUNT = 129_00;
const CURRENCY = 'EUR';
export const SALE_TITLE = `Aurora runners, ${formatAmount(UNIT_AMOUNT, CURRENCY)} ${CURRENCY}`;
const DURATION_MS = 60 * 60 * 1000;
const CONNECTIONS = 16;
const ANSWER_TIMEOUT_MS = 10_000;

export async function registerCreator(url: string): Promise<Creator> {
  const { user, accessToken } = (await call(url, 'POST', '/v1/auth/register', null, {
    email: 'aurora@example.com',
    password: 'correct horse battery staple',
    name: 'Aurora',
  })) as { user: { id: string }; accessToken: string };
  return { creatorId: user.id, creatorToken: accessToken };
}

/** Sends one follow request for each token. */
export async function follow(
  url: string,
  creatorId: string,
  tokens: readonly string[],
): Promise<void> {
  const { hostname, port, host } = new URL(url);
  const pool = new HttpPool({
    host: hostname,
    port: Number(port),
    connectionsMax: CONNECTIONS,
    waitingMax: tokens.length,
  });
  const path = `/v1/creators/${creatorId}/follow`;
  const requests = tokens.map((token) =>
    httpRequest({
      method: 'POST',
      path,
      host,
      headers: { authorization: `Bearer ${token}`, 'content-length': '0' },
    }),
  );
  const answers = await Promise.all(requests.map((request) => pool.send(request)));
  pool.close();
  const refused = answers.find(({ status }) => status !== 204);
  if (refused === undefined) return;
  throw new Error(`POST ${path} got status ${refused.status}: ${refused.body}`);
}

/** Creates a product and its drop. */
export async function announceDrop(
  terms: DropTerms,
  { creatorId, creatorToken }: Creator,
): Promise<{ dropId: string; opensAt: number }> {
  const { url, stock, holdSeconds, opensInMs } = terms;
  const product = (await call(url, 'POST', `/v1/creators/${creatorId}/products`, creatorToken, {
    name: SALE_TITLE,
    description: 'Seen once, gone at once.',
  })) as { id: string };
  const opensAt = Date.now() + opensInMs;
  const drop = (await call(url, 'POST', `/v1/products/${product.id}/drops`, creatorToken, {
    startsAt: new Date(opensAt).toISOString(),
    endsAt: new Date(opensAt + DURATION_MS).toISOString(),
    stock,
    unitAmount: UNIT_AMOUNT,
    currency: CURRENCY,
    limitPerUser: 1,
    holdSeconds,
    payment: 'provider',
  })) as { id: string };
  return { dropId: drop.id, opensAt };
}

/** Sends one request; throws if the answer is not a success. */
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
    signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path} got status ${response.status}: ${text}`);
  return text === '' ? null : JSON.parse(text);
}
