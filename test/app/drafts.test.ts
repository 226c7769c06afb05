// Drafts as use cases: who sees them, what changes, and that a crash of an announcement anywhere
// leaves one drop at the end (D7).

import test from 'ava';
import { DraftUseCases } from '../../app/drafts.ts';
import { Drops } from '../../app/drops.ts';
import { DRAFTS_MAX } from '../../contracts/drafts.ts';
import type { CreateDrop, DropCommand } from '../../contracts/commands.ts';
import type { NewDrop } from '../../contracts/drops.ts';
import type { Refusal } from '../../contracts/refusals.ts';
import { applyEvent, createDrop } from '../../domain/apply.ts';
import { answerTo, decide } from '../../domain/decide.ts';
import type { DropState } from '../../domain/drop-state.ts';
import { refusal, success } from '../../domain/refusal.ts';
import { memoryStores } from '../../storage/memory/stores.ts';
import type { Drafts } from '../../storage/ports/drafts.ts';
import { FEATURE_LEVEL, ReachedLevel } from '../../storage/ports/feature-level.ts';
import { ManualClock } from '../actors/manual-clock.ts';
import { FIRST_PAGE, NOW, ScriptedRouter } from '../services/harness.ts';

const caller = { userId: 'u_creator', roles: ['creator'] };
const stranger = { userId: 'u_other', roles: ['creator'] };
const operator = { userId: 'u_boss', roles: ['operator'] };
const HOUR_MS = 3_600_000;
const DROP: NewDrop = {
  startsAt: NOW + HOUR_MS,
  endsAt: NOW + 2 * HOUR_MS,
  stock: 5,
  unitAmount: 100,
  currency: 'EUR',
  draft: true,
};

async function start() {
  const stores = memoryStores();
  const router = new ScriptedRouter();
  const clock = new ManualClock(NOW);
  const drops = new Map<string, DropState>();
  // The actors of all drops.
  router.answer = (command: DropCommand) => {
    const state = drops.get(command.dropId) ?? null;
    const decision = decide(state, command, clock.now());
    if (!decision.ok) return decision;
    for (const event of decision.events) {
      const present = drops.get(command.dropId);
      if (present === undefined) drops.set(command.dropId, createDrop(event, clock.now()));
      else applyEvent(present, event, clock.now());
    }
    return success(answerTo(drops.get(command.dropId)!, command, decision));
  };
  let made = 0;
  const random = (count: number) => new Uint8Array(count).fill(++made);
  await stores.catalogue.addProduct({
    id: 'p_1',
    creatorId: caller.userId,
    name: 'Mug',
    description: '',
    imageUrls: [],
    createdAt: NOW,
    revision: 1,
  });
  const seller: { refused: Refusal | null } = { refused: null };
  const selling = { refuse: async () => seller.refused };
  const useCases = (store: Drafts = stores.drafts) => {
    const levels = new ReachedLevel(FEATURE_LEVEL);
    const options = { ...stores, drafts: store, router, levels, clock, random, selling };
    return { drafts: new DraftUseCases(options), drops: new Drops(options) };
  };
  const add = async (change: Partial<NewDrop> = {}) => {
    const added = await useCases().drafts.add({
      caller,
      productId: 'p_1',
      drop: { ...DROP, ...change },
    });
    if (!added.ok) throw new Error(added.code);
    return added.value.id;
  };
  return { ...useCases(), useCases, seller, stores, router, clock, actors: drops, add };
}

test('D7: a draft is made without an actor, and seen by its creator alone', async (t) => {
  const { drafts, router, add } = await start();
  const dropId = await add({ metadata: { a: 'x' } });
  const shown = await drafts.get({ caller, dropId });
  t.like(shown, { ok: true, value: { id: dropId, status: 'draft', stocked: 5, free: 5 } });
  t.like(shown, { value: { version: 0, revision: 1, metadata: { a: 'x' }, limitPerUser: 1 } });
  for (const other of [stranger, operator])
    t.deepEqual(await drafts.get({ caller: other, dropId }), refusal('not-found'));
  const listed = await drafts.list({ caller, page: FIRST_PAGE });
  t.like(listed, { value: { items: [{ id: dropId }] } });
  t.like(await drafts.list({ caller: stranger, page: FIRST_PAGE }), { value: { items: [] } });
  t.deepEqual(router.commands, []);
});

