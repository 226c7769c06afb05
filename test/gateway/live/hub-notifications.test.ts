// Lossless notifications: live, and replayed after a reconnect.

import test from 'ava';
import * as fc from 'fast-check';
import { refusal, success } from '../../../domain/refusal.ts';
import type { FakeSocket } from './live-harness.ts';
import { storedNotification, LiveHarness, settled } from './live-harness.ts';

const idsOf = (socket: FakeSocket): string[] =>
  socket.frames.filter(({ type }) => type === 'notification').map(({ id }) => id!);

test('N2: a notification reaches each connection of its user once, and no other', async (t) => {
  const harness = new LiveHarness();
  const one = await harness.openReady('ann');
  const two = await harness.openReady('ann');
  const other = await harness.openReady('ben');
  harness.notify('ann', '7');
  const expected = {
    type: 'notification',
    at: harness.clock.now(),
    id: '7',
    data: {
      type: 'order.confirmed',
      orderId: 'drop_1-7',
      dropId: 'drop_1',
      quantity: 1,
      createdAt: '2027-01-01T00:00:00.000Z',
    },
  };
  t.deepEqual(one.take(), [expected]);
  t.deepEqual(two.take(), [expected]);
  t.deepEqual(other.take(), []);
});

test('P3a: a declined attempt reaches each connection of its buyer, and closes no slow one', async (t) => {
  const harness = new LiveHarness();
  const buyer = await harness.openReady('ann');
  const slow = await harness.openReady('ann');
  const other = await harness.openReady('ben');
  slow.full = true;
  const payment = { orderId: 'drop_1-0', dropId: 'drop_1', reference: 'pay_1' };
  harness.bus.publish('user.ann', { type: 'payment-failed', payment });
  const { orderId, dropId, reference } = payment;
  const at = harness.clock.now();
  const frame = { type: 'order.payment_failed', at, orderId, dropId, data: { reference } };
  t.deepEqual(buyer.take(), [frame as never]);
  t.deepEqual([...slow.take(), ...other.take()], []);
  t.is(slow.closedWith, null);
});

test('R5: a buyer’s connections hear that a payment is ready, and until when', async (t) => {
  const harness = new LiveHarness();
  const buyer = await harness.openReady('ann');
  const payment = { orderId: 'drop_1-0', dropId: 'drop_1', reference: 'pi_1' };
  const holdExpiresAt = Date.parse('2026-11-29T10:15:00.000Z');
  harness.bus.publish('user.ann', {
    type: 'payment-ready',
    payment: { ...payment, holdExpiresAt },
  });
  const { orderId, dropId, reference } = payment;
  const at = harness.clock.now();
  const data = { reference, holdExpiresAt: '2026-11-29T10:15:00.000Z' };
  t.deepEqual(buyer.take(), [{ type: 'order.payment_ready', at, orderId, dropId, data } as never]);
});

test('M1: an owner’s connections hear what became of a medium, and a slow one may miss it', async (t) => {
  const harness = new LiveHarness();
  const owner = await harness.openReady('ann');
  const slow = await harness.openReady('ann');
  const other = await harness.openReady('ben');
  slow.full = true;
  const reason = 'It is no picture.';
  const [ready, refused] = [
    { mediaId: 'm_1', status: 'ready' },
    { mediaId: 'm_2', status: 'refused', reason },
  ] as const;
  for (const media of [ready, refused])
    harness.bus.publish('user.ann', { type: 'media-settled', media });
  const at = harness.clock.now();
  t.deepEqual(owner.take(), [
    { type: 'media.ready', at, mediaId: 'm_1', data: { status: 'ready' } } as never,
    { type: 'media.refused', at, mediaId: 'm_2', data: { status: 'refused', reason } } as never,
  ]);
  t.deepEqual([...slow.take(), ...other.take()], []);
  t.is(slow.closedWith, null);
});

