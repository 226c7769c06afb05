// Drops as use cases: defaults, bounds of times, who may, and what reaches the drop's actor.

import test from 'ava';
import { Drops } from '../../app/drops.ts';
import { DROP_AHEAD_MAX_MS } from '../../contracts/bounds.ts';
import type { CommandReply } from '../../contracts/commands.ts';
import type { DropsPage, NewDrop } from '../../contracts/drops.ts';
import type { Outcome, Refusal } from '../../contracts/refusals.ts';
import { refusal, success } from '../../domain/refusal.ts';
import { flush, ManualClock } from '../actors/manual-clock.ts';
import { memoryStores } from '../../storage/memory/stores.ts';
import { FEATURE_LEVEL, ReachedLevel } from '../../storage/ports/feature-level.ts';
import { StoreUnavailableError } from '../../storage/ports/journal.ts';
import { dropView, FIRST_PAGE, NOW, ScriptedRouter } from '../services/harness.ts';

const caller = { userId: 'u_creator', roles: ['creator'] };
const HOUR_MS = 3_600_000;
const DROP: NewDrop = {
  startsAt: NOW,
  endsAt: NOW + HOUR_MS,
  stock: 5,
  unitAmount: 100,
  currency: 'EUR',
};

async function start(level = FEATURE_LEVEL) {
  const stores = memoryStores();
  const router = new ScriptedRouter();
  const clock = new ManualClock(NOW);
  router.answer = ({ dropId }) => success(dropView({ id: dropId }));
  const random = (count: number) => new Uint8Array(count);
  const seller: { refused: Refusal | null } = { refused: null };
  const selling = { refuse: async () => seller.refused };
  const levels = new ReachedLevel(level);
  const drops = new Drops({ ...stores, router, clock, random, levels, selling });
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
  return { drops, router, stores, clock, seller, create };
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

test('H1a: a code that is no current money is refused by the service too', async (t) => {
  const { router, create } = await start();
  for (const [currency, detail] of [
    ['HRK', 'currency: was withdrawn from ISO 4217.'],
    ['XAU', 'currency: is a code of ISO 4217 that nobody pays with.'],
    ['eur', 'currency: must be a current code of ISO 4217 in capitals, such as EUR.'],
  ] as const) {
    t.deepEqual(await create({ currency }), refusal('invalid-request', detail));
  }
  t.deepEqual(router.commands, []);
  t.true((await create({ currency: 'VED' })).ok);
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
    [{ stock: 3, addStock: 1 }, 'stock: not together with addStock.'],
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
    { type: 'cancel-drop', dropId: 'd_1', caller: boss, alsoEnded: true },
  ]);
});

