// Topics: those that a stream gets by itself and by subscribing, and the first frames of each.

import test from 'ava';
import { refusal } from '../../../domain/refusal.ts';
import { dropView, LiveHarness, milestone, settled, START_SECOND } from './live-harness.ts';

test('N5: a stream is ready once its user’s and followed creators’ topics are', async (t) => {
  const harness = new LiveHarness();
  harness.follows.set('ann', ['creator_1', 'creator_2']);
  const socket = harness.open({ userId: 'ann' });
  t.deepEqual(socket.take(), []);
  await settled();
  const at = harness.clock.now();
  const expiresAt = '2027-01-01T01:00:00.000Z';
  const ready = { type: 'ready', at, userId: 'ann', expiresAt, liveDrops: [], serverTime: at };
  t.deepEqual(socket.take(), [ready]);
  const view = dropView(3, { id: 'drop_9' });
  const started = { type: 'milestone', milestone: milestone('started', view) } as const;
  harness.bus.publish('creator.creator_1', started);
  const [frame, ...more] = socket.take();
  t.deepEqual(more, []);
  t.like(frame, { type: 'drop.started', topic: 'creator:creator_1', dropId: 'drop_9', version: 3 });
  t.is(frame!['at'], at);
});

test('N2: a drop frame carries the state at its version', async (t) => {
  const harness = new LiveHarness();
  harness.drops.set('drop_1', dropView(7, { held: 2 }));
  const socket = await harness.openReady('ann');
  socket.say({ type: 'subscribe', topic: 'drop:drop_1' });
  await settled();
  const at = harness.clock.now();
  t.deepEqual(socket.take(), [
    { type: 'subscribed', at, topic: 'drop:drop_1' },
    {
      type: 'drop.snapshot',
      at,
      topic: 'drop:drop_1',
      dropId: 'drop_1',
      version: 7,
      data: {
        status: 'live',
        soldOut: false,
        stocked: 100,
        held: 2,
        sold: 7,
        free: 91,
        startsAt: '2027-01-01T00:00:00.000Z',
        endsAt: '2027-01-01T01:00:00.000Z',
        productId: 'prod_1',
        creatorId: 'creator_1',
        unitAmount: 1_500,
        currency: 'EUR',
      },
      serverTime: at,
    },
  ]);
});

test('D9: frames say who may buy, until everybody may', async (t) => {
  const harness = new LiveHarness();
  const asking = { access: 'pass', earlyAccessSeconds: 60 } as const;
  harness.drops.set('drop_1', dropView(7, asking));
  const socket = await harness.openReady('ann');
  socket.say({ type: 'subscribe', topic: 'drop:drop_1' });
  await settled();
  const [, snapshot] = socket.take();
  t.like(snapshot, { type: 'drop.snapshot', data: asking });
  const view = dropView(8, { earlyAccessSeconds: 60 });
  harness.bus.publish('drop.drop_1', { type: 'drop', view, milestones: [] });
  harness.clock.advance(1_000);
  const frame = socket.take().find(({ type }) => type === 'drop.stock');
  t.like(frame, { version: 8, data: { earlyAccessSeconds: 60 } });
  t.false('access' in (frame!['data'] as object));
});

test('D5: a snapshot says the time of its state, and the time at which it is sent', async (t) => {
  const harness = new LiveHarness();
  harness.drops.set('drop_1', dropView(1));
  const early = harness.open({ dropId: 'drop_1' });
  await settled();
  const at = harness.clock.now();
  t.like(early.take()[1], { type: 'drop.snapshot', at, serverTime: at });
  harness.clock.advance(700);
  const late = harness.open({ dropId: 'drop_1' });
  t.like(late.take()[1], { type: 'drop.snapshot', at, serverTime: at + 700 });
});

test('N6: a late subscriber starts from the last published frame; the tick is newer', async (t) => {
  const harness = new LiveHarness();
  harness.drops.set('drop_1', dropView(1));
  const early = harness.open({ dropId: 'drop_1' });
  await settled();
  harness.change(dropView(2));
  harness.change(dropView(3));
  const late = harness.open({ dropId: 'drop_1' });
  harness.clock.advance(100);
  t.deepEqual(
    early.take().map(({ type, version }) => [type, version]),
    [
      ['subscribed', undefined],
      ['drop.snapshot', 1],
      ['drop.stock', 2],
      ['drop.stock', 3],
    ],
  );
  t.deepEqual(
    late.take().map(({ type, version }) => [type, version]),
    [
      ['subscribed', undefined],
      ['drop.snapshot', 2],
      ['drop.stock', 3],
    ],
  );
});