test('D7, D9: who may buy is part of a draft, changes there, and is announced with it', async (t) => {
  const { drafts, drops, actors, add } = await start();
  const dropId = await add({ access: 'pass', earlyAccessSeconds: 60 });
  t.like(await drafts.get({ caller, dropId }), {
    value: { access: 'pass', earlyAccessSeconds: 60 },
  });
  const opened = await drops.amend({ caller, dropId, change: { access: 'public' } });
  t.true(opened.ok && !('access' in opened.value));
  await drops.amend({ caller, dropId, change: { access: 'pass', earlyAccessSeconds: 0 } });
  const announced = await drafts.announce({ caller, dropId });
  t.like(announced, { ok: true, value: { access: 'pass' } });
  t.true(announced.ok && !('earlyAccessSeconds' in announced.value));
  t.is(actors.get(dropId)!.access, 'pass');
});

test('D7, D10: a draft that is made unlisted stays so, and its drop announces no media', async (t) => {
  const { drafts, drops, actors, add, stores } = await start();
  const dropId = await add({ unlisted: true });
  t.like(await drops.amend({ caller, dropId, change: { stock: 7 } }), {
    value: { stocked: 7, unlisted: true },
  });
  t.like(await drafts.announce({ caller, dropId }), { ok: true, value: { unlisted: true } });
  t.true(actors.get(dropId)!.unlisted);
  t.is((await stores.catalogue.findProduct('p_1'))!.announced, undefined);
  await drafts.announce({ caller, dropId: await add() });
  t.true((await stores.catalogue.findProduct('p_1'))!.announced);
});

test('D7: a draft is checked like a drop, but may have times that have passed', async (t) => {
  const { drafts, clock, add } = await start();
  for (const wrong of [
    { currency: 'XAU' },
    { endsAt: DROP.startsAt },
    { startsAt: Number.NaN },
    { endsAt: NOW + 367 * 24 * HOUR_MS },
    { unitAmount: 100_000_000_000, stock: 10_000_000 },
  ]) {
    const drop = { ...DROP, ...wrong };
    const added = await drafts.add({ caller, productId: 'p_1', drop });
    t.like(added, { ok: false, code: 'invalid-request' }, JSON.stringify(wrong));
  }
  const foreign = await drafts.add({ caller: stranger, productId: 'p_1', drop: DROP });
  t.like(foreign, { ok: false, code: 'forbidden' });
  const dropId = await add({ startsAt: NOW - 2 * HOUR_MS, endsAt: NOW - HOUR_MS });
  t.like(await drafts.announce({ caller, dropId }), { ok: false, code: 'invalid-request' });
  t.like(await drafts.get({ caller, dropId }), { value: { status: 'draft' } });
  await clock.advance(1);
});

test('D7: a creator has a bounded number of drafts', async (t) => {
  const { drafts, add } = await start();
  for (let i = 0; i < DRAFTS_MAX; i++) await add();
  const more = await drafts.add({ caller, productId: 'p_1', drop: DROP });
  t.like(more, { ok: false, code: 'too-many' });
});

