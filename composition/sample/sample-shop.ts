// Makes a small shop on a server that runs, by its API alone, as people would: creators with
// products and pictures, drops that are live, that start in some minutes, and one that ends at
// once. Made twice, there are two.

import { randomBytes } from 'node:crypto';
import { LiveDrops } from '../../sdk/client.ts';
import { BOOK, type Goods, LAMP, PIN, PRINT, RUNNERS, TEAPOT } from './goods.ts';
import { addProduct, sendPicture } from './offer.ts';

interface Offer {
  readonly goods: Goods;
  /** From now, in seconds. */
  readonly startsIn: number;
  readonly endsIn: number;
  readonly stock: number;
  readonly unitAmount: number;
  readonly payment: 'instant' | 'provider';
  /** Orders of `LIMIT_PER_USER` units that are placed at once, by other users of the shop. */
  readonly orders: number;
}

export interface SampleShop {
  /** One that is live, and another creator's than the first one's. */
  readonly dropId: string;
  /** To log in as the first creator. */
  readonly email: string;
  readonly password: string;
  readonly drops: number;
  /** Resolves when the product of `dropId` has its picture. */
  readonly firstPicture: Promise<void>;
  /** Resolves when all products have theirs; rejects when one could not be sent. */
  readonly pictures: Promise<void>;
}

interface User {
  readonly id: string;
  readonly client: LiveDrops;
}

interface Product {
  readonly client: LiveDrops;
  readonly id: string;
  readonly goods: Goods;
}

/** What who made the shop is led to. */
const FIRST = PRINT;
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
      { ...NOW, goods: PRINT, endsIn: HOUR, stock: 12, unitAmount: 4_500, orders: 2 },
      { ...NOW, goods: BOOK, endsIn: 8, stock: 6, unitAmount: 2_400, orders: 2 },
    ],
  },
  {
    name: 'Kiln & Paper',
    offers: [
      { ...NOW, goods: TEAPOT, startsIn: 600, endsIn: 4 * HOUR, stock: 60, unitAmount: 12_000 },
      { ...NOW, goods: PIN, endsIn: HOUR, stock: 10, unitAmount: 1_800, orders: 1 },
    ],
  },
];
/** A server without media answers that it is not ready, again and again. */
const UPLOADS_KNOWN_MAX_MS = 5_000;
/** A small machine hashes passwords slowly. */
const ANSWER_MAX_MS = 30_000;
const CURRENCY = 'EUR';
const LIMIT_PER_USER = 2;
const PASSWORD_BYTES = 9;
const NAME_BYTES = 4;
/** The time in which a buyer of the sample shop pays. */
const HOLD_SECONDS = 300;

/** Rejects with the refusal of the server where users may not sell without approval. */
export async function makeSampleShop(url: string): Promise<SampleShop> {
  const password = randomBytes(PASSWORD_BYTES).toString('base64url');
  const run = randomBytes(NAME_BYTES).toString('hex');
  const server = { url, timeoutMs: ANSWER_MAX_MS };
  let users = 0;
  const register = async (name: string): Promise<User & { readonly email: string }> => {
    users += 1;
    const email = `sample-${run}-${users}@example.com`;
    const body = { name, email, password };
    const made = await new LiveDrops(server).call('POST /v1/auth/register', { body });
    const client = new LiveDrops({ ...server, token: made.accessToken });
    return { email, id: made.user.id, client };
  };
  const creators = [];
  for (const { name, offers } of CREATORS) creators.push({ ...(await register(name)), offers });
  const buyers: User[] = [];
  const offers = CREATORS.flatMap((creator) => creator.offers);
  for (let i = 1; i <= Math.max(...offers.map(({ orders }) => orders)); i++)
    buyers.push(await register(`Sample buyer ${i}`));
  const products: Product[] = [];
  let dropId = '';
  for (const { client, id: creatorId, offers: own } of creators) {
    for (const offer of own) {
      const { goods } = offer;
      const id = await addProduct(client, creatorId, goods, []);
      const announced = await announce(client, id, offer);
      for (const buyer of buyers.slice(0, offer.orders))
        await buyer.client.placeOrder(announced, { quantity: LIMIT_PER_USER });
      if (goods === FIRST) {
        dropId = announced;
        products.unshift({ client, id, goods });
      } else products.push({ client, id, goods });
    }
  }
  const [first, ...others] = products;
  const firstPicture = addPictures([first!]);
  const pictures = firstPicture.then(() => addPictures(others));
  const { email } = creators[0]!;
  return { dropId, email, password, drops: offers.length, firstPicture, pictures };
}

/** Where the server takes none, products have their first letter as a picture. */
async function addPictures(products: readonly Product[]): Promise<void> {
  for (const { client, id, goods } of products) {
    if (!(await takesPictures(client))) return;
    const mediaIds = [await sendPicture(client, goods)];
    await client.call('PATCH /v1/products/{id}', { path: { id }, body: { mediaIds } });
  }
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

async function takesPictures(client: LiveDrops): Promise<boolean> {
  try {
    await client.call('GET /v1/uploads', { signal: AbortSignal.timeout(UPLOADS_KNOWN_MAX_MS) });
    return true;
  } catch {
    return false;
  }
}
