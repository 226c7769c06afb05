// A connection from open to close: bad input, message rate, slow clients, tokens and bounds.

import test from 'ava';
import { CLOSE_CODES } from '../../../contracts/live.ts';
import {
  dropView,
  type FakeSocket,
  LiveHarness,
  milestone,
  settled,
  START_SECOND,
} from './live-harness.ts';

const MALFORMED: readonly (readonly [string, string])[] = [
  ['nothing', ''],
  ['no JSON', '{'],
  ['a number', '1'],
  ['null', 'null'],
  ['an array', '[{"type":"ping"}]'],
  ['no type', '{}'],
  ['an unknown type', '{"type":"shout"}'],
  ['a type that is no string', '{"type":{"toString":1}}'],
  ['an inherited name as type', '{"type":"constructor"}'],
  ['an unknown field', '{"type":"ping","id":1}'],
  ['a prototype field', '{"type":"ping","__proto__":{"x":1}}'],
  ['a type by prototype', '{"__proto__":{"type":"ping"}}'],
  ['subscribe without topic', '{"type":"subscribe"}'],
  ['subscribe with a number', '{"type":"subscribe","topic":5}'],
  ['subscribe to an unknown kind', '{"type":"subscribe","topic":"user:ann"}'],
  ['subscribe to an empty id', '{"type":"subscribe","topic":"drop:"}'],
  ['subscribe to a wildcard', '{"type":"subscribe","topic":"drop:*"}'],
  ['subscribe to a subject', '{"type":"subscribe","topic":"drop:a.b"}'],
  ['subscribe to a long id', `{"type":"subscribe","topic":"drop:${'a'.repeat(65)}"}`],
  ['subscribe to a line break', '{"type":"subscribe","topic":"creator:a\\n"}'],
  ['subscribe to an unreadable creator', '{"type":"subscribe","topic":"creator:é"}'],
  ['unsubscribe from a list', '{"type":"unsubscribe","topic":["drop:a"]}'],
  ['resume after nothing', '{"type":"resume"}'],
  ['resume after a number', '{"type":"resume","after":5}'],
  ['resume after a negative', '{"type":"resume","after":"-1"}'],
  ['resume after leading zeros', '{"type":"resume","after":"007"}'],
  ['resume after text', '{"type":"resume","after":"x"}'],
  ['resume after too much', `{"type":"resume","after":"${'9'.repeat(16)}"}`],
  ['authenticate with nothing', '{"type":"authenticate","accessToken":""}'],
  ['authenticate with null', '{"type":"authenticate","accessToken":null}'],
];

for (const [what, text] of MALFORMED) {
  test(`H8: a malformed message is an error frame and changes nothing: ${what}`, async (t) => {
    const harness = new LiveHarness();
    const socket = await harness.openReady('ann');
    const before = [...harness.reads];
    socket.say(text);
    await settled();
    const frames = socket.take();
    t.is(frames.length, 1);
    t.like(frames[0], { type: 'error', code: 'invalid-request' });
    t.is(typeof frames[0]!['detail'], 'string');
    t.deepEqual(harness.reads, before);
    t.is(socket.topics.size, 0);
    t.is(socket.closedWith, null);
    t.is(({} as { x?: number }).x, undefined);
  });
}

test('H8: ten malformed messages in a row close the stream; a good one resets that', async (t) => {
  const harness = new LiveHarness();
  const socket = await harness.openReady('ann');
  for (let i = 0; i < 9; i++) socket.say('?');
  socket.say({ type: 'ping' });
  for (let i = 0; i < 9; i++) socket.say('?');
  t.is(socket.closedWith, null);
  socket.say('?');
  t.deepEqual(socket.closedWith, { code: 4400, reason: 'too many malformed messages' });
});

test('H8: a binary frame ends the connection', async (t) => {
  const harness = new LiveHarness();
  const socket = await harness.openReady('ann');
  socket.connection!.received(null);
  t.is(socket.closedWith?.code, 1003);
});

test('N8: a message with too many bytes closes the stream with a code of its own', async (t) => {
  const harness = new LiveHarness({ messageBytesMax: 20 });
  const socket = await harness.openReady('ann');
  socket.say('{"type":"ping"}     ');
  t.deepEqual(socket.types(), ['pong']);
  socket.say('{"type":"ping"}   é ');
  t.deepEqual(socket.closedWith, { code: 1009, reason: 'message too long' });
  t.deepEqual(socket.take(), []);
});