test('D7, H12: all of a draft changes, on the condition of its revision', async (t) => {
  const { drops, drafts, router, add } = await start();
  const dropId = await add();
  const change = {
    currency: 'JPY',
    unitAmount: 7,
    payment: 'provider',
    holdSeconds: 9,
    limitPerUser: 3,
    startsAt: NOW + 1,
    endsAt: NOW + 2,
    stock: 7,
    externalId: 'e',
  } as const;
  const changed = await drops.amend({ caller, dropId, change, ifMatch: [1] });
  const { stock: _, ...shown } = change;
  t.like(changed, { ok: true, value: { ...shown, stocked: 7, revision: 2, status: 'draft' } });
  const late = await drops.amend({ caller, dropId, change, ifMatch: [1] });
  t.deepEqual(late, refusal('precondition-failed'));
  for (const wrong of [{ currency: 'XAU' }, { addStock: 1 }, { endsAt: NOW }]) {
    const refused = await drops.amend({ caller, dropId, change: wrong });
    t.like(refused, { ok: false, code: 'invalid-request' }, JSON.stringify(wrong));
  }
  t.deepEqual(await drafts.get({ caller, dropId }), changed);
  for (const other of [stranger, operator]) {
    const refused = await drops.amend({ caller: other, dropId, change });
    t.like(refused, { ok: false, code: 'not-found' });
  }
  t.deepEqual(
    router.commands.filter(({ type }) => type !== 'get-drop'),
    [],
  );
});

test('D7, H11: a draft is added, changed and announced once for a key', async (t) => {
  const { drops, drafts, stores, actors } = await start();
  const request = (id: string) => ({ id, fingerprint: 'f', callerId: caller.userId });
  const add = () => drafts.add({ caller, productId: 'p_1', drop: DROP, request: request('add') });
  const first = await add();
  if (!first.ok) throw new Error(first.code);
  const dropId = first.value.id;
  t.deepEqual(await add(), { ...first, replayed: true });
  t.is((await stores.drafts.list({ creatorId: caller.userId }, FIRST_PAGE)).items.length, 1);
  const amend = () =>
    drops.amend({ caller, dropId, change: { unitAmount: 7 }, request: request('amend') });
  const changed = await amend();
  t.like(changed, { ok: true, value: { revision: 2, unitAmount: 7 } });
  t.deepEqual(await amend(), { ...changed, replayed: true });
  const announce = () => drafts.announce({ caller, dropId, request: request('announce') });
  const announced = await announce();
  t.like(announced, { ok: true, value: { revision: 3 } });
  t.deepEqual(await announce(), { ...announced, replayed: true });
  t.true((await drops.amend({ caller, dropId, change: { unitAmount: 9 } })).ok);
  t.deepEqual(await announce(), { ...announced, replayed: true }, 'as it was announced');
  t.like(await drafts.announce({ caller, dropId }), { value: { unitAmount: 9 } }, 'as it is');
  t.deepEqual(await amend(), { ...changed, replayed: true }, 'of the draft, also by now');
  t.deepEqual(await add(), { ...first, replayed: true });
  t.is(actors.get(dropId)!.revision, 4);
  t.is(actors.size, 1);
});

test('D7, H11: an added draft whose answer was lost is the same draft at the next try', async (t) => {
  const { drafts, useCases, stores } = await start();
  const request = { id: 'r', fingerprint: 'f', callerId: caller.userId };
  const add = (by = drafts) => by.add({ caller, productId: 'p_1', drop: DROP, request });
  const killed = useCases(dying(stores.drafts, 1, true)).drafts;
  await t.throwsAsync(add(killed), { message: 'killed' });
  t.true((await add()).ok);
  t.is((await stores.drafts.list({ creatorId: caller.userId }, FIRST_PAGE)).items.length, 1);
});

for (const isDone of [false, true]) {
  const point = isDone ? 'behind' : 'before';
  test(`D7, H11: a change killed right ${point} its write is made once`, async (t) => {
    const { useCases, drops, stores, add } = await start();
    const dropId = await add();
    const request = { id: 'r', fingerprint: 'f', callerId: caller.userId };
    const amend = (by = drops, unitAmount = 7) =>
      by.amend({ caller, dropId, change: { unitAmount }, request });
    const killed = useCases(dying(stores.drafts, 1, isDone)).drops;
    await t.throwsAsync(amend(killed), { message: 'killed' });
    // Somebody else's change in between must stay.
    await drops.amend({ caller, dropId, change: { limitPerUser: 9 } });
    const first = await amend();
    t.like(first, { ok: true, value: { unitAmount: 7, revision: isDone ? 2 : 3 } });
    t.like(await stores.drafts.find(caller.userId, dropId), { unitAmount: 7, limitPerUser: 9 });
    await drops.amend({ caller, dropId, change: { unitAmount: 8 } });
    t.deepEqual(await amend(), { ...first, replayed: true });
    t.like(await stores.drafts.find(caller.userId, dropId), { unitAmount: 8, revision: 4 });
  });
}