test('N6: a change that overtakes the read of the drop is neither lost nor undone', async (t) => {
  const harness = new LiveHarness();
  harness.drops.set('drop_1', dropView(5));
  harness.gated = true;
  const socket = harness.open({ dropId: 'drop_1' });
  await settled();
  harness.bus.publish('drop.drop_1', { type: 'drop', view: dropView(8), milestones: [] });
  await harness.releaseRead();
  harness.clock.advance(200);
  t.deepEqual(
    socket.take().map(({ type, version }) => [type, version]),
    [
      ['subscribed', undefined],
      ['drop.snapshot', 8],
    ],
  );
});

test('N3: a tick timer that fires late is set again for changes after its due time', async (t) => {
  const harness = new LiveHarness();
  harness.drops.set('drop_1', dropView(1));
  const socket = harness.open({ dropId: 'drop_1' });
  await settled();
  harness.change(dropView(2));
  harness.change(dropView(3));
  harness.clock.stall(105);
  harness.change(dropView(4));
  harness.change(dropView(5));
  t.is(socket.frames.at(-1)?.version, 4);
  harness.clock.advance(99);
  t.is(socket.frames.at(-1)?.version, 4);
  harness.clock.advance(1);
  t.is(socket.frames.at(-1)?.version, 5);
});

test('N4: any number of sockets: one bus subscription, one encoding, one publish', async (t) => {
  const harness = new LiveHarness();
  harness.drops.set('drop_1', dropView(1));
  const sockets = Array.from({ length: 50 }, () => harness.open({ dropId: 'drop_1' }));
  await settled();
  t.deepEqual(harness.reads, ['get-drop']);
  harness.change(dropView(2));
  t.is(harness.published.length, 1);
  t.true(sockets.every((socket) => socket.frames.at(-1)?.version === 2));
  t.is(harness.hub.counters.framesPublished, 1);
});

test('N5: following and unfollowing take effect on all open connections of the user', async (t) => {
  const harness = new LiveHarness();
  const one = await harness.openReady('ann');
  const two = await harness.openReady('ann');
  const other = await harness.openReady('ben');
  harness.follow('ann', 'creator_1', true);
  t.deepEqual([...one.topics, ...two.topics], ['creator:creator_1', 'creator:creator_1']);
  t.is(other.topics.size, 0);
  harness.follow('ann', 'creator_1', true);
  harness.follow('ann', 'creator_1', false);
  t.is(one.topics.size + two.topics.size, 0);
  t.false(harness.bus.hasListeners('creator.creator_1'));
});

test('N5: a follow while the follows are being read is not missed', async (t) => {
  const harness = new LiveHarness();
  harness.gated = true;
  const socket = harness.open({ userId: 'ann' });
  await settled();
  harness.follow('ann', 'creator_2', true);
  // The read under way answers with the state from before.
  await harness.releaseRead();
  t.deepEqual(socket.take(), []);
  await harness.releaseRead();
  t.deepEqual(socket.types(), ['ready']);
  t.true(socket.topics.has('creator:creator_2'));
});

/** Two follows and unfollows of one pair, told by two nodes in the wrong order. */
function sayFollow(
  harness: LiveHarness,
  creatorId: string,
  following: boolean,
  revision: number,
): void {
  harness.bus.publish('user.ann', { type: 'follow', creatorId, following, revision });
}

test('F5: of messages about one pair the highest revision counts, not the last arrival', async (t) => {
  const harness = new LiveHarness();
  const socket = await harness.openReady('ann');
  sayFollow(harness, 'creator_1', false, 12);
  sayFollow(harness, 'creator_1', true, 11);
  t.false(socket.topics.has('creator:creator_1'));
  sayFollow(harness, 'creator_1', true, 13);
  sayFollow(harness, 'creator_1', false, 12);
  t.true(socket.topics.has('creator:creator_1'));
  // Pairs have nothing to do with each other.
  sayFollow(harness, 'creator_2', true, 5);
  t.true(socket.topics.has('creator:creator_2'));
});

test('F5: a message from before the list was read changes nothing', async (t) => {
  const harness = new LiveHarness();
  harness.follows.set('ann', ['creator_1']);
  harness.followRevision = 20;
  const socket = await harness.openReady('ann');
  sayFollow(harness, 'creator_1', false, 20);
  sayFollow(harness, 'creator_2', true, 19);
  t.deepEqual([...socket.topics].toSorted(), ['creator:creator_1']);
  sayFollow(harness, 'creator_1', false, 21);
  t.deepEqual([...socket.topics], []);
});

test('F5: past the bound of revisions the list is read again', async (t) => {
  const harness = new LiveHarness({ followRevisionsMax: 2 });
  const socket = await harness.openReady('ann');
  harness.follows.set('ann', ['creator_9']);
  harness.followRevision = 4;
  for (let i = 1; i <= 3; i++) sayFollow(harness, `creator_${i}`, true, i);
  await settled();
  t.deepEqual([...socket.topics], ['creator:creator_9']);
});

