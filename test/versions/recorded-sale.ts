// One sale with something of every kind in it, made through a server's own API, and what the API
// then says of it. Recorded from an old version, and read again from today's.

import { eventually, type SaleClient, succeeded } from '../end-to-end/sale-client.ts';
import { addLevel3 } from './recorded-level-3.ts';

export const CREATOR_EMAIL = 'cleo@example.com';
export const PASSWORD = 'correct horse battery';
/** More than a segment of users and orders (4,096), so that the snapshot has parts. */
const LARGE_ORDERS = 4_200;
const ORDERS_AT_ONCE = 50;
/** `sealed` and `cancelled`; `ended` has a hold that has not run out. */
const OVER_DROPS = 2;
/** By then a busy machine has placed what is ordered before. */
const ENDED_AFTER_MS = 15_000;
const SEALED_MAX_MS = 150_000;
const DAY_MS = 86_400_000;

export interface RecordedAnswer {
  readonly path: string;
  /** The user who asks; null: nobody. */
  readonly as: string | null;
  readonly status: number;
  readonly text: string;
}

export interface RecordedSale {
  /** Milliseconds since the Unix epoch, when the last answer was taken. */
  readonly recordedAt: number;
  readonly creator: string;
  /** By what they show: `live`, `upcoming`, and so on. */
  readonly drops: Readonly<Record<string, string>>;
  /** Order ids by what they show. */
  readonly orders: Readonly<Record<string, string>>;
  readonly answers: readonly RecordedAnswer[];
}

/** Makes the sale and records it. Throws where the server refuses anything. */
export async function recordSale(
  client: SaleClient,
  { hasLevel3 }: { readonly hasLevel3: boolean },
): Promise<RecordedSale> {
  const creator = await registered(client, CREATOR_EMAIL, 'Cleo');
  const ann = await registered(client, 'ann@example.com', 'Ann');
  await people(client, creator, ann);
  const sale = await goods(client, creator, ann);
  await large(client, sale.drops['large']!);
  const later = hasLevel3 ? await addLevel3(client, creator, ann) : { drops: {}, paths: [] };
  await settle(client, ann, sale, Object.keys(later.drops).length);
  const answers: RecordedAnswer[] = [];
  for (const [path, as] of [...pathsOf(creator, ann, sale), ...later.paths]) {
    const { status, text } = await client.get(path, as === null ? {} : { as });
    answers.push({ path, as, status, text });
  }
  const drops = { ...sale.drops, ...later.drops };
  return { recordedAt: Date.now(), creator, drops, orders: sale.orders, answers };
}

async function registered(client: SaleClient, email: string, name: string): Promise<string> {
  const { json } = succeeded(
    await client.post('/v1/auth/register', { body: { email, password: PASSWORD, name } }),
  );
  return (json['user'] as { id: string }).id;
}

async function people(client: SaleClient, creator: string, ann: string): Promise<void> {
  const operator = client.token('olga', 600, ['operator']);
  for (const as of [ann, 'bob'])
    succeeded(await client.post(`/v1/creators/${creator}/follow`, { as }));
  succeeded(await client.post(`/v1/creators/${ann}/follow`, { as: 'bob' }));
  succeeded(await client.call('DELETE', `/v1/creators/${ann}/follow`, { as: 'bob' }));
  const productId = await client.product(creator);
  const body = { description: 'Läuft mit 5 V.', imageUrls: ['https://example.com/lamp.png'] };
  succeeded(await client.call('PATCH', `/v1/products/${productId}`, { as: creator, body }));
  const rebuild = { token: operator, body: { shards: [3], dryRun: false } };
  succeeded(await client.post('/v1/operator/rebuild', rebuild));
}