test('D7: what only drafts have does not change in a drop', async (t) => {
  const { drops, drafts, add } = await start();
  const dropId = await add();
  t.true((await drafts.announce({ caller, dropId })).ok);
  const change = { currency: 'JPY' };
  for (const [who, code] of [
    [caller, 'drop-announced'],
    [operator, 'drop-announced'],
    [stranger, 'forbidden'],
  ] as const) {
    t.like(await drops.amend({ caller: who, dropId, change }), { ok: false, code });
  }
});

test('D7, H12: announcing makes the drop of the draft, which goes on from its revision', async (t) => {
  const { drops, drafts, stores, router, add } = await start();
  const dropId = await add({ metadata: { a: 'x' }, payment: 'provider' });
  await drops.amend({ caller, dropId, change: { unitAmount: 7 } });
  const stale = await drafts.announce({ caller, dropId, ifMatch: [1] });
  t.deepEqual(stale, refusal('precondition-failed'));
  for (const other of [stranger, operator])
    t.like(await drafts.announce({ caller: other, dropId }), { ok: false, code: 'not-found' });
  const announced = await drafts.announce({ caller, dropId, ifMatch: [2] });
  t.like(announced, { ok: true, value: { id: dropId, status: 'upcoming', version: 1 } });
  t.like(announced, { value: { unitAmount: 7, revision: 3, metadata: { a: 'x' } } });
  t.is(await stores.drafts.find(caller.userId, dropId), null);
  t.like(await stores.catalogue.findDrop(dropId), { id: dropId });
  t.deepEqual(await drafts.announce({ caller, dropId }), announced);
  t.like(await drafts.announce({ caller: stranger, dropId }), { ok: false, code: 'forbidden' });
  t.is(router.commands.filter(({ type }) => type === 'create-drop').length, 1);
});

test('D7: a draft is removed, a drop is not', async (t) => {
  const { drafts, add } = await start();
  const [gone, announced] = [await add(), await add()];
  await drafts.announce({ caller, dropId: announced });
  const remove = (dropId: string, who = caller, ifMatch?: number[]) =>
    drafts.remove({ caller: who, dropId, ...(ifMatch && { ifMatch }) });
  t.like(await remove(gone, stranger), { ok: false, code: 'not-found' });
  t.like(await remove(gone, caller, [2]), { ok: false, code: 'precondition-failed' });
  t.deepEqual(await remove(gone), success(null));
  t.like(await remove(gone), { ok: false, code: 'not-found' });
  t.like(await drafts.announce({ caller, dropId: gone }), { ok: false, code: 'not-found' });
  t.like(await remove(announced), { ok: false, code: 'drop-announced' });
  t.like(await remove(announced, stranger), { ok: false, code: 'forbidden' });
});

/** The process dies before its write with this number, or right behind it. */
function dying(store: Drafts, writes: number, isDone: boolean): Drafts {
  let left = writes;
  const write = async <T>(run: () => Promise<T>) => {
    left -= 1;
    if (left > 0) return await run();
    if (isDone) await run();
    throw new Error('killed');
  };
  return {
    add: (draft, max) => write(() => store.add(draft, max)),
    find: (creatorId, dropId) => store.find(creatorId, dropId),
    list: (filter, page) => store.list(filter, page),
    replace: (before, after) => write(() => store.replace(before, after)),
    addOnce: (request, draft, max) => write(() => store.addOnce(request, draft, max)),
    replaceOnce: (request, before, after) => write(() => store.replaceOnce(request, before, after)),
    findAnswer: (creatorId, request) => store.findAnswer(creatorId, request),
    remove: (before) => write(() => store.remove(before)),
    findRemoval: (creatorId, request) => store.findRemoval(creatorId, request),
    removeOnce: (request, before, answer) => write(() => store.removeOnce(request, before, answer)),
  };
}