test('D3a: below feature level 2 no price changes, and no drop that has ended is cancelled', async (t) => {
  const { drops, router } = await start(1);
  for (const change of [{ unitAmount: 5 }, { stock: 5 }])
    t.deepEqual(await drops.amend({ caller, dropId: 'd_1', change }), refusal('unavailable'));
  t.deepEqual(router.commands, []);
  await drops.cancel({ caller, dropId: 'd_1' });
  const by = { userId: 'u_creator', operator: false };
  t.deepEqual(router.commands, [{ type: 'cancel-drop', dropId: 'd_1', caller: by }]);
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

const LISTED = [dropView({ id: 'd_a', version: 3 }), dropView({ id: 'd_b', version: 3 })];

/** `d_b` is of a node that is gone; `d_a` answers. */
async function startWithLost() {
  const parts = await start();
  const { router, stores } = parts;
  await stores.catalogue.putDrops(LISTED);
  const answerB: ((reply: CommandReply) => void)[] = [];
  router.answer = ({ dropId }) => {
    if (dropId === 'd_a') return success({ ...LISTED[0]!, version: 4 });
    return new Promise((resolve) => answerB.push(resolve));
  };
  return { ...parts, answerB };
}

function versions(page: Outcome<DropsPage>): unknown {
  return page.ok && page.value.items.map(({ id, version }) => [id, version]);
}

test('D4a: a page waits 250 ms for owners, and shows the others as they are stored', async (t) => {
  const { drops, clock } = await startWithLost();
  let page: Outcome<DropsPage> | null = null;
  const listing = drops.list({ page: FIRST_PAGE }).then((listed) => {
    page = listed;
  });
  await clock.advance(249);
  t.is(page, null);
  await clock.advance(1);
  await listing;
  t.deepEqual(versions(page!), [
    ['d_b', 3],
    ['d_a', 4],
  ]);
  t.like(page, { value: { asOf: null, nextCursor: null } });
  t.is(clock.timerCount, 0);
});

test('D4a: while an owner does not answer it is asked once, and later pages do not wait', async (t) => {
  const { drops, router, clock, answerB } = await startWithLost();
  const first = drops.list({ page: FIRST_PAGE });
  await clock.advance(250);
  await first;
  for (let i = 0; i < 3; i++) {
    const before = clock.monotonic();
    t.deepEqual(versions(await drops.list({ page: FIRST_PAGE })), versions(await first));
    t.is(clock.monotonic(), before);
  }
  t.is(router.commands.filter(({ dropId }) => dropId === 'd_b').length, 1);
  answerB[0]!(refusal('unavailable'));
  await flush();
  const again = drops.list({ page: FIRST_PAGE });
  await flush();
  t.is(router.commands.filter(({ dropId }) => dropId === 'd_b').length, 2);
  answerB[1]!(success({ ...LISTED[1]!, version: 5 }));
  t.deepEqual(versions(await again), [
    ['d_b', 5],
    ['d_a', 4],
  ]);
});

test('D4a: a page tells since when its drops may have changed', async (t) => {
  const { drops, clock, answerB } = await startWithLost();
  const fresh = drops.list({ page: FIRST_PAGE });
  await clock.advance(20);
  answerB[0]!(success({ ...LISTED[1]!, version: 6 }));
  t.like(await fresh, { value: { asOf: NOW } });
  await clock.advance(5_000);
  clock.shiftWall(60_000);
  const stale = drops.list({ page: FIRST_PAGE });
  await clock.advance(250);
  // What the owner said last is newer than the row.
  t.deepEqual(versions(await stale), [
    ['d_b', 6],
    ['d_a', 4],
  ]);
  t.like(await stale, { value: { asOf: NOW + 60_000 } });
});

test('D4a: a page of drops that all changed their status has the next that did not', async (t) => {
  const { drops, router, stores } = await start();
  const views = Array.from({ length: 6 }, (_, i) => dropView({ id: `d_${i}`, createdAt: i }));
  await stores.catalogue.putDrops(views);
  router.answer = ({ dropId }) => {
    const view = views.find(({ id }) => id === dropId)!;
    return success(dropId === 'd_1' ? view : { ...view, status: 'ended', version: 9, held: 1 });
  };
  const list = (cursor: string | null) =>
    drops.list({ status: 'live', page: { limit: 2, cursor } });
  const first = await list(null);
  t.deepEqual(first.ok && first.value.items.map(({ id }) => id), ['d_1']);
  t.is(first.ok && first.value.nextCursor, null);
  // With very many such drops a page shows them as they are stored, and not nothing.
  const many = Array.from({ length: 20 }, (_, i) => dropView({ id: `e_${i}`, createdAt: 100 + i }));
  await stores.catalogue.putDrops(many);
  views.push(...many);
  const next = await list(null);
  t.is(next.ok && next.value.items.length, 2);
  t.not(next.ok && next.value.nextCursor, null);
});

const KEYED = { id: 'r', fingerprint: 'f', callerId: caller.userId };

function createKeyed(
  { drops }: Awaited<ReturnType<typeof start>>,
  drop: NewDrop = DROP,
  request = KEYED,
) {
  return drops.create({ caller, productId: 'p_1', drop, request });
}

test('H11: whatever a creation with a key dies of, the next try is about the same drop', async (t) => {
  const started = await start();
  const { router, stores, clock } = started;
  const keep = stores.requests.keep.bind(stores.requests);
  const away = () => Promise.reject(new StoreUnavailableError('away'));
  // Before the id is kept, and right behind it.
  stores.requests.keep = away;
  await t.throwsAsync(createKeyed(started), { code: 'store-unavailable' });
  stores.requests.keep = async (...kept) => {
    await keep(...kept);
    return await away();
  };
  await t.throwsAsync(createKeyed(started), { code: 'store-unavailable' });
  stores.requests.keep = keep;
  // The owner does not answer, whether it made the drop or not.
  router.answer = () => refusal('unavailable');
  t.like(await createKeyed(started), { code: 'unavailable' });
  // By now the end is past, and what was asked at first still counts.
  await clock.advance(2 * HOUR_MS);
  router.answer = ({ dropId }) => success(dropView({ id: dropId }));
  const made = await createKeyed(started);
  const ids = router.commands.map(({ dropId }) => dropId);
  t.is(ids.length, 2);
  t.is(ids[0], ids[1]);
  t.like(made, { ok: true, value: { id: ids[0] } });
  for (const command of router.commands) t.like(command, { request: KEYED });
  const other = await createKeyed(started, DROP, { ...KEYED, fingerprint: 'g' });
  t.like(other, { code: 'idempotency-key-reused' });
});

test('A11, H11: a suspended creator’s key that made no drop yet makes none; one that did answers', async (t) => {
  const started = await start();
  const { router, seller } = started;
  router.answer = () => refusal('unavailable');
  t.like(await createKeyed(started), { code: 'unavailable' });
  seller.refused = refusal('suspended');
  // The owner does not say whether it made the drop.
  t.like(await createKeyed(started), { code: 'unavailable' });
  router.answer = () => refusal('not-found');
  t.deepEqual(await createKeyed(started), seller.refused);
  t.is(router.commands.filter(({ type }) => type === 'create-drop').length, 1);
  const other = await createKeyed(started, DROP, { ...KEYED, fingerprint: 'g' });
  t.like(other, { code: 'idempotency-key-reused' });
  router.answer = ({ dropId }) => success(dropView({ id: dropId }));
  t.like(await createKeyed(started), { ok: true, value: { id: router.commands[0]!.dropId } });
});

test('H11: what the owner of a new drop refuses frees its key', async (t) => {
  const started = await start();
  started.router.answer = () => refusal('invalid-request');
  t.like(await createKeyed(started), { code: 'invalid-request' });
  t.is(await started.stores.requests.find(KEYED), null);
});

test('H11: a change with a key whose end is past by now reaches the drop all the same', async (t) => {
  const { drops, router } = await start();
  const change = { endsAt: NOW - 1 };
  t.like(await drops.amend({ caller, dropId: 'd_1', change }), { code: 'invalid-request' });
  t.deepEqual(router.commands, []);
  await drops.amend({ caller, dropId: 'd_1', change, request: KEYED });
  t.like(router.commands[0], { type: 'amend-drop', endsAt: NOW - 1, request: KEYED });
});