async function goods(client: SaleClient, creator: string, ann: string) {
  const now = Date.now();
  const inMs = (ms: number) => new Date(now + ms).toISOString();
  const live = await client.drop(creator, {
    payment: 'provider',
    holdSeconds: 3_600,
    stock: 50,
    limitPerUser: 20,
    endsAt: inMs(30 * DAY_MS),
  });
  const short = await client.drop(creator, { payment: 'provider', holdSeconds: 1 });
  const ended = await client.drop(creator, {
    payment: 'provider',
    holdSeconds: 86_400,
    endsAt: inMs(ENDED_AFTER_MS),
  });
  const drops: Record<string, string> = {
    live,
    short,
    ended,
    sealed: await client.drop(creator, { endsAt: inMs(ENDED_AFTER_MS) }),
    large: await client.drop(creator, { stock: 5_000, endsAt: inMs(30 * DAY_MS) }),
    upcoming: await client.drop(creator, { startsAt: inMs(DAY_MS), endsAt: inMs(2 * DAY_MS) }),
    cancelled: await client.drop(creator, { payment: 'provider', holdSeconds: 3_600 }),
  };
  const order = async (drop: string, user: string, key: string): Promise<string> =>
    String(succeeded(await client.order(drops[drop]!, user, key, 2)).json['id']);
  const orders: Record<string, string> = {
    reserved: await order('live', ann, 'reserved'),
    confirmed: await order('live', ann, 'confirmed'),
    failed: await order('live', ann, 'failed'),
    cancelled: await order('live', 'bob', 'cancelled'),
    refunded: await order('live', 'bob', 'refunded'),
    expired: await order('short', ann, 'expired'),
    late: await order('short', 'bob', 'late'),
    held: await order('ended', ann, 'held'),
    sealed: await order('sealed', ann, 'sealed'),
    paid: await order('cancelled', ann, 'paid'),
    unpaid: await order('cancelled', 'bob', 'unpaid'),
  };
  const pay = async (name: string, type: string, reference: string) =>
    succeeded(await client.webhook(`payment.${type}`, orders[name]!, { reference }));
  await pay('confirmed', 'succeeded', 'pi_of_the_provider_1');
  await pay('failed', 'failed', 'pi_of_the_provider_2');
  await pay('refunded', 'succeeded', 'pi_of_the_provider_3');
  await pay('paid', 'succeeded', 'pi_of_the_provider_4');
  succeeded(await client.post(`/v1/orders/${orders['cancelled']!}/cancel`, { as: 'bob' }));
  succeeded(await client.post(`/v1/orders/${orders['refunded']!}/refund`, { as: creator }));
  succeeded(await client.post(`/v1/drops/${drops['cancelled']!}/cancel`, { as: creator }));
  await orderBecomes(client, orders['late']!, 'bob', 'expired');
  await pay('late', 'succeeded', 'pi_of_the_provider_5');
  return { drops, orders };
}

async function large(client: SaleClient, dropId: string): Promise<void> {
  for (let first = 0; first < LARGE_ORDERS; first += ORDERS_AT_ONCE) {
    const users = Array.from({ length: ORDERS_AT_ONCE }, (_, index) => `u${first + index}`);
    await Promise.all(users.map(async (user) => succeeded(await client.order(dropId, user, 'k'))));
  }
}

/** Waits for all that follows by itself, then Ann reads the first two things that she was told. */
async function settle(
  client: SaleClient,
  ann: string,
  { drops, orders }: Pick<RecordedSale, 'drops' | 'orders'>,
  otherDrops: number,
): Promise<void> {
  await orderBecomes(client, orders['expired']!, ann, 'expired');
  const token = client.token('olga', 600, ['operator']);
  await becomes(
    async () => (await client.get(`/v1/drops/${drops['ended']!}`)).json['status'],
    (status) => status === 'ended',
    'the drop to end',
  );
  await becomes(
    async () => {
      const { json } = await client.get('/v1/operator/shards', { token });
      const rows = json['items'] as { drops: number; relayLag: number }[];
      const inMemory = rows.reduce((sum, row) => sum + row.drops, 0);
      return { inMemory, lag: rows.reduce((sum, { relayLag }) => sum + relayLag, 0) };
    },
    ({ inMemory, lag }) =>
      inMemory === Object.keys(drops).length + otherDrops - OVER_DROPS && lag === 0,
    'the drops that are over to be sealed and the lists to be complete',
  );
  const notifications = await client.listAll('/v1/notifications', ann);
  for (const { id } of notifications.slice(-2)) {
    succeeded(await client.post(`/v1/notifications/${String(id)}/read`, { as: ann }));
  }
}

async function becomes<T>(look: () => Promise<T>, isSo: (seen: T) => boolean, what: string) {
  if (!isSo(await eventually(look, isSo, SEALED_MAX_MS))) throw new Error(`waited for ${what}`);
}

/** All that is compared later; what Ann may not see is recorded as refused. */
function pathsOf(
  creator: string,
  ann: string,
  { drops, orders }: Pick<RecordedSale, 'drops' | 'orders'>,
): [path: string, as: string | null][] {
  const lists: [string, string | null][] = [
    [`/v1/users/${creator}`, null],
    ['/v1/users/me', ann],
    ['/v1/products', null],
    ['/v1/drops?limit=100', null],
    [`/v1/drops?status=upcoming&creator_id=${creator}`, null],
    [`/v1/creators/${creator}/followers`, null],
    [`/v1/users/bob/following`, null],
    ['/v1/orders?limit=100', ann],
    ['/v1/orders?limit=100', 'bob'],
    ['/v1/notifications?limit=100', ann],
    ['/v1/notifications?limit=100', 'bob'],
  ];
  const largeOrders = [0, 1, LARGE_ORDERS - 1].map((index): [string, string] => [
    '/v1/orders',
    `u${index}`,
  ]);
  return [
    ...lists,
    ...largeOrders,
    ...Object.values(drops).map((id): [string, null] => [`/v1/drops/${id}`, null]),
    ...Object.values(orders).flatMap((id): [string, string][] => [
      [`/v1/orders/${id}`, ann],
      [`/v1/orders/${id}`, 'bob'],
    ]),
  ];
}

async function orderBecomes(client: SaleClient, id: string, as: string, status: string) {
  const order = await eventually(
    () => client.readOrder(id, as),
    (seen) => seen['status'] === status,
  );
  if (order['status'] !== status) throw new Error(`${id} is ${String(order['status'])}`);
}
