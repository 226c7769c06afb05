// A small shop for pictures of the pages: two creators, four products with pictures, drops in each
// phase, and what their buyers ordered.

import { setTimeout as delay } from 'node:timers/promises';
import { OPERATOR_ROLE } from '../../contracts/role-names.ts';
import { AccessTokens } from '../../app/access-tokens.ts';
import { type Goods, LAMP, PRINT, RUNNERS, TEAPOT } from '../../composition/sample/goods.ts';
import { addProduct, sendPicture } from '../../composition/sample/offer.ts';
import { LiveDrops, type NewDrop } from '../../sdk/client.ts';
import { MemoryStorage } from '../../sdk/storage.ts';

/** Clients that are logged in, and ids for the addresses of views. */
export interface SmallShop {
  readonly buyer: LiveDrops;
  readonly creator: LiveDrops;
  readonly operator: LiveDrops;
  readonly creatorId: string;
  readonly productId: string;
  readonly drops: Readonly<Record<Phase, string>>;
  /** Of the buyer: one that is paid, and one that waits for its payment. */
  readonly orders: { readonly paid: string; readonly held: string };
  /** Of the creator. */
  readonly webhookId: string;
}

type Phase = 'live' | 'low' | 'soldOut' | 'upcoming' | 'held' | 'ended' | 'cancelled';

const PASSWORD = 'battery staple';
const TOKEN_SECONDS = 600;
const HOUR_MS = 3_600_000;
const LOOK_MS = 250;
const LOOKS_MAX = 240;
/** The machine may be busy with something else. */
const CALL_MAX_MS = 60_000;

/** Somebody with a new account, who is logged in. */
export async function person(url: string, name: string): Promise<LiveDrops> {
  const client = clientOf(url);
  await client.register({ name, email: emailOf(name), password: PASSWORD });
  return client;
}

interface SmallShopOptions {
  readonly authSecret: string;
  /** What the creator's webhook calls. */
  readonly hookUrl: string;
}

export async function smallShop(
  url: string,
  { authSecret, hookUrl }: SmallShopOptions,
): Promise<SmallShop> {
  const [mara, studio, buyer] = await Promise.all([
    person(url, 'Mara Lindqvist'),
    person(url, 'Kiln & Paper'),
    person(url, 'Jonas Weber'),
  ]);
  const others = await Promise.all(
    ['Ada Okafor', 'Luis Romero', 'Mei Tanaka'].map((name) => person(url, name)),
  );
  const lamp = await product(mara, LAMP);
  const runners = await product(mara, RUNNERS);
  const print = await product(studio, PRINT);
  const teapot = await product(studio, TEAPOT);

  const live = await drop(mara, lamp, { stock: 60, unitAmount: 18_900, limitPerUser: 2 });
  const low = await drop(studio, print, { stock: 8, unitAmount: 4_500, limitPerUser: 3 });
  const soldOut = await drop(studio, teapot, { stock: 3, unitAmount: 12_000 });
  const held = await drop(mara, runners, { stock: 20, unitAmount: 12_900, payment: 'provider' });
  const ended = await drop(mara, runners, { stock: 30, unitAmount: 11_900 });
  const cancelled = await drop(mara, lamp, { stock: 10, unitAmount: 17_900 });
  const upcoming = await drop(mara, runners, {
    stock: 120,
    unitAmount: 13_900,
    startsAt: inHours(26),
    endsAt: inHours(50),
  });

  const webhook = await mara.call('POST /v1/webhooks', {
    body: {
      url: hookUrl,
      description: 'The warehouse',
      events: ['order.confirmed', 'order.refunded', 'drop.sold_out'],
    },
  });
  await mara.call('POST /v1/webhooks/{id}/test', { path: { id: webhook.id } });
  await buyer.call('POST /v1/creators/{id}/follow', { path: { id: idOf(mara) } });
  const paid = await buyer.placeOrder(live, { quantity: 1 });
  for (const other of others) {
    await other.placeOrder(live, { quantity: 2 });
    await other.placeOrder(low, { quantity: 2 });
    await other.placeOrder(soldOut, { quantity: 1 });
    await other.placeOrder(ended, { quantity: 1 });
  }
  await buyer.placeOrder(cancelled, { quantity: 1 });
  const hold = await buyer.placeOrder(held, { quantity: 1 });
  await mara.call('POST /v1/drops/{id}/cancel', { path: { id: cancelled } });
  const endsAt = new Date(Date.now() + 2_000).toISOString();
  await mara.call('PATCH /v1/drops/{id}', { path: { id: ended }, body: { endsAt } });
  await until(async () => {
    const found = await buyer.call('GET /v1/drops/{id}', { path: { id: ended } });
    return found.status === 'ended';
  });
  await until(async () => {
    const { items } = await buyer.call('GET /v1/search', { query: { q: 'lamp', type: 'drops' } });
    return items.length > 0;
  });
  return {
    buyer,
    creator: mara,
    operator: await operator(url, authSecret),
    creatorId: idOf(mara),
    productId: lamp,
    drops: { live, low, soldOut, upcoming, held, ended, cancelled },
    orders: { paid: paid.id, held: hold.id },
    webhookId: webhook.id,
  };
}

async function product(creator: LiveDrops, goods: Goods): Promise<string> {
  return await addProduct(creator, idOf(creator), goods, [await sendPicture(creator, goods)]);
}

async function drop(
  creator: LiveDrops,
  productId: string,
  terms: Pick<NewDrop, 'stock' | 'unitAmount'> & Partial<NewDrop>,
): Promise<string> {
  const made = await creator.call('POST /v1/products/{id}/drops', {
    path: { id: productId },
    body: { startsAt: inHours(0), endsAt: inHours(5), currency: 'EUR', ...terms },
  });
  return made.id;
}

async function operator(url: string, authSecret: string): Promise<LiveDrops> {
  const name = 'Olga Petrova';
  const client = await person(url, name);
  const token = new AccessTokens({ secret: authSecret }).sign({
    userId: 'screenshots',
    roles: [OPERATOR_ROLE],
    lifetimeSeconds: TOKEN_SECONDS,
  });
  const { recoveryCodes } = await new LiveDrops({ url, token }).call(
    'POST /v1/operator/operators',
    {
      body: { email: emailOf(name), role: 'operator' },
    },
  );
  const code = recoveryCodes[0]!;
  await client.logIn({ email: emailOf(name), password: PASSWORD, code });
  return client;
}

function clientOf(url: string): LiveDrops {
  const storage = { sessionStorage: new MemoryStorage(), intentStorage: new MemoryStorage() };
  return new LiveDrops({ url, timeoutMs: CALL_MAX_MS, ...storage });
}

function emailOf(name: string): string {
  return `${name.toLowerCase().replaceAll(/[^a-z]+/g, '.')}@example.com`;
}

function idOf(client: LiveDrops): string {
  return client.session.current!.user.id;
}

function inHours(hours: number): string {
  return new Date(Date.now() + hours * HOUR_MS).toISOString();
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (let looks = 0; looks < LOOKS_MAX; looks++) {
    if (await isSo()) return;
    await delay(LOOK_MS);
  }
  throw new Error('the shop did not become what it should be');
}
