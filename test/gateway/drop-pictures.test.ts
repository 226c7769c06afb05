// Drops are shown with the pictures of their products (M1): on the hot path and off it, and without
// holding up a drop whose product cannot be read.

import test, { type ExecutionContext } from 'ava';
import { CHANGES_TOPIC } from '../../actors/live-bus.ts';
import type { ProductView } from '../../contracts/products.ts';
import { refusal, success } from '../../domain/refusal.ts';
import { ask as askGraphQL } from './graphql/ask.ts';
import { drop, type Fixture, NOW, startFixture } from './fixture.ts';

const PREVIEW = 'data:image/webp;base64,AA';
const picture = (id: string) => ({
  id,
  width: 640,
  height: 480,
  url: `/m/${id}/w640-1.jpg`,
  preview: PREVIEW,
});
const shown = (id: string) => ({ ...picture(id), url: `https://media.example${picture(id).url}` });
const MEDIA = { origin: () => 'https://media.example', sign: () => 'signed' };

interface Shop {
  readonly fixture: Fixture;
  /** Of the product: with one public picture, or none. */
  set(mediaId: string | null): void;
  /** How often products were read from the services. */
  asked(): number;
  card(): Promise<{ picture: unknown; etag: string; isHit: boolean; status: number }>;
  list(): Promise<unknown[]>;
}

async function startShop(t: ExecutionContext, media: typeof MEDIA | null = MEDIA): Promise<Shop> {
  const fixture = await startFixture(t, media === null ? {} : { media });
  let mediaId: string | null = 'm_1';
  let revision = 1;
  const product = (id: string): ProductView => ({
    id,
    creatorId: 'creator',
    name: 'Lamp',
    description: '',
    imageUrls: [],
    mediaIds: mediaId === null ? [] : [mediaId],
    ...(mediaId !== null && { picture: picture(mediaId) }),
    createdAt: NOW,
    revision,
  });
  fixture.router.answer = () => success(drop);
  fixture.actions['catalogue.drops'] = () =>
    success({ items: [drop, { ...drop, id: 'drp_2' }], nextCursor: null });
  fixture.actions['catalogue.productsById'] = ({ productIds }: { productIds: string[] }) =>
    success(productIds.map(product));
  return {
    fixture,
    set(id) {
      mediaId = id;
      revision += 1;
      const changes = [
        { kind: 'product', productId: drop.productId, creatorId: 'creator', revision },
      ] as const;
      fixture.bus.publish(CHANGES_TOPIC, { type: 'entities-changed', records: null, changes });
    },
    asked: () => fixture.calls.filter(({ action }) => action === 'catalogue.productsById').length,
    async card() {
      const { status, headers, json } = await fixture.request('GET', `/v1/drops/${drop.id}`);
      const isHit = /; hit/.test(headers.get('cache-status') ?? '');
      return { status, isHit, etag: headers.get('etag')!, picture: json['picture'] };
    },
    async list() {
      const { json } = await fixture.request('GET', '/v1/drops');
      return (json['items'] as { picture: unknown }[]).map((item) => item.picture);
    },
  };
}

test('M1: a drop and a list of drops have the picture of the product, by one read of it', async (t) => {
  const shop = await startShop(t);
  t.deepEqual(await shop.list(), [shown('m_1'), shown('m_1')]);
  const [first, hot] = [await shop.card(), await shop.card()];
  t.deepEqual(first.picture, shown('m_1'));
  t.deepEqual({ ...hot, isHit: first.isHit }, first);
  t.is(shop.asked(), 1);
  t.true(hot.isHit);
});

test('M1: a change of the picture is in the next reads of its drops, with another tag', async (t) => {
  const shop = await startShop(t);
  for (let i = 0; i < 3; i++) await shop.card();
  const before = await shop.card();
  await shop.list();
  shop.set('m_2');
  const after = await shop.card();
  t.deepEqual(after.picture, shown('m_2'));
  t.not(after.etag, before.etag);
  t.deepEqual(await shop.list(), [shown('m_2'), shown('m_2')]);
  shop.set(null);
  const without = await shop.card();
  t.is(without.picture, undefined);
  t.is(without.etag, `W/"${drop.version}-${drop.status}"`);
  t.deepEqual(await shop.list(), [undefined, undefined]);
  const asked = shop.asked();
  for (let i = 0; i < 3; i++) await shop.card();
  t.is(shop.asked(), asked, 'that there is none is known, too');
});

test('M1: a drop is shown without a picture where the product cannot be read in time', async (t) => {
  const shop = await startShop(t);
  const { actions } = shop.fixture;
  actions['catalogue.productsById'] = () => new Promise(() => undefined);
  t.like(await shop.card(), { status: 200, picture: undefined });
  // Nobody waits for it again, for a while.
  const asked = shop.asked();
  for (let i = 0; i < 5; i++) t.like(await shop.card(), { status: 200, picture: undefined });
  t.is(shop.asked(), asked);
  actions['catalogue.productsById'] = () => refusal('unavailable');
  t.deepEqual(await shop.list(), [undefined, undefined]);
});

test('M1: where nothing delivers pictures no product is read for them', async (t) => {
  const shop = await startShop(t, null);
  await shop.card();
  t.like(await shop.card(), { picture: undefined, isHit: true });
  t.deepEqual(await shop.list(), [undefined, undefined]);
  t.is(shop.asked(), 0);
});

test('G1, M1: GraphQL shows the picture of a drop, alone and in a list', async (t) => {
  const shop = await startShop(t);
  const fields = '{ picture { id width url } }';
  const { data } = await askGraphQL(
    shop.fixture,
    `{ drop(id: "${drop.id}") ${fields} drops(first: 2) { nodes ${fields} } }`,
  );
  const { width, url } = shown('m_1');
  const one = { picture: { id: 'm_1', width, url } };
  t.deepEqual(data, { drop: one, drops: { nodes: [one, one] } });
});
