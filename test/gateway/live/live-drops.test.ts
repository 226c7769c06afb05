// N5a: `ready` names the live drops of followed creators, from one copy for all clients.

import test from 'ava';
import type { DropView } from '../../../contracts/drops.ts';
import type { LiveBounds } from '../../../gateway/live/bounds.ts';
import { dropView, LiveHarness, milestone, settled, START_MS } from './live-harness.ts';

/** A drop of creator_1 that started `age` seconds ago. */
function started(id: string, age = 0, changes: Partial<DropView> = {}): DropView {
  return dropView(2, { id, startsAt: START_MS - age * 1_000, ...changes });
}

function publish(harness: LiveHarness, type: 'started' | 'ended' | 'cancelled', view: DropView) {
  const message = { type: 'milestone', milestone: milestone(type, view) } as const;
  harness.bus.publish('drops.status', message);
  harness.bus.publish(`creator.${view.creatorId}`, message);
}

/** The ids in the `ready` of a new stream; null where it names none, undefined without `ready`. */
async function namedTo(harness: LiveHarness, userId: string) {
  const socket = harness.open({ userId });
  await settled();
  const ready = socket.take().find(({ type }) => type === 'ready');
  if (ready === undefined) return undefined;
  const drops = ready['liveDrops'] as { dropId: string }[] | undefined;
  return drops?.map(({ dropId }) => dropId) ?? null;
}

function harnessOf(pages: readonly (readonly DropView[])[], bounds: Partial<LiveBounds> = {}) {
  const harness = new LiveHarness(bounds);
  harness.liveDrops = pages;
  harness.follows.set('ann', ['creator_1', 'creator_2']);
  return harness;
}

test('N5a: ready names the live drops of followed creators, the newest first', async (t) => {
  const harness = harnessOf([
    [started('d_old', 60), started('d_other', 1, { creatorId: 'creator_9' })],
    [started('d_new', 2, { creatorId: 'creator_2' }), started('d_over', 9, { endsAt: START_MS })],
  ]);
  const socket = harness.open({ userId: 'ann' });
  await settled();
  t.deepEqual(socket.take()[0]!['liveDrops'], [
    {
      dropId: 'd_new',
      creatorId: 'creator_2',
      productId: 'prod_1',
      startsAt: '2026-12-31T23:59:58.000Z',
    },
    {
      dropId: 'd_old',
      creatorId: 'creator_1',
      productId: 'prod_1',
      startsAt: '2026-12-31T23:59:00.000Z',
    },
  ]);
  t.deepEqual(await namedTo(harness, 'nobody'), []);
});

test('N5a: at most a hundred are named, for few followed creators and for many', async (t) => {
  const drops = Array.from({ length: 150 }, (_, i) =>
    started(`d_${i}`, i, { creatorId: `creator_${(i % 3) + 1}` }),
  );
  const harness = harnessOf([drops]);
  harness.follows.set(
    'many',
    Array.from({ length: 50 }, (_, i) => `creator_${i + 1}`),
  );
  const newest = drops.map(({ id }) => id);
  t.deepEqual(await namedTo(harness, 'many'), newest.slice(0, 100));
  const ofTwo = newest.filter((_, i) => i % 3 !== 2);
  t.deepEqual(await namedTo(harness, 'ann'), ofTwo.slice(0, 100));
});

test('N5a: the list is read once, however many connect, and starts come by the bus', async (t) => {
  const harness = harnessOf([[started('d_1')], [started('d_2', 5)]]);
  for (let i = 0; i < 500; i++) harness.follows.set(`fan${i}`, ['creator_1']);
  const sockets = Array.from({ length: 500 }, (_, i) => harness.open({ userId: `fan${i}` }));
  for (let i = 0; i < 10; i++) await settled();
  for (const socket of sockets)
    t.like(socket.take()[0], { type: 'ready', liveDrops: { length: 2 } });
  t.is(harness.listReads, 2);
  publish(harness, 'started', started('d_3', -1));
  publish(harness, 'cancelled', started('d_2', 5, { status: 'cancelled' }));
  publish(harness, 'ended', started('d_unknown', 5, { status: 'ended' }));
  t.deepEqual(await namedTo(harness, 'ann'), ['d_3', 'd_1']);
  t.is(harness.listReads, 2);
});

