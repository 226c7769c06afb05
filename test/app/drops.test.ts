// Drops as use cases: defaults, bounds of times, who may, and what reaches the drop's actor.

import test from 'ava';
import { Drops } from '../../app/drops.ts';
import { DROP_AHEAD_MAX_MS } from '../../contracts/bounds.ts';
import type { NewDrop } from '../../contracts/drops.ts';
import { refusal, success } from '../../domain/refusal.ts';
import { memoryStores } from '../../storage/memory/stores.ts';
import { StoreUnavailableError } from '../../storage/ports/journal.ts';
import { dropView, FIRST_PAGE, NOW, ScriptedRouter } from '../services/harness.ts';

const caller = { userId: 'u_creator', roles: ['creator'] };
const HOUR_MS = 3_600_000;
const DROP: NewDrop = {
  startsAt: NOW,
  endsAt: NOW + HOUR_MS,
  stock: 5,
  priceCents: 100,
  currency: 'EUR',
};

async function start() {
  const stores = memoryStores();
  const router = new ScriptedRouter();
  router.answer = ({ dropId }) => success(dropView({ id: dropId }));
  const random = (count: number) => new Uint8Array(count);
  const drops = new Drops({ ...stores, router, now: () => NOW, random });
  await stores.catalogue.addProduct({
    id: 'p_1',
    creatorId: caller.userId,
    name: 'Mug',
    description: '',
    imageUrls: [],
    createdAt: NOW,
    revision: 1,
  });
  const create = (change: Partial<NewDrop> = {}, productId = 'p_1') =>
    drops.create({ caller, productId, drop: { ...DROP, ...change } });
  return { drops, router, stores, create };
}

test('D1: a new drop’s defaults: one for each buyer, ten minutes, paid at once', async (t) => {
  const { router, create } = await start();
  t.true((await create()).ok);
  t.like(router.commands[0], {
    type: 'create-drop',
    stock: 5,
    terms: { limitPerUser: 1, holdSeconds: 600, payment: 'instant', creatorId: 'u_creator' },
  });
});

test('D1: a drop needs a product of the caller’s, also for an operator', async (t) => {
  const { drops, router, create } = await start();
  const operator = { userId: 'u_boss', roles: ['operator'] };
  const foreign = await drops.create({ caller: operator, productId: 'p_1', drop: DROP });
  t.deepEqual(foreign, refusal('forbidden', 'The product belongs to somebody else.'));
  t.deepEqual(await create({}, 'p_none'), refusal('not-found'));
  t.deepEqual(router.commands, []);
});

test('D1: a drop ends after its start, in the future, and within a year', async (t) => {
  const { router, create } = await start();
  const latest = NOW + DROP_AHEAD_MAX_MS;
  for (const [times, detail] of [
    [{ startsAt: NaN }, 'startsAt: is not a time.'],
    [{ endsAt: NaN }, 'endsAt: is not a time.'],
    [{ startsAt: NOW + 5, endsAt: NOW + 5 }, 'endsAt: must be after startsAt.'],
    [{ startsAt: NOW - 5, endsAt: NOW }, 'endsAt: must be in the future.'],
    [{ endsAt: latest + 1 }, 'endsAt: must be within a year.'],
  ] as const) {
    t.deepEqual(await create(times), refusal('invalid-request', detail));
  }
  t.deepEqual(router.commands, []);
  t.true((await create({ startsAt: NOW - 5, endsAt: NOW + 1 })).ok);
  t.true((await create({ startsAt: latest - 1, endsAt: latest })).ok);
});

test('S4, D3: a change has valid times and units, and names its caller to the actor', async (t) => {
  const { drops, router } = await start();
  const amend = (change: Parameters<Drops['amend']>[0]['change']) =>
    drops.amend({ caller, dropId: 'd_1', change });
  for (const [change, detail] of [
    [{ addStock: 0 }, 'addStock: must not be 0.'],
    [{ endsAt: NOW }, 'endsAt: must be in the future.'],
    [{ startsAt: NOW + DROP_AHEAD_MAX_MS + 1 }, 'endsAt: must be within a year.'],
    [{ startsAt: NaN, addStock: 1 }, 'startsAt: is not a time.'],
  ] as const) {
    t.deepEqual(await amend(change), refusal('invalid-request', detail));
  }
  t.deepEqual(router.commands, []);
  // Only the actor knows the other time of a drop that is changed by one.
  await amend({ startsAt: NOW + HOUR_MS, addStock: -2 });
  await drops.cancel({ caller: { userId: 'u_boss', roles: ['operator'] }, dropId: 'd_1' });
  const [by, boss] = [
    { userId: 'u_creator', operator: false },
    { userId: 'u_boss', operator: true },
  ];
  t.deepEqual(router.commands, [
    { type: 'amend-drop', dropId: 'd_1', caller: by, startsAt: NOW + HOUR_MS, addStock: -2 },
    { type: 'cancel-drop', dropId: 'd_1', caller: boss },
  ]);
});

test('D1: a created drop outlives a lost catalogue write, and a defect is thrown', async (t) => {
  const { stores, create } = await start();
  stores.catalogue.putDrops = () => Promise.reject(new StoreUnavailableError('away'));
  t.true((await create()).ok);
  stores.catalogue.putDrops = () => Promise.reject(new Error('a defect'));
  await t.throwsAsync(create(), { message: 'a defect' });
});

test('S3: the owner’s view of before the row is not shown', async (t) => {
  const { drops, router, stores } = await start();
  await stores.catalogue.putDrops([dropView({ version: 8, free: 3 })]);
  router.answer = () => success(dropView({ version: 7, free: 4 }));
  const page = await drops.list({ page: FIRST_PAGE });
  t.deepEqual(page.ok && page.value.items.map(({ version, free }) => [version, free]), [[8, 3]]);
});
