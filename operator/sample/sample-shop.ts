// `livedrops demo --seed-only`: makes a small shop on a server that runs, by its API alone:
// creators with products and pictures, drops that are live, that start in some minutes, and one
// that ends at once. Made twice, there are two.

import { randomBytes } from 'node:crypto';
import { LiveDrops } from '../../sdk/client.ts';
import { runningServerUrl } from '../connect-by-settings.ts';
import { BOOK, type Goods, LAMP, PIN, PRINT, RUNNERS, TEAPOT } from './goods.ts';
import { addProduct } from './offer.ts';

interface Offer {
  readonly goods: Goods;
  /** From now, in seconds. */
  readonly startsIn: number;
  readonly endsIn: number;
  readonly stock: number;
  readonly unitAmount: number;
  readonly payment: 'instant' | 'provider';
  /** Orders of one unit that are placed at once, by other users of the sample shop. */
  readonly orders: number;
}

export interface SampleShop {
  /** To log in as the first creator. */
  readonly email: string;
  readonly password: string;
  readonly drops: number;
}

export interface SampleShopOptions {
  /** Default: the server that runs on LIVEDROPS_DATA. */
  readonly url?: string;
}

interface User {
  readonly id: string;
  readonly client: LiveDrops;
}

const HOUR = 3_600;
const NOW = { startsIn: 0, payment: 'instant', orders: 0 } as const;
const CREATORS: readonly { readonly name: string; readonly offers: readonly Offer[] }[] = [
  {
    name: 'Mara Lindqvist',
    offers: [
      {
        ...NOW,
        goods: LAMP,
        endsIn: 2 * HOUR,
        stock: 40,
        unitAmount: 18_900,
        payment: 'provider',
      },
      { ...NOW, goods: RUNNERS, startsIn: 180, endsIn: 3 * HOUR, stock: 25, unitAmount: 12_900 },
    ],
  },
  {
    name: 'Northside Press',
    offers: [
      { ...NOW, goods: PRINT, endsIn: HOUR, stock: 12, unitAmount: 4_500, orders: 5 },
      { ...NOW, goods: BOOK, endsIn: 8, stock: 6, unitAmount: 2_400, orders: 4 },
    ],
  },
  {
    name: 'Kiln & Paper',
    offers: [
      { ...NOW, goods: TEAPOT, startsIn: 600, endsIn: 4 * HOUR, stock: 60, unitAmount: 12_000 },
      { ...NOW, goods: PIN, endsIn: HOUR, stock: 10, unitAmount: 1_800, orders: 3 },
    ],
  },
];
/** A server without media answers that it is not ready, again and again. */
const UPLOADS_KNOWN_MAX_MS = 5_000;
const CURRENCY = 'EUR';
const LIMIT_PER_USER = 2;
const PASSWORD_BYTES = 9;
const NAME_BYTES = 4;
/** The time in which a buyer of the sample shop pays. */
const HOLD_SECONDS = 300;

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
  let users = 0;
  const register = async (name: string): Promise<User & { readonly email: string }> => {
    users += 1;
    const email = `sample-${run}-${users}@example.com`;
    const body = { name, email, password };
    const made = await new LiveDrops({ url }).call('POST /v1/auth/register', { body });
    return { email, id: made.user.id, client: new LiveDrops({ url, token: made.accessToken }) };
  };
  const creators = [];
  for (const { name, offers } of CREATORS) creators.push({ ...(await register(name)), offers });
  const offers = CREATORS.flatMap((creator) => creator.offers);
  const buyers: User[] = [];
  for (let i = 1; i <= Math.max(...offers.map(({ orders }) => orders)); i++)
    buyers.push(await register(`Sample buyer ${i}`));
  const [first] = creators;
  const hasPicture = await takesPictures(first!.client);
  for (const { client, id, offers: own } of creators) {
    for (const offer of own) {
      const productId = await addProduct(client, id, offer.goods, { hasPicture });
      const dropId = await announce(client, productId, offer);
      for (const buyer of buyers.slice(0, offer.orders))
        await buyer.client.placeOrder(dropId, { quantity: 1 });
    }
  }
  return { email: first!.email, password, drops: offers.length };
}

async function announce(
  client: LiveDrops,
  productId: string,
  { startsIn, endsIn, stock, unitAmount, payment }: Offer,
): Promise<string> {
  const now = Date.now();
  const { id } = await client.call('POST /v1/products/{id}/drops', {
    path: { id: productId },
    body: {
      startsAt: new Date(now + startsIn * 1_000).toISOString(),
      endsAt: new Date(now + endsIn * 1_000).toISOString(),
      stock,
      unitAmount,
      currency: CURRENCY,
      limitPerUser: LIMIT_PER_USER,
      payment,
      ...(payment === 'provider' && { holdSeconds: HOLD_SECONDS }),
    },
  });
  return id;
}

/** Where it takes none, products have their first letter as a picture. */
async function takesPictures(client: LiveDrops): Promise<boolean> {
  try {
    await client.call('GET /v1/uploads', { signal: AbortSignal.timeout(UPLOADS_KNOWN_MAX_MS) });
    return true;
  } catch {
    return false;
  }
}