test('H5: a burst, a steady rate, error frames, then a close with a code to retry', async (t) => {
  const harness = new LiveHarness({ messageBurst: 3, messagesPerSecond: 10, limitedMax: 3 });
  const socket = await harness.openReady('ann');
  const ping = (times: number) => {
    for (let i = 0; i < times; i++) socket.say({ type: 'ping' });
    return socket.take().map((frame) => frame.code ?? frame.type);
  };
  t.deepEqual(ping(4), ['pong', 'pong', 'pong', 'rate-limited']);
  harness.clock.advance(100);
  t.deepEqual(ping(2), ['pong', 'rate-limited']);
  harness.clock.advance(300);
  t.deepEqual(ping(5), ['pong', 'pong', 'pong', 'rate-limited', 'rate-limited']);
  t.is(socket.closedWith, null);
  ping(1);
  t.deepEqual(socket.closedWith, { code: 4003, reason: 'too many messages' });
});

test('N8: only the slow client misses frames; with room it gets a fresh snapshot', async (t) => {
  const harness = new LiveHarness();
  harness.drops.set('drop_1', dropView(1));
  harness.follows.set('slow', ['creator_1']);
  const slow = await harness.openReady('slow');
  const fast = harness.open({ dropId: 'drop_1' });
  slow.say({ type: 'subscribe', topic: 'drop:drop_1' });
  slow.say({ type: 'subscribe', topic: 'drop:drop_2' });
  await settled();
  const old = milestone('scheduled', dropView(1, { id: 'drop_0' }));
  harness.bus.publish('creator.creator_1', { type: 'milestone', milestone: old });
  harness.clock.advance(harness.hub.bounds.frameLossReportMsMax + 1);
  slow.take();
  fast.take();

  slow.full = true;
  harness.change(dropView(2));
  harness.clock.advance(100);
  harness.change(dropView(3));
  const missed = milestone('started', dropView(2, { id: 'drop_3' }));
  harness.bus.publish('creator.creator_1', { type: 'milestone', milestone: missed });
  t.deepEqual(fast.types(), ['drop.stock', 'drop.stock']);
  t.deepEqual(slow.take(), []);

  // The buffer is still full: the missed frame stays recorded, and the next drain sends it.
  harness.clock.advance(50);
  slow.connection!.drained();
  t.deepEqual(slow.take(), []);
  slow.full = false;
  slow.connection!.drained();
  t.deepEqual(
    slow.take().map(({ type, topic, dropId, version }) => [type, topic, dropId, version]),
    [
      ['drop.snapshot', 'drop:drop_1', 'drop_1', 3],
      ['drop.snapshot', 'creator:creator_1', 'drop_3', 2],
    ],
  );
  slow.connection!.drained();
  t.deepEqual(slow.take(), []);
  t.is(slow.closedWith, null);
});

// The fan-out sends published frames at the end of the turn. Only then does it report dropped ones.
test('N8: a milestone reported as dropped some time after its publish is sent again', async (t) => {
  const harness = new LiveHarness();
  harness.follows.set('slow', ['creator_1']);
  const slow = await harness.openReady('slow');
  slow.topics.clear();
  const missed = milestone('started', dropView(2));
  harness.bus.publish('creator.creator_1', { type: 'milestone', milestone: missed });
  harness.clock.advance(75);
  slow.connection!.missedFrame();
  slow.connection!.drained();
  t.deepEqual(
    slow.take().map(({ type, dropId, version }) => [type, dropId, version]),
    [['drop.snapshot', 'drop_1', 2]],
  );
});

test('N8: a client that missed more drops of a creator than are stored is closed', async (t) => {
  const harness = new LiveHarness({ recentDropsPerCreatorMax: 2 });
  harness.follows.set('slow', ['creator_1']);
  const slow = await harness.openReady('slow');
  const publish = (...dropIds: string[]) => {
    for (const id of dropIds) {
      const started = milestone('started', dropView(2, { id }));
      harness.bus.publish('creator.creator_1', { type: 'milestone', milestone: started });
    }
  };
  publish('drop_1', 'drop_2', 'drop_3');
  harness.clock.advance(harness.hub.bounds.frameLossReportMsMax + 1);
  slow.take();

  slow.full = true;
  publish('drop_4', 'drop_5');
  slow.full = false;
  slow.connection!.drained();
  t.deepEqual(
    slow.take().map(({ dropId }) => dropId),
    ['drop_4', 'drop_5'],
    'a milestone evicted before the gap was not missed',
  );
  t.is(slow.closedWith, null);

  slow.full = true;
  publish('drop_6');
  slow.full = false;
  slow.connection!.drained();
  t.deepEqual(slow.closedWith, { code: 4002, reason: 'too slow to keep up' });
});

test('N8: a visitor too slow for its drop gets a fresh snapshot', async (t) => {
  const harness = new LiveHarness();
  harness.drops.set('drop_1', dropView(1));
  const socket = harness.open({ dropId: 'drop_1' });
  await settled();
  socket.full = true;
  harness.change(dropView(2));
  t.is(harness.hub.report().framesDropped, 1);
  socket.full = false;
  socket.take();
  socket.connection!.drained();
  t.deepEqual(
    socket.take().map(({ type, version }) => [type, version]),
    [['drop.snapshot', 2]],
  );
});