test('N11: a notification delivered twice is sent once; a late one is not a repeat', async (t) => {
  const harness = new LiveHarness({ recentIdsMax: 3 });
  const socket = await harness.openReady('ann');
  for (const id of ['5', '5', '7', '6', '7']) {
    harness.bus.publish('user.ann', {
      type: 'notification',
      notification: storedNotification('ann', id),
    });
  }
  t.deepEqual(idsOf(socket), ['5', '7', '6']);
});

test('N7: resume sends all after the id in order, page by page, then live ones', async (t) => {
  const harness = new LiveHarness({ replayPageSize: 2 });
  for (const id of ['8', '9', '10', '11', '100']) harness.notify('ann', id);
  const socket = await harness.openReady('ann');
  socket.say({ type: 'resume', after: '8' });
  await settled();
  harness.notify('ann', '101');
  t.deepEqual(
    socket.take().map(({ type, id, lastId, count }) => [type, id ?? lastId, count]),
    [
      ['notification', '9', undefined],
      ['notification', '10', undefined],
      ['notification', '11', undefined],
      ['notification', '100', undefined],
      ['resumed', '100', 4],
      ['notification', '101', undefined],
    ],
  );
});

test('N7: a resume with nothing to give says so', async (t) => {
  const harness = new LiveHarness();
  const socket = await harness.openReady('ann');
  socket.say({ type: 'resume', after: '12' });
  await settled();
  t.deepEqual(socket.take(), [
    { type: 'resumed', at: harness.clock.now(), lastId: '12', count: 0 },
  ]);
  harness.notify('ann', '3');
  t.deepEqual(idsOf(socket), ['3']);
});

test('N7: notifications that come live during a resume come once, in their place', async (t) => {
  const harness = new LiveHarness({ replayPageSize: 2 });
  for (const id of ['1', '2', '3']) harness.notify('ann', id);
  const socket = await harness.openReady('ann');
  harness.gated = true;
  socket.say({ type: 'resume', after: '0' });
  await settled();
  harness.notify('ann', '4');
  await harness.releaseRead();
  harness.notify('ann', '5');
  while (harness.waitingReads > 0) await harness.releaseRead();
  t.deepEqual(idsOf(socket), ['1', '2', '3', '4', '5']);
  t.like(socket.frames.at(-1), { type: 'resumed', lastId: '5', count: 5 });
  // The message about the last one comes late.
  harness.bus.publish('user.ann', {
    type: 'notification',
    notification: storedNotification('ann', '5'),
  });
  t.is(idsOf(socket).length, 5);
});

test('N7: a notification between opening and resume does not overtake older ones', async (t) => {
  const harness = new LiveHarness();
  harness.notify('ann', '1');
  const socket = harness.open({ userId: 'ann' });
  await settled();
  harness.notify('ann', '2');
  t.deepEqual(idsOf(socket), []);
  socket.say({ type: 'resume', after: '0' });
  await settled();
  t.deepEqual(idsOf(socket), ['1', '2']);
  harness.clock.advance(1_000);
  t.deepEqual(idsOf(socket), ['1', '2']);
});

test('N7: older notifications go first also when resume takes a second to arrive', async (t) => {
  const harness = new LiveHarness();
  harness.notify('ann', '1');
  const socket = harness.open({ userId: 'ann' });
  await settled();
  harness.clock.advance(900);
  harness.notify('ann', '2');
  harness.clock.advance(100);
  socket.say({ type: 'resume', after: '0' });
  await settled();
  t.deepEqual(idsOf(socket), ['1', '2']);
});

test('N7: without a resume the buffer is sent after the grace', async (t) => {
  const harness = new LiveHarness({ resumeGraceMs: 250 });
  const patient = harness.open({ userId: 'ann' });
  await settled();
  harness.clock.advance(100);
  const late = harness.open({ userId: 'ann' });
  await settled();
  harness.notify('ann', '1');
  harness.clock.advance(149);
  t.deepEqual(idsOf(patient), []);
  harness.clock.advance(1);
  t.deepEqual(idsOf(patient), ['1']);
  t.deepEqual(idsOf(late), []);
  harness.clock.advance(100);
  t.deepEqual(idsOf(late), ['1']);
});