test('F5: a follow that nobody was told of is heard at the next authentication', async (t) => {
  const harness = new LiveHarness();
  const socket = await harness.openReady('ann');
  harness.follows.set('ann', ['creator_1']);
  harness.tokens.set('fresh', { userId: 'ann', roles: [], expiresAt: START_SECOND + 7_200 });
  socket.say({ type: 'authenticate', accessToken: 'fresh' });
  await settled();
  t.deepEqual([...socket.topics], []);
  harness.clock.advance(60_000);
  socket.say({ type: 'authenticate', accessToken: 'fresh' });
  await settled();
  t.deepEqual([...socket.topics], ['creator:creator_1']);
});

test('N5: a creator both followed and subscribed to stays until both ended', async (t) => {
  const harness = new LiveHarness();
  harness.follows.set('ann', ['creator_1']);
  const socket = await harness.openReady('ann');
  const topic = 'creator:creator_1';
  socket.say({ type: 'subscribe', topic });
  t.deepEqual(socket.take(), [{ type: 'subscribed', at: harness.clock.now(), topic }]);
  harness.follow('ann', 'creator_1', false);
  t.true(socket.topics.has(topic));
  harness.follow('ann', 'creator_1', true);
  socket.say({ type: 'unsubscribe', topic });
  t.like(socket.take()[0], { type: 'error', code: 'forbidden', request: 'unsubscribe', topic });
  t.true(socket.topics.has(topic));
  harness.follow('ann', 'creator_1', false);
  t.false(socket.topics.has(topic));
  t.false(harness.bus.hasListeners('creator.creator_1'));
});

test('N5: only the newest followed creators are subscribed, up to the bound', async (t) => {
  const harness = new LiveHarness({ followedCreatorsMax: 2 });
  harness.follows.set('ann', ['creator_3', 'creator_2', 'creator_1']);
  const socket = await harness.openReady('ann');
  t.deepEqual([...socket.topics], ['creator:creator_3', 'creator:creator_2']);
  harness.follow('ann', 'creator_4', true);
  t.is(socket.topics.size, 2);
});

test('N5: when follows cannot be read the stream is closed with a code to retry', async (t) => {
  const harness = new LiveHarness();
  harness.answers.push(refusal('unavailable'), new Error('broken'));
  const one = harness.open({ userId: 'ann' });
  await settled();
  t.deepEqual(one.closedWith, { code: 1013, reason: 'try again later' });
  const two = harness.open({ userId: 'ann' });
  await settled();
  t.is(two.closedWith?.code, 1013);
  t.deepEqual(harness.logged, ['follows could not be read for the live stream']);
  t.is(harness.hub.report().topics.users, 0);
});

test('N11: a milestone delivered twice on a creator topic is published once', async (t) => {
  const harness = new LiveHarness({ recentDropsPerCreatorMax: 2 });
  harness.follows.set('ann', ['creator_1']);
  const socket = await harness.openReady('ann');
  const say = (version: number, id: string) =>
    harness.bus.publish('creator.creator_1', {
      type: 'milestone',
      milestone: milestone('restocked', dropView(version, { id })),
    });
  say(4, 'drop_a');
  say(4, 'drop_a');
  say(3, 'drop_a');
  say(1, 'drop_b');
  say(5, 'drop_a');
  t.deepEqual(
    socket.take().map(({ dropId, version }) => `${dropId} ${version}`),
    ['drop_a 4', 'drop_b 1', 'drop_a 5'],
  );
});

test('unsubscribing ends the frames, also of a drop that is still awaited', async (t) => {
  const harness = new LiveHarness({ pendingPerConnectionMax: 1 });
  harness.drops.set('drop_1', dropView(1));
  const socket = await harness.openReady('ann');
  const topic = 'drop:drop_1';
  socket.say({ type: 'subscribe', topic });
  socket.say({ type: 'unsubscribe', topic });
  await settled();
  t.deepEqual(socket.take(), [{ type: 'unsubscribed', at: harness.clock.now(), topic }]);
  t.is(harness.hub.report().topics.drops, 0);
  socket.say({ type: 'subscribe', topic });
  await settled();
  socket.say({ type: 'unsubscribe', topic });
  socket.say({ type: 'unsubscribe', topic });
  t.deepEqual(socket.types(), ['subscribed', 'drop.snapshot', 'unsubscribed', 'unsubscribed']);
  t.false(socket.topics.has(topic));
  t.false(harness.bus.hasListeners('drop.drop_1'));
});