test('N8: a client that was slow before its drop is known gets one snapshot', async (t) => {
  const harness = new LiveHarness();
  harness.drops.set('drop_1', dropView(1));
  const user = await harness.openReady('ann');
  const visitor = harness.open({ dropId: 'drop_1' });
  user.say({ type: 'subscribe', topic: 'drop:drop_1' });
  for (const socket of [user, visitor]) {
    socket.connection!.missedFrame();
    socket.connection!.drained();
    t.deepEqual(socket.take(), []);
  }
  await settled();
  t.deepEqual(user.types(), ['subscribed', 'drop.snapshot']);
  t.deepEqual(visitor.types(), ['subscribed', 'drop.snapshot']);
});

test('N8: a notification that cannot be sent closes the stream with a code to retry', async (t) => {
  const harness = new LiveHarness();
  const slow = await harness.openReady('ann');
  const fast = await harness.openReady('ann');
  slow.full = true;
  harness.notify('ann', '1');
  t.deepEqual(slow.closedWith, { code: 4002, reason: 'too slow to keep up' });
  t.deepEqual(fast.types(), ['notification']);
  t.is(harness.hub.counters.closed[4002], 1);
});

test('N8: a notification of a replay that cannot be sent closes the stream likewise', async (t) => {
  const harness = new LiveHarness();
  harness.notify('ann', '1');
  const socket = await harness.openReady('ann');
  socket.full = true;
  socket.say({ type: 'resume', after: '0' });
  await settled();
  t.is(socket.closedWith?.code, 4002);
});

test('N9: all streams are closed within a second of the end of their tokens', async (t) => {
  const harness = new LiveHarness({ expiredPerTurnMax: 2 });
  const sockets = await Promise.all(
    Array.from({ length: 5 }, () => harness.openReady('ann', START_SECOND + 10)),
  );
  const longer = await harness.openReady('ann', START_SECOND + 12);
  harness.clock.advance(START_SECOND * 1000 + 9_999 - harness.clock.now());
  t.true(sockets.every(({ closedWith }) => closedWith === null));
  harness.clock.advance(10);
  for (const { closedWith } of sockets)
    t.deepEqual(closedWith, { code: 4001, reason: 'token expired' });
  t.is(longer.closedWith, null);
  harness.clock.advance(2_000);
  t.is(longer.closedWith?.code, 4001);
  t.is(harness.clock.timers, 0);
});

test('N9: a fractional token end is rounded up: no stream is closed before it', async (t) => {
  const harness = new LiveHarness();
  const socket = await harness.openReady('ann', START_SECOND + 10.9);
  harness.clock.advance(START_SECOND * 1000 + 10_899 - harness.clock.now());
  t.is(socket.closedWith, null);
  harness.clock.advance(101);
  t.is(socket.closedWith?.code, 4001);

  const renewed = await harness.openReady('ann', START_SECOND + 20.5);
  const identity = { userId: 'ann', roles: [], expiresAt: START_SECOND + 30.5 };
  harness.tokens.set('longer', identity);
  renewed.say({ type: 'authenticate', accessToken: 'longer' });
  harness.clock.advance(START_SECOND * 1000 + 30_499 - harness.clock.now());
  t.is(renewed.closedWith, null);
  harness.clock.advance(501);
  t.is(renewed.closedWith?.code, 4001);
  t.is(harness.clock.timers, 0);
});

test('N9: a fresh token of the same user keeps the stream open', async (t) => {
  const harness = new LiveHarness();
  const socket = await harness.openReady('ann', START_SECOND + 10);
  const token = (userId: string, inSeconds: number) => {
    const name = `${userId} ${inSeconds}`;
    harness.tokens.set(name, { userId, roles: [], expiresAt: START_SECOND + inSeconds });
    return { type: 'authenticate', accessToken: name };
  };
  socket.say({ type: 'authenticate', accessToken: 'forged' });
  socket.say(token('ben', 60));
  socket.say(token('ann', 60));
  socket.say(token('ann', 5));
  t.deepEqual(
    socket.take().map((frame) => frame.code ?? frame['expiresAt']),
    ['unauthenticated', 'forbidden', '2027-01-01T00:01:00.000Z', '2027-01-01T00:01:00.000Z'],
  );
  harness.clock.advance(50_000);
  t.is(socket.closedWith, null);
  harness.clock.advance(11_000);
  t.is(socket.closedWith?.code, 4001);
});

