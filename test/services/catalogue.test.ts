// The catalogue through the broker: products, who may make drops, and lists with fresh stock.

import test, { type ExecutionContext } from 'ava';
import type { CreateDrop, DropCommand } from '../../contracts/commands.ts';
import { refusal, success } from '../../domain/refusal.ts';
import { catalogueService } from '../../services/catalogue.ts';
import type { DropView, NewDrop } from '../../contracts/drops.ts';
import { dropView, FIRST_PAGE, type Harness, NOW, startServices } from './harness.ts';

const MUG = { creatorId: 'u_creator', name: 'Mug', description: 'A mug.', imageUrls: [] };
const DROP: NewDrop = {
  startsAt: NOW,
  endsAt: NOW + 1_000,
  stock: 500,
  unitAmount: 2_500,
  currency: 'EUR',
  limitPerUser: 2,
  holdSeconds: 60,
  payment: 'provider',
};

function start(t: ExecutionContext): Promise<Harness> {
  return startServices(t, ({ stores, router, levels, clock, random }) => [
    catalogueService({
      catalogue: stores.catalogue,
      accounts: stores.accounts,
      media: stores.media,
      requests: stores.requests,
      drafts: stores.drafts,
      router,
      levels,
      clock,
      now: () => clock.now(),
      random,
    }),
  ]);
}

async function addMug({ call }: Harness): Promise<string> {
  const outcome = await call('catalogue.addProduct', MUG);
  if (!outcome.ok) throw new Error(outcome.code);
  return outcome.value.id;
}

function createdView(command: DropCommand): DropView {
  const { terms, stock } = command as CreateDrop;
  return dropView({ ...terms, status: 'upcoming', stocked: stock, free: stock, createdAt: NOW });
}

test('D1: a product is stored as it was created, and found', async (t) => {
  const harness = await start(t);
  const id = await addMug(harness);
  const product = { ...MUG, id, createdAt: NOW, revision: 1 };
  t.deepEqual(await harness.call('catalogue.product', { productId: id }), success(product));
  const mine = { creatorId: 'u_creator', page: FIRST_PAGE };
  const page = success({ items: [product], nextCursor: null });
  t.deepEqual(await harness.call('catalogue.products', mine), page);
  t.deepEqual(await harness.call('catalogue.products', { page: FIRST_PAGE }), page);
  t.like(await harness.call('catalogue.product', { productId: 'p_none' }), refusal('not-found'));
});

test('A1: the first product makes its user a creator', async (t) => {
  const harness = await start(t);
  const user = { id: 'u_creator', email: 'a@b.example', name: 'Ada', passwordHash: '', roles: [] };
  await harness.stores.accounts.addUser({ ...user, createdAt: NOW });
  await addMug(harness);
  await addMug(harness);
  t.deepEqual((await harness.stores.accounts.findUser('u_creator'))?.roles, ['creator']);
});

test('H8: products outside the limits are refused, and nothing is stored', async (t) => {
  const { call, stores } = await start(t);
  const url = 'https://example.com/a.png';
  const changes = [
    { name: '' },
    { name: '  ' },
    { name: 'x'.repeat(201) },
    { description: 'x'.repeat(10_001) },
    { imageUrls: ['ftp://example.com/a.png'] },
    { imageUrls: ['javascript:alert(1)'] },
    { imageUrls: ['no url'] },
    { imageUrls: [`${url}?${'x'.repeat(2_048)}`] },
    { imageUrls: Array.from({ length: 11 }, () => url) },
  ];
  for (const change of changes) {
    t.like(await call('catalogue.addProduct', { ...MUG, ...change }), { code: 'invalid-request' });
  }
  t.deepEqual((await stores.catalogue.listProducts({}, FIRST_PAGE)).items, []);
  const most = { name: 'x'.repeat(200), imageUrls: Array.from({ length: 10 }, () => url) };
  t.true((await call('catalogue.addProduct', { ...MUG, ...most })).ok);
});

test('H1: characters of names and descriptions are counted like in the schemas', async (t) => {
  const { call } = await start(t);
  const longest = { ...MUG, name: '🦊'.repeat(200), description: '🦊'.repeat(10_000) };
  t.true((await call('catalogue.addProduct', longest)).ok);
  for (const change of [{ name: '🦊'.repeat(201) }, { description: '🦊'.repeat(10_001) }]) {
    t.like(await call('catalogue.addProduct', { ...MUG, ...change }), { code: 'invalid-request' });
  }
});