for (const [writes, isDone] of [
  [1, false],
  [1, true],
  [2, false],
  [2, true],
] as const) {
  const point = `${isDone ? 'after' : 'before'} its write ${writes}`;
  test(`D7: an announcement killed ${point} ends in one drop, whatever comes next`, async (t) => {
    for (const next of ['announce', 'get', 'list', 'amend', 'remove'] as const) {
      const { useCases, drops, drafts, stores, actors, router, add } = await start();
      const dropId = await add();
      const killed = useCases(dying(stores.drafts, writes, isDone)).drafts;
      await t.throwsAsync(killed.announce({ caller, dropId }), { message: 'killed' });
      const hadMark = writes > 1 || isDone;
      if (next === 'announce') t.true((await drafts.announce({ caller, dropId })).ok);
      if (next === 'get') await drafts.get({ caller, dropId });
      if (next === 'list') await drafts.list({ caller, page: FIRST_PAGE });
      const change = { limitPerUser: 9 };
      if (next === 'amend')
        t.like(await drops.amend({ caller, dropId, change }), { value: change });
      const removed = next === 'remove' ? await drafts.remove({ caller, dropId }) : null;
      if (removed !== null) t.is(removed.ok, !hadMark);
      const isDraft = (await stores.drafts.find(caller.userId, dropId)) !== null;
      const isDrop = actors.has(dropId);
      const said = `${next}: a draft ${isDraft}, a drop ${isDrop}`;
      if (hadMark || next === 'announce') t.deepEqual([isDraft, isDrop], [false, true], said);
      else t.deepEqual([isDraft, isDrop], [next !== 'remove', false], said);
      const created = router.commands.filter(
        (one): one is CreateDrop => one.type === 'create-drop',
      );
      t.true(new Set(created.map(({ terms }) => JSON.stringify(terms))).size <= 1, said);
      t.is(actors.size, isDrop ? 1 : 0, said);
    }
  });
}

for (const [writes, isDone] of [
  [1, false],
  [1, true],
  [2, false],
  [2, true],
] as const) {
  const point = `${isDone ? 'after' : 'before'} its write ${writes}`;
  test(`D7, H11: an announcement with a key killed ${point} has one answer`, async (t) => {
    const request = { id: 'r', fingerprint: 'f', callerId: caller.userId };
    for (const next of ['announce', 'get', 'announce without a key'] as const) {
      const { useCases, drops, drafts, stores, actors, router, add } = await start();
      const dropId = await add();
      const killed = useCases(dying(stores.drafts, writes, isDone)).drafts;
      await t.throwsAsync(killed.announce({ caller, dropId, request }), { message: 'killed' });
      if (next === 'get') await drafts.get({ caller, dropId });
      if (next === 'announce without a key') await drafts.announce({ caller, dropId });
      const first = await drafts.announce({ caller, dropId, request });
      t.like(first, { ok: true, value: { id: dropId, revision: 2, version: 1 } }, next);
      t.is(await stores.drafts.find(caller.userId, dropId), null);
      t.true((await drops.amend({ caller, dropId, change: { unitAmount: 9 } })).ok);
      const again = await drafts.announce({ caller, dropId, request });
      const isOthers = writes === 1 && !isDone && next === 'announce without a key';
      // Somebody else announced it: the drop, as it is.
      if (isOthers) t.like(again, { ok: true, value: { unitAmount: 9 } }, next);
      else t.deepEqual(again, { ...first, replayed: true }, next);
      const created = router.commands.filter(({ type }) => type === 'create-drop');
      t.true(created.every((one) => !JSON.stringify(one).includes('announcedBy')));
      t.is(actors.size, 1);
    }
  });
}

