// Prepares the sale through the REST API: registers the creator, creates the product and the drop,
// and lets the followers follow.

import pLimit from 'p-limit';
import { formatAmount } from '../../contracts/currencies.ts';
import { LiveDrops } from '../../sdk/client.ts';

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
  readonly productId: string;
  /** In cents. */
  readonly unitAmount: number;
  readonly payment: 'instant' | 'provider';
}

const UNIT_AMOUNT = 129_00;
const CURRENCY = 'EUR';
export const SALE_TITLE = `Aurora runners, ${formatAmount(UNIT_AMOUNT, CURRENCY)} ${CURRENCY}`;
export const SALE_PRODUCT = { name: SALE_TITLE, description: 'Seen once, gone at once.' };
export const SALE_PRICE = { unitAmount: UNIT_AMOUNT, payment: 'provider' } as const;
const DURATION_MS = 60 * 60 * 1000;
/** Follow requests at a time. */
const FOLLOWING_MAX = 16;

export async function registerCreator(url: string): Promise<Creator> {
  const { user, accessToken } = await new LiveDrops({ url }).call('POST /v1/auth/register', {
    body: {
      email: 'aurora@example.com',
      password: 'correct horse battery staple',
      name: 'Aurora',
    },
  });
  return { creatorId: user.id, creatorToken: accessToken };
}

/** The user of each token follows the creator. */
export async function follow(
  url: string,
  creatorId: string,
  tokens: readonly string[],
): Promise<void> {
  const limit = pLimit(FOLLOWING_MAX);
  const path = { id: creatorId };
  await limit.map(tokens, (token) =>
    new LiveDrops({ url, token }).call('POST /v1/creators/{id}/follow', { path }),
  );
}

/** Resolves to the product's id. */
export async function addProduct(
  url: string,
  { creatorId, creatorToken }: Creator,
  product: { readonly name: string; readonly description: string; readonly unlisted?: boolean },
): Promise<string> {
  const { id } = await new LiveDrops({ url, token: creatorToken }).call(
    'POST /v1/creators/{id}/products',
    { path: { id: creatorId }, body: product },
  );
  return id;
}

/** Creates the drop of a product. */
export async function announceDrop(
  terms: DropTerms,
  creator: Creator,
): Promise<{ dropId: string; opensAt: number }> {
  const { url, stock, holdSeconds, opensInMs, unitAmount, payment } = terms;
  const client = new LiveDrops({ url, token: creator.creatorToken });
  const opensAt = Date.now() + opensInMs;
  const drop = await client.call('POST /v1/products/{id}/drops', {
    path: { id: terms.productId },
    body: {
      startsAt: new Date(opensAt).toISOString(),
      endsAt: new Date(opensAt + DURATION_MS).toISOString(),
      stock,
      unitAmount,
      currency: CURRENCY,
      limitPerUser: 1,
      holdSeconds,
      payment,
    },
  });
  return { dropId: drop.id, opensAt };
}

/** Moves the start of a drop that has not begun. */
export async function openDropIn(
  url: string,
  { creatorToken }: Creator,
  dropId: string,
  opensInMs: number,
): Promise<void> {
  const startsAt = new Date(Date.now() + opensInMs).toISOString();
  const client = new LiveDrops({ url, token: creatorToken });
  await client.call('PATCH /v1/drops/{id}', { path: { id: dropId }, body: { startsAt } });
}
