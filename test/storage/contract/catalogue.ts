// What every catalogue driver must do.

import test from 'ava';
import type { DropFilter, DropView } from '../../../contracts/drops.ts';
import type { Catalogue } from '../../../storage/ports/catalogue.ts';
import type { Product, ProductFilter, ProductPatch } from '../../../contracts/products.ts';
import type { Stores } from '../../../storage/ports/stores.ts';
import { readAll, refusesForeignCursors } from './paging.ts';

const product = (id: string, creatorId: string, createdAt = 1000): Product => ({
  id,
  creatorId,
  name: `Name of ${id}`,
  description: 'It is — said to be — good.',
  imageUrls: ['https://example.com/1.png'],
  createdAt,
  revision: 1,
});

export const drop = (id: string, changes: Partial<DropView> = {}): DropView => ({
  id,
  productId: 'product_of_drops',
  creatorId: 'creator_of_drops',
  startsAt: 2000,
  endsAt: 3000,
  unitAmount: 1200,
  currency: 'EUR',
  limitPerUser: 2,
  holdSeconds: 60,
  payment: 'instant',
  status: 'upcoming',
  soldOut: false,
  stocked: 100,
  held: 0,
  sold: 0,
  free: 100,
  version: 1,
  revision: 1,
  createdAt: 1000,
  ...changes,
});