test('a drop that is unknown or unreadable is an error frame and may be tried again', async (t) => {
  const harness = new LiveHarness({ pendingPerConnectionMax: 1 });
  const socket = await harness.openReady('ann');
  const topic = 'drop:drop_1';
  socket.say({ type: 'subscribe', topic });
  socket.say({ type: 'subscribe', topic });
  await settled();
  harness.answers.push(refusal('unavailable'));
  socket.say({ type: 'subscribe', topic });
  await settled();
  harness.answers.push(new Error('broken'));
  socket.say({ type: 'subscribe', topic });
  await settled();
  t.deepEqual(
    socket.take().map((frame) => [frame.type, frame.code, frame.request, frame.topic]),
    [
      ['error', 'invalid-request', 'subscribe', topic],
      ['error', 'not-found', 'subscribe', topic],
      ['error', 'unavailable', 'subscribe', topic],
      ['error', 'unavailable', 'subscribe', topic],
    ],
  );
  harness.drops.set('drop_1', dropView(1));
  socket.say({ type: 'subscribe', topic });
  await settled();
  t.deepEqual(socket.types(), ['subscribed', 'drop.snapshot']);
});

test('topics and pending subscriptions of a connection are bounded', async (t) => {
  const harness = new LiveHarness({ topicsPerConnectionMax: 3, pendingPerConnectionMax: 1 });
  const socket = await harness.openReady('ann');
  socket.say({ type: 'subscribe', topic: 'creator:a' });
  socket.say({ type: 'subscribe', topic: 'drop:drop_1' });
  socket.say({ type: 'subscribe', topic: 'drop:drop_2' });
  socket.say({ type: 'subscribe', topic: 'creator:b' });
  socket.say({ type: 'subscribe', topic: 'creator:c' });
  t.deepEqual(
    socket.take().map((frame) => frame.code ?? frame.type),
    ['subscribed', 'overloaded', 'subscribed', 'invalid-request'],
  );
});

test('reads past their bound are refused as overloaded', async (t) => {
  const harness = new LiveHarness({ loadsInFlightMax: 1, loadsWaitingMax: 1 });
  harness.gated = true;
  harness.drops.set('drop_1', dropView(1));
  harness.drops.set('drop_2', dropView(1, { id: 'drop_2' }));
  const first = harness.open({ dropId: 'drop_1' });
  const second = harness.open({ dropId: 'drop_2' });
  const third = harness.open({ dropId: 'drop_3' });
  t.like(third.take()[0], { type: 'error', code: 'overloaded' });
  t.is(third.closedWith?.code, 1013);
  await settled();
  await harness.releaseRead();
  await harness.releaseRead();
  t.deepEqual(first.types(), ['subscribed', 'drop.snapshot']);
  t.deepEqual(second.types(), ['subscribed', 'drop.snapshot']);
});

test("a visitor's stream shows its one drop and takes nothing but ping", async (t) => {
  const harness = new LiveHarness();
  harness.drops.set('drop_1', dropView(1));
  const socket = harness.open({ dropId: 'drop_1' });
  await settled();
  t.deepEqual(socket.types(), ['subscribed', 'drop.snapshot']);
  socket.say({ type: 'ping' });
  socket.say({ type: 'subscribe', topic: 'drop:drop_1' });
  socket.say({ type: 'unsubscribe', topic: 'drop:drop_1' });
  socket.say({ type: 'resume', after: '0' });
  socket.say({ type: 'authenticate', accessToken: 'x' });
  t.deepEqual(
    socket.take().map((frame) => frame.code ?? frame.type),
    ['pong', 'forbidden', 'forbidden', 'forbidden', 'forbidden'],
  );
});

test('a visitor’s close code says to retry an unreadable drop, not an unknown one', async (t) => {
  const harness = new LiveHarness();
  const unknown = harness.open({ dropId: 'drop_1' });
  const impossible = harness.open({ dropId: 'drop.1>' });
  await settled();
  t.is(unknown.closedWith?.code, 4404);
  t.is(impossible.closedWith?.code, 4404);
  harness.answers.push(refusal('unavailable'));
  const later = harness.open({ dropId: 'drop_1' });
  await settled();
  t.like(later.take()[0], { type: 'error', code: 'unavailable', topic: 'drop:drop_1' });
  t.is(later.closedWith?.code, 1013);
});

test('a visitor stream ignores a token: neither its end nor its user matters', async (t) => {
  const harness = new LiveHarness();
  harness.drops.set('drop_1', dropView(1));
  const socket = harness.open({ dropId: 'drop_1', userId: 'ann', expiresAt: 0 });
  await settled();
  harness.clock.advance(5_000);
  t.is(socket.closedWith, null);
  t.false(harness.bus.hasListeners('user.ann'));
});