test('N7: however many come between opening and resume, each comes once, in order', async (t) => {
  for (const contiguous of [false, true]) {
    const bounds = { bufferedNotificationsMax: 2, replayPageSize: 3 };
    const harness = new LiveHarness(bounds, contiguous);
    for (const id of ['1', '2']) harness.notify('ann', id);
    const socket = harness.open({ userId: 'ann' });
    await settled();
    for (const id of ['3', '4', '5', '6', '7', '8']) harness.notify('ann', id);
    t.deepEqual(idsOf(socket), []);
    socket.say({ type: 'resume', after: '1' });
    await settled();
    harness.notify('ann', '9');
    harness.clock.advance(2_000);
    t.deepEqual(idsOf(socket), ['2', '3', '4', '5', '6', '7', '8', '9']);
    t.like(
      socket.frames.find(({ type }) => type === 'resumed'),
      { lastId: '8', count: 7 },
    );
  }
});

test('N7: what waits begins with the stream, and ends so long after ready', async (t) => {
  const harness = new LiveHarness({ resumeGraceMs: 250 });
  harness.gated = true;
  const [one, two] = [harness.open({ userId: 'ann' }), harness.open({ userId: 'ann' })];
  await settled();
  harness.clock.advance(10_000);
  for (const id of ['1', '2']) harness.notify('ann', id);
  harness.gated = false;
  while (harness.waitingReads > 0) await harness.releaseRead();
  t.deepEqual([one.types(), two.types()], [['ready'], ['ready']]);
  harness.clock.advance(249);
  one.say({ type: 'resume', after: '1' });
  await settled();
  t.deepEqual([idsOf(one), idsOf(two)], [['2'], []]);
  harness.clock.advance(1);
  t.deepEqual([idsOf(one), idsOf(two)], [['2'], ['1', '2']]);
});

test('N7: without a resume more than the buffer holds come from the feed', async (t) => {
  for (const contiguous of [false, true]) {
    const bounds = { bufferedNotificationsMax: 2, replayPageSize: 2, resumeGraceMs: 250 };
    const harness = new LiveHarness(bounds, contiguous);
    for (const id of ['1', '2']) harness.notify('ann', id);
    const socket = harness.open({ userId: 'ann' });
    await settled();
    for (const id of ['3', '4', '5', '6']) harness.notify('ann', id);
    harness.gated = true;
    harness.clock.advance(250);
    await settled();
    harness.notify('ann', '7');
    while (harness.waitingReads > 0) await harness.releaseRead();
    harness.notify('ann', '8');
    t.deepEqual(
      socket.frames.map(({ type, id }) => id ?? type),
      ['ready', '3', '4', '5', '6', '7', '8'],
    );
  }
});

test('N7: one that is overtaken by those that came from the feed is not lost', async (t) => {
  for (const during of [true, false]) {
    const harness = new LiveHarness({ bufferedNotificationsMax: 1, resumeGraceMs: 250 });
    const socket = harness.open({ userId: 'ann' });
    await settled();
    harness.notify('ann', '4', false);
    for (const id of ['5', '6', '7']) harness.notify('ann', id);
    harness.gated = during;
    harness.clock.advance(250);
    await settled();
    harness.repeat('ann', '4');
    while (harness.waitingReads > 0) await harness.releaseRead();
    for (const id of ['4', '7']) harness.repeat('ann', id);
    t.deepEqual(idsOf(socket).toSorted(), ['4', '5', '6', '7']);
  }
});

test('N7: a resume takes the place of what comes from the feed without one', async (t) => {
  const bounds = { bufferedNotificationsMax: 1, replayPageSize: 2, resumeGraceMs: 250 };
  const harness = new LiveHarness(bounds);
  harness.notify('ann', '1');
  const socket = harness.open({ userId: 'ann' });
  await settled();
  for (const id of ['2', '3', '4']) harness.notify('ann', id);
  harness.gated = true;
  harness.clock.advance(250);
  socket.say({ type: 'resume', after: '0' });
  await settled();
  while (harness.waitingReads > 0) await harness.releaseRead();
  t.deepEqual(
    socket.frames.map(({ type, id }) => id ?? type),
    ['ready', '1', '2', '3', '4', 'resumed'],
  );
});

