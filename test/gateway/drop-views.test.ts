import test from 'ava';
import type { LiveBus } from '../../actors/live-bus.ts';
import { refusal, success } from '../../domain/refusal.ts';
import { textHash } from '../../domain/text-index.ts';
import type { DropView } from '../../contracts/drops.ts';
import { DropCards } from '../../gateway/cache/drop-cards.ts';
import { DropViews } from '../../gateway/drop-views.ts';
import { drop, FakeRouter } from './fixture.ts';
import { LossyBus } from './live/live-harness.ts';

function setUp(dropsMax = 10, filterBytesMax = 1_000) {
  const router = new FakeRouter();
  const bus = new LossyBus();
  const clock = { now: 1_000_000 };
  const views = new DropViews({
    bus,
    router,
    monotonic: () => clock.now,
    dropsMax,
    filterBytesMax,
  });
  const pictures = { knownOf: () => () => null, find: () => Promise.resolve(null) };
  const cards = new DropCards({ views, router, pictures, monotonic: () => clock.now });
  return { router, bus, clock, views, cards };
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

function publish(bus: LiveBus, view: DropView): void {
  bus.publish(`drop.${view.id}`, { type: 'drop', view, milestones: [] });
}

test('S3: a view updated within a second answers reads, an older one is refetched', async (t) => {
  const { router, bus, clock, cards } = setUp();
  router.answer = () => success(drop);
  await cards.read('drp_1');
  await turn();
  const asked = router.commands.length;
  publish(bus, { ...drop, version: 8, free: 4, sold: 6 });
  const { outcome: updated } = await cards.read('drp_1');
  t.is(updated.ok && updated.value.version, 8);
  t.is(router.commands.length, asked);
  clock.now += 1_000;
  router.answer = () => success({ ...drop, version: 9 });
  const { outcome: fetched } = await cards.read('drp_1');
  t.is(fetched.ok && fetched.value.version, 9);
});

test('J9: a read of a drop that is over asks its owner once, and hears of later changes', async (t) => {
  const { router, bus, cards } = setUp();
  const ended = { ...drop, status: 'ended', held: 0 } as const;
  router.answer = () => success(ended);
  await cards.read('drp_1');
  await turn();
  await cards.read('drp_1');
  t.is(router.commands.length, 1);
  publish(bus, { ...ended, version: ended.version + 1 });
  const { outcome: refunded } = await cards.read('drp_1');
  t.is(refunded.ok && refunded.value.version, ended.version + 1);
  t.is(router.commands.length, 1);
});

test('N11: an older view never replaces a newer one', async (t) => {
  const { router, bus, views, cards } = setUp();
  router.answer = () => success(drop);
  views.watch('drp_1');
  await turn();
  publish(bus, { ...drop, version: 8 });
  publish(bus, { ...drop, version: 7 });
  const { outcome: read } = await cards.read('drp_1');
  t.is(read.ok && read.value.version, 8);
});

test('O8: a version that a reply has shown is never followed by an older read', async (t) => {
  const { router, views, cards } = setUp();
  router.answer = () => success(drop);
  const watched = views.watch('drp_1');
  await turn();
  watched.versionShown = 5;
  router.answer = () => success({ ...drop, version: 5 });
  const { outcome: read } = await cards.read('drp_1');
  t.is(read.ok && read.value.version, 5);
});

test('C2: 10,000 readers of a cold drop, and of one that is a second old, are one question each', async (t) => {
  const { router, clock, cards } = setUp();
  router.answer = () => success(drop);
  const crowd = async () => {
    router.commands.length = 0;
    const reads = await Promise.all(Array.from({ length: 10_000 }, () => cards.read('drp_1')));
    t.true(reads.every(({ outcome }) => outcome.ok));
    return router.commands.length;
  };
  t.is(await crowd(), 2, 'one to show, and one when its changes are heard of');
  await turn();
  clock.now += 1_000;
  t.is(await crowd(), 1);
  t.like(cards.counts(), { misses: 2, collapsed: 19_998, hits: 0 });
});

test('O8: who waits for the reply to another reader gets nothing older than was shown before', async (t) => {
  const { router, views, cards } = setUp();
  router.holding = true;
  router.answer = () => success(drop);
  const first = cards.read('drp_1');
  views.watch('drp_1').versionShown = drop.version + 1;
  const second = cards.read('drp_1');
  router.release();
  await first;
  router.answer = () => success({ ...drop, version: drop.version + 1 });
  const { outcome } = await second;
  t.is(outcome.ok && outcome.value.version, drop.version + 1);
});

test('C2: many readers of no drop are one question, and it is not remembered', async (t) => {
  const { router, views, cards } = setUp();
  const reads = await Promise.all(Array.from({ length: 100 }, () => cards.read('drp_1')));
  t.true(reads.every(({ outcome }) => !outcome.ok && outcome.code === 'not-found'));
  t.is(router.commands.length, 1);
  t.is(views.size, 0);
  router.answer = () => success(drop);
  t.like(await cards.read('drp_1'), { outcome: { ok: true } });
});

test('C2: a question to an actor that fails is asked again by the next reader', async (t) => {
  const { router, cards } = setUp();
  router.answer = () => success(drop);
  const send = router.send.bind(router);
  router.send = () => Promise.reject(new Error('away'));
  const reads = await Promise.allSettled([cards.read('drp_1'), cards.read('drp_1')]);
  t.deepEqual(
    reads.map(({ status }) => status),
    ['rejected', 'rejected'],
  );
  router.send = send;
  t.like(await cards.read('drp_1'), { outcome: { ok: true } });
});

test('H7: a sold-out view without updates is fetched again each second', async (t) => {
  const { router, clock, views } = setUp();
  const soldOut = { ...drop, free: 0, sold: 10, soldOut: true };
  router.answer = (command) =>
    command.type === 'get-drop'
      ? success(soldOut)
      : success({ version: soldOut.version, bitmap: new Uint8Array(8) });
  const watched = views.watch('drp_1');
  await turn();
  t.is(views.refusalFor(watched, 'a', 'k', clock.now), null, 'not before the filter is here');
  await turn();
  t.is(views.refusalFor(watched, 'a', 'k', clock.now), 'sold-out');
  clock.now += 1_000;
  // The message of the restock was lost.
  router.answer = () => success({ ...drop, version: 30 });
  t.is(views.refusalFor(watched, 'a', 'k', clock.now), 'sold-out');
  await turn();
  t.is(views.refusalFor(watched, 'a', 'k', clock.now), null);
});

test('S3: after a gap of the bus a view is refetched, however new it is', async (t) => {
  const { router, bus, cards } = setUp();
  router.answer = () => success(drop);
  await cards.read('drp_1');
  await turn();
  // The message of this change was lost.
  router.answer = () => success({ ...drop, version: 8 });
  const { outcome: before } = await cards.read('drp_1');
  t.is(before.ok && before.value.version, drop.version);
  bus.reportGap();
  const { outcome: after } = await cards.read('drp_1');
  t.is(after.ok && after.value.version, 8);
});

test('J4: a sold-out view that cannot be refreshed refuses no order', async (t) => {
  const { router, bus, clock, views } = setUp();
  const soldOut = { ...drop, free: 0, sold: 10, soldOut: true };
  const answer: FakeRouter['answer'] = (command) =>
    command.type === 'get-drop'
      ? success(soldOut)
      : success({ version: soldOut.version, bitmap: new Uint8Array(8) });
  router.answer = answer;
  const watched = views.watch('drp_1');
  await turn();
  views.refusalFor(watched, 'a', 'k', clock.now);
  await turn();
  router.answer = () => refusal('unavailable');
  clock.now += 1_999;
  t.is(views.refusalFor(watched, 'a', 'k', clock.now), 'sold-out');
  await turn();
  clock.now += 1;
  t.is(views.refusalFor(watched, 'a', 'k', clock.now), null);
  router.answer = answer;
  clock.now += 1_000;
  t.is(views.refusalFor(watched, 'a', 'k', clock.now), null, 'it is asked for now');
  await turn();
  t.is(views.refusalFor(watched, 'a', 'k', clock.now), 'sold-out');
  // Messages were lost: the view may be old.
  bus.reportGap();
  t.is(views.refusalFor(watched, 'a', 'k', clock.now), null);
});

test('H7: a filter of another version decides nothing', async (t) => {
  const { router, clock, views } = setUp();
  const soldOut = { ...drop, free: 0, sold: 10, soldOut: true };
  router.answer = (command) =>
    command.type === 'get-drop'
      ? success(soldOut)
      : success({ version: soldOut.version - 1, bitmap: new Uint8Array(8) });
  const watched = views.watch('drp_1');
  await turn();
  for (let i = 0; i < 3; i++) {
    t.is(views.refusalFor(watched, 'a', 'k', clock.now), null);
    await turn();
  }
  t.is(router.ofType('get-order-filter').length, 1, 'asked at most once in a second');
});

test('D9, H7: a drop that sells and asks for a pass refuses orders without one', async (t) => {
  const { router, bus, clock, views } = setUp();
  const asking = { ...drop, access: 'pass' } as const;
  router.answer = () => success(asking);
  const watched = views.watch('drp_1');
  t.false(views.asksForPass(watched, clock.now), 'not before its view is here');
  await turn();
  t.true(views.asksForPass(watched, clock.now));
  t.is(views.refusalFor(watched, 'bob', 'k', clock.now), null);
  const tell = (change: Partial<DropView>) => publish(bus, { ...asking, ...change });
  tell({ version: 10, paused: true, pausedAt: 1, pausedVersion: 10 });
  t.false(views.asksForPass(watched, clock.now), 'paused');
  tell({ version: 11, free: 0, held: 0 });
  t.false(views.asksForPass(watched, clock.now), 'sold out');
  tell({ version: 12, free: 0, held: 1 });
  t.true(views.asksForPass(watched, clock.now));
  watched.versionShown = 13;
  t.false(views.asksForPass(watched, clock.now), 'it may be open to everybody by now');
  tell({ version: 13 });
  t.true(views.asksForPass(watched, clock.now));
  router.holding = true;
  clock.now += 1_999;
  t.true(views.asksForPass(watched, clock.now));
  clock.now += 1;
  t.false(views.asksForPass(watched, clock.now), 'nobody says that it is still so');
  publish(bus, { ...drop, version: 14 });
  t.false(views.asksForPass(watched, clock.now), 'open to everybody');
  publish(bus, { ...asking, version: 15, status: 'upcoming' });
  t.false(views.asksForPass(watched, clock.now));
});

test('D8, H7: a paused drop refuses whoever has no order in it, whatever its holds do', async (t) => {
  const { router, bus, clock, views } = setUp();
  const paused = { ...drop, held: 3, paused: true, pausedAt: 1, pausedVersion: 20 } as const;
  const bitmap = new Uint8Array(8);
  const bit = textHash('ann', 0) & 63;
  bitmap[bit >>> 3]! |= 1 << (bit & 7);
  router.answer = (command) =>
    command.type === 'get-drop'
      ? success({ ...paused, version: 20 })
      : success({ version: 20, by: 'user', bitmap });
  const watched = views.watch('drp_1');
  await turn();
  t.is(views.refusalFor(watched, 'bob', 'k', clock.now), null, 'not before the filter is here');
  await turn();
  t.is(views.refusalFor(watched, 'bob', 'k', clock.now), 'drop-paused');
  t.is(views.refusalFor(watched, 'ann', 'k', clock.now), null, 'the actor knows her keys');
  const tell = (view: DropView) =>
    bus.publish('drop.drp_1', { type: 'drop', view, milestones: [] });
  tell({ ...paused, held: 1, version: 22 });
  t.is(views.refusalFor(watched, 'bob', 'k', clock.now), 'drop-paused', 'no order came since');
  t.is(router.ofType('get-order-filter').length, 1);
  tell({ ...drop, version: 23 });
  t.is(views.refusalFor(watched, 'bob', 'k', clock.now), null, 'it goes on');
  tell({ ...paused, pausedVersion: 25, version: 25 });
  t.is(views.refusalFor(watched, 'bob', 'k', clock.now), null, 'another pause, other orders');
  tell({ ...paused, status: 'ended', version: 26 });
  t.is(views.refusalFor(watched, 'bob', 'k', clock.now), null, 'it is over');
});

test('H7: filters are bounded in bytes', async (t) => {
  const { router, clock, views } = setUp(10, 7);
  const soldOut = { ...drop, free: 0, sold: 10, soldOut: true };
  router.answer = (command) =>
    command.type === 'get-drop'
      ? success(soldOut)
      : success({ version: soldOut.version, bitmap: new Uint8Array(8) });
  const watched = views.watch('drp_1');
  await turn();
  views.refusalFor(watched, 'a', 'k', clock.now);
  await turn();
  t.is(watched.filter, null);
});

test('S3: views are bounded; an unused one is evicted first and unsubscribed', async (t) => {
  const { router, bus, views } = setUp(3);
  router.answer = (command) => success({ ...drop, id: command.dropId });
  for (const id of ['a', 'b', 'c']) views.watch(id);
  views.watch('d');
  t.is(views.size, 3);
  t.false(bus.hasListeners('drop.a'));
  views.find('b');
  views.watch('e');
  t.true(bus.hasListeners('drop.b'), 'used since');
  t.false(bus.hasListeners('drop.c'));
  await turn();
  views.stop();
  t.is(views.size, 0);
  t.false(bus.hasListeners('drop.b'));
});

test('H8: a drop that is not found leaves no view behind', async (t) => {
  const { bus, views, cards } = setUp();
  const { outcome: read } = await cards.read('nothing');
  t.false(read.ok);
  views.watch('nothing');
  await turn();
  t.is(views.size, 0);
  t.false(bus.hasListeners('drop.nothing'));
});