test('D7, H11: an announcement whose answer has no room is made all the same', async (t) => {
  const { drafts, stores, add } = await start();
  const dropId = await add();
  const request = { id: 'r', fingerprint: 'f', callerId: caller.userId };
  stores.drafts.removeOnce = async () => ({ result: 'no-room', ofCaller: true, retryAfterMs: 1 });
  const first = await drafts.announce({ caller, dropId, request });
  t.like(first, { ok: true, value: { id: dropId } });
  t.deepEqual(await drafts.announce({ caller, dropId, request }), first);
  t.is(await stores.drafts.find(caller.userId, dropId), null);
});

test('D7: an actor that does not answer leaves an announcement that is finished later', async (t) => {
  const { drops, drafts, router, actors, add } = await start();
  const dropId = await add();
  const { answer } = router;
  router.answer = () => refusal('unavailable');
  t.deepEqual(await drafts.announce({ caller, dropId }), refusal('unavailable'));
  const change = { unitAmount: 1 };
  t.deepEqual(await drops.amend({ caller, dropId, change }), refusal('unavailable'));
  t.deepEqual(await drafts.remove({ caller, dropId }), refusal('unavailable'));
  router.answer = answer;
  t.like(await drafts.get({ caller, dropId }), { value: { status: 'upcoming', unitAmount: 100 } });
  t.is(actors.size, 1);
});

test('D7, A11: an announcement of who is suspended meanwhile makes no drop until it is over', async (t) => {
  const { drafts, drops, router, actors, seller, add } = await start();
  const dropId = await add();
  const { answer } = router;
  router.answer = () => refusal('unavailable');
  t.like(await drafts.announce({ caller, dropId }), { code: 'unavailable' });
  seller.refused = refusal('suspended');
  // It is not known whether the first try made the drop.
  t.like(await drafts.announce({ caller, dropId }), { code: 'unavailable' });
  router.answer = answer;
  t.deepEqual(await drafts.announce({ caller, dropId }), seller.refused);
  t.deepEqual(await drafts.get({ caller, dropId }), seller.refused);
  t.deepEqual(await drops.amend({ caller, dropId, change: { stock: 6 } }), seller.refused);
  t.deepEqual(await drafts.remove({ caller, dropId }), seller.refused);
  t.like(await drafts.list({ caller, page: FIRST_PAGE }), { value: { items: [] } });
  t.is(actors.size, 0);
  seller.refused = null;
  t.like(await drafts.announce({ caller, dropId }), { value: { status: 'upcoming' } });
});

test('D7, A11: an announcement that made its drop is finished, though its creator is suspended', async (t) => {
  const { useCases, drafts, stores, actors, seller, add } = await start();
  const dropId = await add();
  const killed = useCases(dying(stores.drafts, 2, false)).drafts;
  await t.throwsAsync(killed.announce({ caller, dropId }), { message: 'killed' });
  t.is(actors.size, 1);
  seller.refused = refusal('suspended');
  t.like(await drafts.get({ caller, dropId }), { value: { status: 'upcoming' } });
  t.is(await stores.drafts.find(caller.userId, dropId), null);
});

test('D7: a drop whose end passed during an announcement is a draft again', async (t) => {
  const { drops, drafts, router, clock, add } = await start();
  const dropId = await add();
  const { answer } = router;
  router.answer = () => refusal('unavailable');
  await drafts.announce({ caller, dropId });
  router.answer = answer;
  await clock.advance(3 * HOUR_MS);
  t.like(await drafts.get({ caller, dropId }), { value: { status: 'draft' } });
  const change = { startsAt: NOW + 4 * HOUR_MS, endsAt: NOW + 5 * HOUR_MS };
  t.like(await drops.amend({ caller, dropId, change }), { value: { status: 'draft' } });
  t.like(await drafts.announce({ caller, dropId }), { value: { status: 'upcoming', ...change } });
});