test('D1: only its creator changes a product', async (t) => {
  const harness = await start(t);
  const { call } = harness;
  const productId = await addMug(harness);
  const change = { name: 'Cup' };
  const mine = await call('catalogue.changeProduct', { callerId: 'u_creator', productId, change });
  t.like(mine, { ok: true, value: { name: 'Cup', description: 'A mug.', revision: 2 } });
  const refused = [
    { callerId: 'u_other', productId, change, code: 'forbidden' },
    { callerId: 'u_creator', productId: 'p_none', change, code: 'not-found' },
    { callerId: 'u_creator', productId, change: { name: '' }, code: 'invalid-request' },
  ];
  for (const { code, ...params } of refused) {
    t.like(await call('catalogue.changeProduct', params), { code });
  }
});

test('D1: an actor creates a drop of a product, and it is listed at once', async (t) => {
  const harness = await start(t);
  const { call, router } = harness;
  router.answer = (command) => success(createdView(command));
  const productId = await addMug(harness);
  const outcome = await call('catalogue.addDrop', { callerId: 'u_creator', productId, drop: DROP });
  if (!outcome.ok) return t.fail(outcome.code);
  const { id } = outcome.value;
  t.regex(id, /^d_[0-9a-z]{25}$/);
  const { stock, ...terms } = DROP;
  const expected = { id, productId, creatorId: 'u_creator', ...terms };
  t.deepEqual(router.commands, [{ type: 'create-drop', dropId: id, terms: expected, stock }]);
  t.truthy(await harness.stores.catalogue.findDrop(id));
});

test('D1: drops for unknown or foreign products reach no actor', async (t) => {
  const harness = await start(t);
  const { call, router } = harness;
  const productId = await addMug(harness);
  const unknown = { callerId: 'u_creator', productId: 'p_none', drop: DROP };
  t.like(await call('catalogue.addDrop', unknown), { code: 'not-found' });
  const foreign = { callerId: 'u_other', productId, drop: DROP };
  t.like(await call('catalogue.addDrop', foreign), { code: 'forbidden' });
  t.deepEqual(router.commands, []);
});

test('D3: a refusal of the actor is returned, and no drop is listed', async (t) => {
  const harness = await start(t);
  harness.router.answer = () => refusal('invalid-request', 'endsAt must be in the future.');
  const productId = await addMug(harness);
  const params = { callerId: 'u_creator', productId, drop: DROP };
  const outcome = await harness.call('catalogue.addDrop', params);
  t.deepEqual(outcome, refusal('invalid-request', 'endsAt must be in the future.'));
  t.deepEqual((await harness.stores.catalogue.listDrops({}, FIRST_PAGE)).items, []);
});

test('S3: listed drops have the stock that their owner has now', async (t) => {
  const { call, stores, router } = await start(t);
  const rows = [
    dropView({ id: 'd_live', createdAt: 5 }),
    dropView({ id: 'd_upcoming', status: 'upcoming', createdAt: 4 }),
    dropView({ id: 'd_open_holds', status: 'ended', held: 1, free: 9, createdAt: 3 }),
    dropView({ id: 'd_ended', status: 'ended', createdAt: 2 }),
    dropView({ id: 'd_lost', createdAt: 1 }),
  ];
  await stores.catalogue.putDrops(rows);
  router.answer = ({ dropId }) => {
    if (dropId === 'd_lost') return refusal('unavailable');
    const row = rows.find(({ id }) => id === dropId)!;
    return success({ ...row, sold: 4, held: 0, free: 6, version: 7 });
  };
  const outcome = await call('catalogue.drops', { page: FIRST_PAGE });
  if (!outcome.ok) return t.fail(outcome.code);
  t.deepEqual(
    outcome.value.items.map(({ id, free, version }) => [id, free, version]),
    [
      ['d_live', 6, 7],
      ['d_upcoming', 6, 7],
      ['d_open_holds', 6, 7],
      ['d_ended', 10, 1],
      ['d_lost', 10, 1],
    ],
  );
});

test('D4: a drop whose fresh status no longer fits is left out; paging continues', async (t) => {
  const { call, stores, router } = await start(t);
  const rows = [1, 2, 3].map((n) => dropView({ id: `d_${n}`, createdAt: n }));
  await stores.catalogue.putDrops(rows);
  router.answer = ({ dropId }) => {
    const row = rows.find(({ id }) => id === dropId)!;
    return success({ ...row, status: dropId === 'd_3' ? 'ended' : 'live', version: 9 });
  };
  const seen: string[] = [];
  let cursor: string | null = null;
  do {
    const page: { limit: number; cursor: string | null } = { limit: 1, cursor };
    const outcome = await call('catalogue.drops', { status: 'live', page });
    if (!outcome.ok) return t.fail(outcome.code);
    seen.push(...outcome.value.items.map(({ id }) => id));
    cursor = outcome.value.nextCursor;
  } while (cursor !== null);
  t.deepEqual(seen, ['d_2', 'd_1']);
});

test('H8: a foreign cursor is refused', async (t) => {
  const { call } = await start(t);
  const page = { limit: 10, cursor: 'made up' };
  t.like(await call('catalogue.drops', { page }), { code: 'invalid-request' });
});
