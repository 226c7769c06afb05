// A small shop for pictures of the pages: two creators, four products with pictures, drops in each
// phase, and what their buyers ordered.

import { setTimeout as delay } from 'node:timers/promises';
import sharp from 'sharp';
import { OPERATOR_ROLE } from '../../contracts/role-names.ts';
import { AccessTokens } from '../../app/access-tokens.ts';
import { LiveDrops, type NewDrop } from '../../sdk/client.ts';
import { MemoryStorage } from '../../sdk/storage.ts';
import { settledMedia, Upload } from '../../sdk/uploads.ts';

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
}

type Phase = 'live' | 'low' | 'soldOut' | 'upcoming' | 'held' | 'ended' | 'cancelled';

interface Thing {
  readonly name: string;
  readonly description: string;
  readonly colours: readonly [from: string, to: string, shape: string];
  readonly shape: string;
}

const PASSWORD = 'battery staple';
const TOKEN_SECONDS = 600;
const HOUR_MS = 3_600_000;
const PICTURE = { width: 1_200, height: 900 };
const LOOK_MS = 250;
const LOOKS_MAX = 240;

const LAMP: Thing = {
  name: 'Halo table lamp',
  description: 'Spun aluminium and a shade of hand-blown glass. Numbered, with a warm dimmer.',
  colours: ['#f6c98f', '#c8552b', '#fff3dc'],
  shape:
    '<circle cx="600" cy="380" r="210"/><rect x="585" y="560" width="30" height="220"/>' +
    '<rect x="460" y="770" width="280" height="26" rx="13"/>',
};
const RUNNERS: Thing = {
  name: 'Aurora runners',
  description: 'Knitted in one piece, on a sole of recycled cork. Made once, in one colour.',
  colours: ['#9fd8cf', '#21506b', '#f4fbf8'],
  shape:
    '<path d="M270 620 C300 500 360 400 450 330 L560 420 C640 500 760 540 900 570 ' +
    'Q960 590 950 650 L280 650 Z"/><rect x="265" y="665" width="690" height="44" rx="22"/>',
};
const PRINT: Thing = {
  name: 'Low tide, a print in four colours',
  description: 'Risograph on 300 g cotton paper, 50 × 70 cm, signed by hand.',
  colours: ['#c9c4ee', '#3d3a78', '#fdf6e3'],
  shape:
    '<circle cx="760" cy="300" r="120"/><path d="M0 600 Q300 500 600 600 T1200 600 V720 ' +
    'Q900 620 600 720 T0 720 Z"/>',
};
const TEAPOT: Thing = {
  name: 'Ember teapot',
  description: 'Stoneware from a wood-fired kiln. No two have the same ash glaze.',
  colours: ['#e7d9c4', '#7a4a34', '#2f2a2b'],
  shape:
    '<ellipse cx="580" cy="520" rx="260" ry="210"/><path d="M800 480 L960 360 L985 390 ' +
    'L830 600 Z"/><rect x="550" y="270" width="60" height="60" rx="30"/>',
};

async function picture({ colours: [from, to, shape], shape: paths }: Thing): Promise<Blob> {
  const { width, height } = PICTURE;
  const svg =
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">` +
    `<linearGradient id="g" x1="0" y1="0" x2="1" y2="1"><stop stop-color="${from}"/>` +
    `<stop offset="1" stop-color="${to}"/></linearGradient>` +
    `<rect width="100%" height="100%" fill="url(#g)"/><g fill="${shape}">${paths}</g></svg>`;
  const bytes = await sharp(Buffer.from(svg)).jpeg({ quality: 90 }).toBuffer();
  return new Blob([new Uint8Array(bytes)], { type: 'image/jpeg' });
}

/** Somebody with a new account, who is logged in. */
export async function person(url: string, name: string): Promise<LiveDrops> {
  const client = clientOf(url);
  await client.register({ name, email: emailOf(name), password: PASSWORD });
  return client;
}

export async function smallShop(url: string, authSecret: string): Promise<SmallShop> {
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
  };
}

async function product(creator: LiveDrops, thing: Thing): Promise<string> {
  const file = await picture(thing);
  const upload = new Upload({ client: creator, file, purpose: 'product', filename: 'a.jpg' });
  const media = await settledMedia(creator, await upload.done);
  if (media.status !== 'ready') throw new Error(`a picture was refused: ${media.reason}`);
  const made = await creator.call('POST /v1/creators/{id}/products', {
    path: { id: idOf(creator) },
    body: { name: thing.name, description: thing.description, mediaIds: [media.id] },
  });
  return made.id;
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
  return new LiveDrops({ url, ...storage });
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