test('H5, A3a: forged tokens of all streams and requests of an address count together', async (t) => {
  const harness = new LiveHarness();
  const [first, second, third, other] = [
    harness.open({ userId: 'ann' }),
    harness.open({ userId: 'ben' }),
    harness.open({ userId: 'cid' }),
    harness.open({ userId: 'ann', addressKey: '192.0.2.2' }),
  ];
  await settled();
  const guess = (socket: FakeSocket) => {
    socket.take();
    socket.say({ type: 'authenticate', accessToken: 'forged' });
    return socket.take().map(({ type, code, request }) => [type, code, request]);
  };
  const BAD = [['error', 'unauthenticated', 'authenticate']];
  // Half of the quota is available at once: 15 tokens, of which a request takes one.
  const asRequest = () =>
    harness.limits.check('bad-tokens', '192.0.2.1', null, harness.clock.monotonic());
  t.is(asRequest(), null);
  for (let i = 0; i < 7; i++) t.deepEqual([guess(first), guess(second)], [BAD, BAD]);
  t.is(first.closedWith, null);
  t.deepEqual(guess(first), [['error', 'rate-limited', 'authenticate']]);
  t.deepEqual(first.closedWith, { code: 4003, reason: 'too many messages' });
  t.is(asRequest()?.code, 'rate-limited');
  t.deepEqual(guess(other), BAD);

  // Neither an expired token nor a good one counts.
  harness.tokens.set('ended', { userId: 'cid', roles: [], expiresAt: START_SECOND });
  third.take();
  third.say({ type: 'authenticate', accessToken: 'ended' });
  t.like(third.take()[0], { type: 'error', code: 'unauthenticated' });
  const identity = { userId: 'cid', roles: [], expiresAt: START_SECOND + 60 };
  harness.tokens.set('good', identity);
  third.take();
  third.say({ type: 'authenticate', accessToken: 'good' });
  t.deepEqual(third.types(), ['authenticated']);
  t.is(second.closedWith, null);
});

test('connections past the bound are closed with a code to retry', async (t) => {
  const harness = new LiveHarness({ connectionsMax: 1 });
  const first = await harness.openReady('ann');
  const second = harness.open({ userId: 'ben' });
  t.is(second.closedWith?.code, 1013);
  second.say({ type: 'ping' });
  first.connection!.closed();
  const third = harness.open({ userId: 'ben' });
  t.is(third.closedWith, null);
});

test('a closed connection leaves nothing behind, whatever it was waiting for', async (t) => {
  const harness = new LiveHarness();
  harness.follows.set('ann', ['creator_1']);
  harness.drops.set('drop_1', dropView(1));
  const settledOne = await harness.openReady('ann');
  settledOne.say({ type: 'subscribe', topic: 'drop:drop_1' });
  settledOne.say({ type: 'subscribe', topic: 'creator:creator_2' });
  await settled();
  harness.change(dropView(2));
  harness.change(dropView(3));
  harness.gated = true;
  const waiting = harness.open({ userId: 'ben' });
  const visitor = harness.open({ dropId: 'drop_2' });
  waiting.say({ type: 'resume', after: '0' });
  waiting.say({ type: 'subscribe', topic: 'drop:drop_2' });
  await settled();
  const holding = harness.open({ userId: 'ann' });
  harness.notify('ann', '1');
  for (const socket of [settledOne, waiting, visitor, holding]) {
    socket.connection!.closed();
    socket.closedWith = { code: 1006, reason: '' };
  }
  while (harness.waitingReads > 0) await harness.releaseRead();
  harness.clock.advance(2_000);
  t.deepEqual(harness.hub.report().topics, { drops: 0, creators: 0, users: 0 });
  t.is(harness.hub.counters.connections, 0);
  t.is(harness.clock.timers, 0);
  const topics = [
    'drop.drop_1',
    'drop.drop_2',
    'creator.creator_1',
    'creator.creator_2',
    'user.ann',
    'user.ben',
  ];
  t.deepEqual(
    topics.filter((topic) => harness.bus.hasListeners(topic)),
    [],
  );
});

test('stop closes every present and later connection with a code to retry', async (t) => {
  const harness = new LiveHarness();
  harness.drops.set('drop_1', dropView(1));
  const sockets = [await harness.openReady('ann'), harness.open({ dropId: 'drop_1' })];
  await settled();
  harness.change(dropView(2));
  harness.change(dropView(3));
  harness.hub.stop();
  sockets.push(harness.open({ userId: 'ben' }));
  for (const { closedWith } of sockets)
    t.deepEqual(closedWith, { code: 1012, reason: 'service restart' });
  t.is(harness.clock.timers, 0);
  t.deepEqual(harness.hub.report().topics, { drops: 0, creators: 0, users: 0 });
});

test('N8: close codes say whether to retry by their range, and fit into a close frame', (t) => {
  for (const { code, reason, retry } of Object.values(CLOSE_CODES)) {
    t.is(retry, code === 1012 || code === 1013 || (code >= 4000 && code < 4100), reason);
    t.true(Buffer.byteLength(reason) <= 123);
  }
});
