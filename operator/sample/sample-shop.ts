// `livedrops demo --seed-only`: makes a small shop on a server that runs, by its API alone: creators
// with products and pictures, drops that are live, that start in some minutes, and one that ends at
// once. Made twice, there are two.

import { randomBytes } from 'node:crypto';
import { LiveDrops } from '../../sdk/client.ts';
import { settledMedia, Upload } from '../../sdk/uploads.ts';
import { runningServerUrl } from '../connect-by-settings.ts';
import { SAMPLE_CREATORS, type SampleCreator, type SampleProduct } from './goods.ts';
import { drawPng } from './picture.ts';

export interface SampleShop {
  /** To log in as the first creator. */
  readonly email: string;
  readonly password: string;
  readonly drops: number;
}

const PICTURE_PIXELS = 640;
/** A server without media answers that it is not ready, again and again. */
const UPLOADS_KNOWN_MAX_MS = 5_000;
const CURRENCY = 'EUR';
const PASSWORD_BYTES = 9;
const NAME_BYTES = 4;
/** The time in which a buyer of the sample shop pays. */
const HOLD_SECONDS = 300;

interface User {
  readonly id: string;
  readonly client: LiveDrops;
}

export interface SampleShopOptions {
  /** Default: the server that runs on LIVEDROPS_DATA. */
  readonly url?: string;
}

export async function seedSampleShop({ url: given }: SampleShopOptions): Promise<void> {
  const url = given ?? runningServerUrl();
  if (url === null)
    throw new Error('no server runs here; start one with `npm start`, or name it by --url');
  const { email, password, drops } = await makeSampleShop(url);
  process.stdout.write(
    `${drops} drops are on ${url}\nLog in at ${url}/studio as ${email}, password ${password}\n`,
  );
}

/** Rejects with the refusal of the server where users may not sell without approval. */
export async function makeSampleShop(url: string): Promise<SampleShop> {
  const password = randomBytes(PASSWORD_BYTES).toString('base64url');
  const run = randomBytes(NAME_BYTES).toString('hex');
  const emailOf = (number: number) => `sample-${run}-${number}@example.com`;
  const users: User[] = [];
  for (const [i, { name }] of SAMPLE_CREATORS.entries())
    users.push(await register(url, { name, email: emailOf(i), password }));
  const buyers: User[] = [];
  const count = Math.max(...SAMPLE_CREATORS.flatMap(ordersOf));
  for (let i = 0; i < count; i++) {
    const email = emailOf(SAMPLE_CREATORS.length + i);
    buyers.push(await register(url, { name: `Sample buyer ${i + 1}`, email, password }));
  }
  const hasPictures = await takesPictures(users[0]!);
  let drops = 0;
  for (const [i, creator] of SAMPLE_CREATORS.entries()) {
    for (const product of creator.products) {
      await offer(users[i]!, product, { buyers, hasPictures });
      drops++;
    }
  }
  return { email: emailOf(0), password, drops };
}

function ordersOf({ products }: SampleCreator): readonly number[] {
  return products.map(({ drop }) => drop.orders);
}

async function register(
  url: string,
  body: { readonly name: string; readonly email: string; readonly password: string },
): Promise<User> {
  const { user, accessToken } = await new LiveDrops({ url }).call('POST /v1/auth/register', {
    body,
  });
  return { id: user.id, client: new LiveDrops({ url, token: accessToken }) };
}

async function offer(
  { id, client }: User,
  { name, description, drawing, drop }: SampleProduct,
  { buyers, hasPictures }: { readonly buyers: readonly User[]; readonly hasPictures: boolean },
): Promise<void> {
  const mediaIds = hasPictures ? await upload(client, drawPng(drawing, PICTURE_PIXELS)) : [];
  const product = await client.call('POST /v1/creators/{id}/products', {
    path: { id },
    body: { name, description, ...(mediaIds.length > 0 && { mediaIds }) },
  });
  const { startsIn, endsIn, stock, unitAmount, payment, orders } = drop;
  const now = Date.now();
  const { id: dropId } = await client.call('POST /v1/products/{id}/drops', {
    path: { id: product.id },
    body: {
      startsAt: new Date(now + startsIn * 1_000).toISOString(),
      endsAt: new Date(now + endsIn * 1_000).toISOString(),
      stock,
      unitAmount,
      currency: CURRENCY,
      limitPerUser: 2,
      payment,
      ...(payment === 'provider' && { holdSeconds: HOLD_SECONDS }),
    },
  });
  for (const buyer of buyers.slice(0, orders))
    await buyer.client.placeOrder(dropId, { quantity: 1 });
}

/** Where it takes none, products have their first letter as a picture. */
async function takesPictures({ client }: User): Promise<boolean> {
  try {
    await client.call('GET /v1/uploads', { signal: AbortSignal.timeout(UPLOADS_KNOWN_MAX_MS) });
    return true;
  } catch {
    return false;
  }
}

async function upload(client: LiveDrops, png: Buffer): Promise<readonly string[]> {
  const file = new Blob([new Uint8Array(png)], { type: 'image/png' });
  const sent = new Upload({ client, file, purpose: 'product', filename: 'sample.png' });
  const media = await settledMedia(client, await sent.done);
  return media.status === 'ready' ? [media.id] : [];
}