test('N5a: a start and an end while the list is read count more than the list', async (t) => {
  const harness = harnessOf([[started('d_1'), started('d_2', 5)]]);
  const gate = Promise.withResolvers<void>();
  harness.listGate = gate.promise;
  const socket = harness.open({ userId: 'ann' });
  await settled();
  t.deepEqual(socket.take(), []);
  publish(harness, 'ended', started('d_2', 5, { status: 'ended' }));
  publish(harness, 'started', started('d_3', -1));
  gate.resolve();
  await settled();
  const named = socket.take()[0]!['liveDrops'] as { dropId: string }[];
  t.deepEqual(
    named.map(({ dropId }) => dropId),
    ['d_3', 'd_1'],
  );
});

test('N5a, D4a: the list is read when what came before the subscription is in it', async (t) => {
  const harness = harnessOf([[]], { dropListLagMs: 250 });
  const socket = harness.open({ userId: 'ann' });
  await settled();
  harness.clock.advance(249);
  harness.liveDrops = [[started('d_1')]];
  await settled();
  t.deepEqual([socket.take(), harness.listReads], [[], 0]);
  harness.clock.advance(1);
  await settled();
  t.like(socket.take()[0], { type: 'ready', liveDrops: { length: 1 } });
});

test('N5a: after lost messages the list is read again, and ready waits for it', async (t) => {
  const harness = harnessOf([[started('d_1')]]);
  const first = await harness.openReady('ann');
  harness.bus.losing = true;
  publish(harness, 'started', started('d_2'));
  harness.liveDrops = [[started('d_1', 9), started('d_2')]];
  harness.bus.reportGap();
  t.deepEqual(await namedTo(harness, 'ann'), ['d_2', 'd_1']);
  t.is(harness.listReads, 2);
  t.false(first.types().includes('ready'));
});

test('N5a: a list that was read half a minute ago is read again, and nobody waits', async (t) => {
  const harness = harnessOf([[started('d_1')]]);
  await harness.openReady('ann');
  harness.clock.advance(30_000);
  harness.liveDrops = [[started('d_2')]];
  harness.listGate = Promise.withResolvers<void>().promise;
  t.deepEqual(await namedTo(harness, 'ann'), ['d_1']);
  harness.listGate = null;
  t.is(harness.listReads, 2);
});

test('N5a: where the list cannot be read, ready comes without it, in time', async (t) => {
  const harness = harnessOf([[started('d_1')]]);
  harness.listFails = true;
  t.is(await namedTo(harness, 'ann'), null);
  harness.listFails = false;
  const gate = Promise.withResolvers<void>();
  harness.listGate = gate.promise;
  const socket = harness.open({ userId: 'ann' });
  await settled();
  harness.clock.advance(1_999);
  await settled();
  t.deepEqual(socket.take(), []);
  harness.clock.advance(1);
  await settled();
  t.false('liveDrops' in socket.take()[0]!);
  gate.resolve();
  await settled();
  t.deepEqual(await namedTo(harness, 'ann'), ['d_1']);
});

test('N5a: the copy has a bound; past it the drops that started last are named', async (t) => {
  const harness = harnessOf([[started('d_1', 9), started('d_2', 8)]], { liveDropsMax: 3 });
  await harness.openReady('ann');
  publish(harness, 'started', started('d_3', 7));
  publish(harness, 'started', started('d_4', 6));
  t.deepEqual(await namedTo(harness, 'ann'), ['d_4', 'd_3', 'd_2']);
});

test('N5a: who follows while the stream is prepared is told of that creator’s drops', async (t) => {
  const harness = harnessOf([[started('d_1'), started('d_9', 5, { creatorId: 'creator_9' })]]);
  const gate = Promise.withResolvers<void>();
  harness.listGate = gate.promise;
  const socket = harness.open({ userId: 'ann' });
  await settled();
  harness.follow('ann', 'creator_9', true);
  harness.follow('ann', 'creator_1', false);
  gate.resolve();
  await settled();
  const [ready] = socket.take();
  t.like(ready, { type: 'ready', liveDrops: { length: 1, 0: { dropId: 'd_9' } } });
  t.deepEqual([...socket.topics].toSorted(), ['creator:creator_2', 'creator:creator_9']);
});