/** `areInBuckets`: false where products are at the keys of feature level 0. */
export function catalogueContract(
  stores: () => Stores,
  { areInBuckets = true }: { readonly areInBuckets?: boolean } = {},
): void {
  const catalogue = (): Catalogue => stores().catalogue;
  const ids = (items: readonly { id: string }[]) => items.map(({ id }) => id);
  if (areInBuckets) announcementsContract(catalogue);

  test('D1: a product is read as it was added', async (t) => {
    await catalogue().addProduct(product('product_1', 'creator_1'));
    t.deepEqual(await catalogue().findProduct('product_1'), product('product_1', 'creator_1'));
    t.is(await catalogue().findProduct('product_none'), null);
  });

  test('G2: products are found by a list of ids, without unknown ids', async (t) => {
    for (const id of ['product_batch1', 'product_batch2', 'product_batch3'])
      await catalogue().addProduct(product(id, 'creator_batch'));
    const asked = ['product_batch3', 'product_none', 'product_batch1', 'product_batch3'];
    const found = await catalogue().findProducts(asked);
    t.deepEqual([...found.keys()].toSorted(), ['product_batch1', 'product_batch3']);
    t.deepEqual(found.get('product_batch3'), product('product_batch3', 'creator_batch'));
    t.is((await catalogue().findProducts([])).size, 0);
  });

  test('D1: a change sets the fields it names and raises the revision', async (t) => {
    const before = product('product_2', 'creator_2');
    await catalogue().addProduct(before);
    const renamed = await catalogue().changeProduct('product_2', { name: 'New' });
    t.deepEqual(renamed, { ...before, name: 'New', revision: 2 });
    const change = { description: '', imageUrls: [] };
    const emptied = await catalogue().changeProduct('product_2', change);
    t.deepEqual(emptied, { ...before, name: 'New', ...change, revision: 3 });
    t.deepEqual(await catalogue().findProduct('product_2'), emptied);
    t.is(await catalogue().changeProduct('product_none', { name: 'x' }), 'not-found');
  });

  test('D6: metadata and external ids of products are kept, replaced and taken away', async (t) => {
    const metadata = { size: 'XL', 'a.b': 'ü "€"' };
    const before = { ...product('product_m', 'creator_m'), metadata, externalId: 'sku-1' };
    await catalogue().addProduct(before);
    t.deepEqual(await catalogue().findProduct('product_m'), before);
    const renamed = await catalogue().changeProduct('product_m', { name: 'New' });
    t.deepEqual(renamed, { ...before, name: 'New', revision: 2 });
    const replaced = { metadata: { colour: 'red' }, externalId: 'sku-2' };
    const changed = await catalogue().changeProduct('product_m', replaced);
    t.deepEqual(changed, { ...before, name: 'New', ...replaced, revision: 3 });
    t.deepEqual(await catalogue().findProduct('product_m'), changed as Product);
    const emptied = await catalogue().changeProduct('product_m', {
      metadata: {},
      externalId: null,
    });
    const bare = { ...product('product_m', 'creator_m'), name: 'New', revision: 4 };
    t.deepEqual(emptied, bare);
    t.deepEqual(await catalogue().findProduct('product_m'), bare);
  });

  test('M1: media of products are kept in their order, and take the place of URLs', async (t) => {
    const mediaIds = ['m_2', 'm_1'];
    await catalogue().addProduct({ ...product('product_media', 'creator_m'), mediaIds });
    t.like(await catalogue().findProduct('product_media'), { mediaIds });
    const change = (patch: ProductPatch) => catalogue().changeProduct('product_media', patch);
    t.like(await change({ name: 'New' }), { mediaIds, revision: 2 });
    const set = { mediaIds: ['m_3'], imageUrls: [] };
    t.like(await change({ mediaIds: ['m_3'] }), { ...set, revision: 3 });
    t.like(await catalogue().findProduct('product_media'), set);
    const urls = ['https://example.com/2.png'];
    const elsewhere = (await change({ imageUrls: urls })) as Product;
    t.deepEqual(elsewhere, {
      ...product('product_media', 'creator_m'),
      name: 'New',
      imageUrls: urls,
      revision: 4,
    });
    t.deepEqual(await catalogue().findProduct('product_media'), elsewhere);
    await change({ mediaIds: ['m_4'] });
    const emptied = (await change({ mediaIds: [] })) as Product;
    t.deepEqual([emptied.mediaIds, emptied.imageUrls], [undefined, []]);
  });

  test('D6: products are found by their present external id, of one creator', async (t) => {
    const add = (id: string, creatorId: string, externalId: string, createdAt: number) =>
      catalogue().addProduct({ ...product(id, creatorId, createdAt), externalId });
    await add('product_x1', 'creator_x', 'sku-1', 1);
    await add('product_x2', 'creator_x', 'sku-1', 2);
    await add('product_x3', 'creator_x', 'sku-2', 3);
    await add('product_x4', 'creator_x2', 'sku-1', 4);
    await catalogue().addProduct(product('product_x5', 'creator_x', 5));
    const list = async (externalId: string) => {
      const filter = { creatorId: 'creator_x', externalId };
      return ids(await readAll(t, (page) => catalogue().listProducts(filter, page), 1));
    };
    t.deepEqual(await list('sku-1'), ['product_x2', 'product_x1']);
    await catalogue().changeProduct('product_x1', { externalId: 'sku-2' });
    await catalogue().changeProduct('product_x2', { externalId: null });
    await catalogue().changeProduct('product_x5', { externalId: 'sku-1' });
    for (let round = 0; round < 2; round++) {
      t.deepEqual(await list('sku-1'), ['product_x5']);
      t.deepEqual(await list('sku-2'), ['product_x3', 'product_x1']);
    }
    await catalogue().changeProduct('product_x1', { externalId: 'sku-1' });
    t.deepEqual(await list('sku-1'), ['product_x5', 'product_x1']);
    t.deepEqual(await list('none'), []);
  });

  test('D6: drops are found by their present external id, of one creator', async (t) => {
    const creatorId = 'creator_y';
    const metadata = { campaign: 'ü' };
    const of = (id: string, createdAt: number, changes: Partial<DropView> = {}) =>
      drop(`drop_y${id}`, { creatorId, createdAt, externalId: 'e:1', metadata, ...changes });
    await catalogue().putDrops([
      of('1', 10),
      of('2', 20, { status: 'live' }),
      of('3', 30, { productId: 'product_y' }),
      of('4', 40, { creatorId: 'creator_y2' }),
      drop('drop_y5', { creatorId, createdAt: 50 }),
    ]);
    t.deepEqual(await catalogue().findDrop('drop_y1'), of('1', 10));
    const list = async (filter: object) => {
      const whole = { creatorId, externalId: 'e:1', ...filter };
      return ids(await readAll(t, (page) => catalogue().listDrops(whole, page), 2));
    };
    t.deepEqual(await list({}), ['drop_y3', 'drop_y2', 'drop_y1']);
    t.deepEqual(await list({ status: 'live' }), ['drop_y2']);
    t.deepEqual(await list({ productId: 'product_y' }), ['drop_y3']);
    const moved = { version: 2, externalId: 'e:2' };
    await catalogue().putDrops([of('2', 20, moved), drop('drop_y3', { creatorId, version: 2 })]);
    t.deepEqual(await list({}), ['drop_y1']);
    t.deepEqual(await list({ externalId: 'e:2' }), ['drop_y2']);
    t.deepEqual(await catalogue().findDrop('drop_y3'), drop('drop_y3', { creatorId, version: 2 }));
  });

  test('H12: a conditional change needs one of the revisions, else nothing changes', async (t) => {
    const before = product('product_3', 'creator_3');
    await catalogue().addProduct(before);
    const change = (name: string, ...revisions: number[]) =>
      catalogue().changeProduct('product_3', { name }, revisions);
    t.is(await change('Late', 2), 'other-revision');
    t.is(await change('None'), 'other-revision');
    t.deepEqual(await catalogue().findProduct('product_3'), before);
    t.like(await change('New', 7, 1), { name: 'New', revision: 2 });
    t.is(await change('Again', 7, 1), 'other-revision');
    t.is(await catalogue().changeProduct('product_none', { name: 'x' }, [1]), 'not-found');
  });

  test('H12: of conditional changes at the same time one wins', async (t) => {
    await catalogue().addProduct(product('product_4', 'creator_4'));
    const changes = Array.from({ length: 8 }, (_, i) =>
      catalogue().changeProduct('product_4', { name: `Name ${i}` }, [1]),
    );
    const changed = (await Promise.all(changes)).filter((one) => one !== 'other-revision');
    t.is(changed.length, 1);
    t.deepEqual(await catalogue().findProduct('product_4'), changed[0] as Product);
  });

  test('H3: products are listed newest first, ties by id, of all or one creator', async (t) => {
    const times = [5, 3, 5, 1, 3, 5, 2];
    await Promise.all(
      times.map((time, i) => catalogue().addProduct(product(`product_l${i}`, 'creator_l', time))),
    );
    const expected = ['l5', 'l2', 'l0', 'l4', 'l1', 'l6', 'l3'].map((id) => `product_${id}`);
    const ofCreator = (page: { limit: number; cursor: string | null }) =>
      catalogue().listProducts({ creatorId: 'creator_l' }, page);
    for (const limit of [1, 2, 7, 100])
      t.deepEqual(ids(await readAll(t, ofCreator, limit)), expected);
    const all = ids(await readAll(t, (page) => catalogue().listProducts({}, page), 3));
    t.deepEqual(
      all.filter((id) => id.startsWith('product_l')),
      expected,
    );
    await refusesForeignCursors(t, ofCreator);
  });

  test('N11: a drop row is replaced by newer versions only', async (t) => {
    await catalogue().putDrops([drop('drop_v', { version: 3, sold: 3 })]);
    await catalogue().putDrops([
      drop('drop_v', { version: 2, sold: 2 }),
      drop('drop_v', { version: 3, sold: 99 }),
      drop('drop_w'),
    ]);
    t.is((await catalogue().findDrop('drop_v'))!.sold, 3);
    const pause = {
      paused: true,
      pausedAt: 1_800_000_000_000,
      pausedVersion: 3,
      pauseReason: 'Wrong price ü.',
      holdsPaused: true,
    } as const;
    const paused = drop('drop_pause', { version: 3, status: 'live', ...pause });
    await catalogue().putDrops([paused]);
    t.deepEqual(await catalogue().findDrop('drop_pause'), paused);
    await catalogue().putDrops([drop('drop_pause', { version: 4, status: 'live' })]);
    t.deepEqual(
      await catalogue().findDrop('drop_pause'),
      drop('drop_pause', { version: 4, status: 'live' }),
      'it goes on',
    );
    const asking = drop('drop_pass', { access: 'pass', earlyAccessSeconds: 60 });
    await catalogue().putDrops([asking]);
    t.deepEqual(await catalogue().findDrop('drop_pass'), asking);
    await catalogue().putDrops([drop('drop_pass', { version: 5 })]);
    t.deepEqual(await catalogue().findDrop('drop_pass'), drop('drop_pass', { version: 5 }));
    await catalogue().putDrops([drop('drop_v', { version: 4, sold: 4, status: 'live' })]);
    t.deepEqual(
      await catalogue().findDrop('drop_v'),
      drop('drop_v', { version: 4, sold: 4, status: 'live' }),
    );
    t.is(await catalogue().findDrop('drop_none'), null);
  });

  test('D4: drops are listed newest first under every combination of filters', async (t) => {
    const [creatorId, productId] = ['creator_d', 'product_d'];
    const of = (id: string, createdAt: number, changes: Partial<DropView>) =>
      drop(`drop_${id}`, { creatorId, createdAt, ...changes });
    await catalogue().putDrops([
      of('a', 10, { productId, status: 'live' }),
      of('b', 30, { status: 'live' }),
      of('c', 20, { productId }),
      of('d', 20, { productId, status: 'live' }),
      of('e', 40, { creatorId: 'creator_other', productId: 'product_other', status: 'live' }),
    ]);
    const list = async (filter: object) =>
      ids(await readAll(t, (page) => catalogue().listDrops(filter, page), 2));
    t.deepEqual(await list({ creatorId }), ['drop_b', 'drop_d', 'drop_c', 'drop_a']);
    t.deepEqual(await list({ creatorId, status: 'live' }), ['drop_b', 'drop_d', 'drop_a']);
    t.deepEqual(await list({ productId }), ['drop_d', 'drop_c', 'drop_a']);
    t.deepEqual(await list({ productId, status: 'upcoming' }), ['drop_c']);
    t.deepEqual(await list({ productId, creatorId, status: 'live' }), ['drop_d', 'drop_a']);
    t.deepEqual(await list({ productId, creatorId: 'creator_other' }), []);
    const live = await list({ status: 'live' });
    t.true(live.includes('drop_e') && !live.includes('drop_c'));
    await refusesForeignCursors(t, (page) => catalogue().listDrops({ creatorId }, page));
  });

  test('D10: what is unlisted is read by its id, and is in lists that ask for it alone', async (t) => {
    const [creatorId, productId, externalId] = ['creator_u', 'product_u', 'sku-u'];
    const of = (id: string, createdAt: number, changes: Partial<DropView>) =>
      drop(`drop_${id}`, { creatorId, productId, externalId, createdAt, ...changes });
    const hidden = of('u2', 20, { unlisted: true });
    await catalogue().putDrops([
      of('u1', 10, { status: 'live' }),
      hidden,
      of('u3', 20, {}),
      of('u4', 30, { unlisted: true, status: 'live' }),
    ]);
    t.deepEqual(await catalogue().findDrop('drop_u2'), hidden);
    const list = async (filter: DropFilter) =>
      ids(await readAll(t, (page) => catalogue().listDrops(filter, page), 1));
    const filters = [{ creatorId }, { productId }, { creatorId, externalId }];
    for (const filter of filters) {
      t.deepEqual(await list(filter), ['drop_u3', 'drop_u1']);
      const all = ['drop_u4', 'drop_u3', 'drop_u2', 'drop_u1'];
      t.deepEqual(await list({ ...filter, withUnlisted: true }), all);
    }
    t.deepEqual(await list({ creatorId, status: 'live' }), ['drop_u1']);
    const live = { productId, status: 'live', withUnlisted: true } as const;
    t.deepEqual(await list(live), ['drop_u4', 'drop_u1']);
    t.false((await list({})).includes('drop_u2'));
    t.true((await list({ withUnlisted: true })).includes('drop_u2'));
    const opened = { ...hidden, version: 2, status: 'live' as const };
    await catalogue().putDrops([opened]);
    t.deepEqual(await catalogue().findDrop('drop_u2'), opened);
    t.deepEqual(await list(live), ['drop_u4', 'drop_u2', 'drop_u1']);
    t.deepEqual(await list({ productId, status: 'live' }), ['drop_u1']);

    const add = (id: string, createdAt: number, more: Partial<Product>) =>
      catalogue().addProduct({ ...product(id, creatorId, createdAt), externalId, ...more });
    await add('product_u1', 1, {});
    await add('product_u2', 2, { unlisted: true });
    const products = async (filter: ProductFilter) =>
      ids(await readAll(t, (page) => catalogue().listProducts(filter, page), 1));
    t.like(await catalogue().findProduct('product_u2'), { unlisted: true });
    for (const filter of [{ creatorId }, { creatorId, externalId }]) {
      t.deepEqual(await products(filter), ['product_u1']);
      const all = ['product_u2', 'product_u1'];
      t.deepEqual(await products({ ...filter, withUnlisted: true }), all);
    }
    t.false((await products({})).includes('product_u2'));
    t.true((await products({ withUnlisted: true })).includes('product_u2'));
    t.like(await catalogue().changeProduct('product_u2', { name: 'New' }), { unlisted: true });
    t.like(await catalogue().findProduct('product_u2'), { unlisted: true, name: 'New' });
  });

  test('D4: a drop that changes its status between pages is not lost or doubled', async (t) => {
    const creatorId = 'creator_moving';
    const views = [1, 2, 3, 4].map((n) => drop(`drop_m${n}`, { creatorId, createdAt: n }));
    await catalogue().putDrops(views);
    const first = await catalogue().listDrops({ creatorId }, { limit: 2, cursor: null });
    await catalogue().putDrops(views.map((view) => ({ ...view, version: 2, status: 'live' })));
    const page = { limit: 2, cursor: first.nextCursor };
    const second = await catalogue().listDrops({ creatorId }, page);
    t.deepEqual(ids([...first.items, ...second.items]), [
      'drop_m4',
      'drop_m3',
      'drop_m2',
      'drop_m1',
    ]);
  });
}

function announcementsContract(catalogue: () => Catalogue): void {
  test('M2: a product is announced once, in its revision, and stays so through changes', async (t) => {
    const id = 'product_announced';
    await catalogue().addProduct(product(id, 'creator_m'));
    t.is((await catalogue().findProduct(id))?.announced, undefined);
    const renamed = Array.from({ length: 4 }, (_, i) =>
      catalogue().changeProduct(id, { name: `Name ${i}` }),
    );
    await Promise.all([catalogue().announceProduct(id), ...renamed]);
    t.like(await catalogue().findProduct(id), { announced: true, revision: 5 });
    await catalogue().announceProduct(id);
    await catalogue().announceProduct('product_none');
    t.like(await catalogue().changeProduct(id, { name: 'Last' }), { announced: true, revision: 6 });
    t.like(await catalogue().findProduct(id), { announced: true, revision: 6 });
    t.is(await catalogue().findProduct('product_none'), null);
  });
}