test('N11: a repeat within the feed, or on the bus after the feed, is sent once', async (t) => {
  const harness = new LiveHarness();
  const socket = await harness.openReady('ann');
  const page = ['4', '5', '5', '3', '6'].map((id) => storedNotification('ann', id));
  harness.answers.push(success(page));
  socket.say({ type: 'resume', after: '4' });
  await settled();
  harness.bus.publish('user.ann', { type: 'notification', notification: page[4]! });
  t.deepEqual(idsOf(socket), ['5', '6']);
});

test('N7: one resume at a time', async (t) => {
  const harness = new LiveHarness();
  const socket = await harness.openReady('ann');
  socket.say({ type: 'resume', after: '0' });
  socket.say({ type: 'resume', after: '0' });
  await settled();
  t.deepEqual(
    socket.take().map((frame) => frame.code ?? frame.type),
    ['invalid-request', 'resumed'],
  );
});

test('N7: a feed that cannot be read closes the stream with a code to retry', async (t) => {
  const harness = new LiveHarness();
  for (const fault of [refusal('unavailable'), new Error('broken')]) {
    const socket = await harness.openReady('ann');
    harness.answers.push(fault);
    socket.say({ type: 'resume', after: '0' });
    await settled();
    t.is(socket.closedWith?.code, 1013);
  }
  t.deepEqual(harness.logged, ['a feed could not be read for the live stream']);
});

test('N8: a replay waits for a client that reads slowly', async (t) => {
  const harness = new LiveHarness({ replayPageSize: 2, replayBufferedBytesMax: 1_000 });
  for (const id of ['1', '2', '3']) harness.notify('ann', id);
  const socket = await harness.openReady('ann');
  socket.buffered = 1_001;
  socket.say({ type: 'resume', after: '0' });
  await settled();
  t.deepEqual(idsOf(socket), ['1', '2']);
  socket.connection!.drained();
  await settled();
  t.deepEqual(idsOf(socket), ['1', '2']);
  socket.buffered = 1_000;
  socket.connection!.drained();
  await settled();
  t.deepEqual(idsOf(socket), ['1', '2', '3']);
});

test('N7: pages, live messages and resumes interleaved: each comes once, in order', async (t) => {
  const event = fc.constantFrom('notify', 'let-go', 'repeat', 'advance');
  await fc.assert(
    fc.asyncProperty(
      fc.nat({ max: 5 }),
      fc.array(event, { maxLength: 20 }),
      fc.array(event, { maxLength: 20 }),
      async (before, whileOpen, whileResuming) => {
        const bounds = { replayPageSize: 2, resumeGraceMs: 1_000, bufferedNotificationsMax: 3 };
        const harness = new LiveHarness(bounds);
        let last = 0;
        for (let i = 0; i < before; i++) harness.notify('ann', `${++last}`);
        harness.gated = true;
        const socket = harness.open({ userId: 'ann' });
        const run = async (events: readonly string[]) => {
          for (const one of events) {
            if (one === 'notify') harness.notify('ann', `${++last}`);
            else if (one === 'let-go') await harness.releaseRead();
            else if (one === 'advance') harness.clock.advance(20);
            else if (last > 0) {
              const notification = storedNotification('ann', `${last}`);
              harness.bus.publish('user.ann', { type: 'notification', notification });
            }
          }
        };
        await run(whileOpen);
        socket.say({ type: 'resume', after: '0' });
        await run(whileResuming);
        await settled();
        while (harness.waitingReads > 0) await harness.releaseRead();
        harness.clock.advance(2_000);
        t.deepEqual(
          idsOf(socket),
          Array.from({ length: last }, (_, i) => `${i + 1}`),
        );
      },
    ),
    { numRuns: 200 },
  );
});
