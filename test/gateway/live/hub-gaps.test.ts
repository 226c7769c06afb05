// The live stream after the bus reports a gap: messages may have been lost.

import test from 'ava';
import * as fc from 'fast-check';
import { refusal } from '../../../domain/refusal.ts';
import { dropView, type FakeSocket, LiveHarness, milestone, settled } from './live-harness.ts';

const idsOf = (socket: FakeSocket): string[] =>
  socket
    .take()
    .filter(({ type }) => type === 'notification')
    .map(({ id }) => id!);

async function watching(harness: LiveHarness): Promise<FakeSocket> {
  harness.drops.set('drop_1', dropView(1));
  const socket = harness.open({ dropId: 'drop_1' });
  await settled();
  socket.take();
  harness.clock.advance(1_000);
  return socket;
}

test('N3: after a gap every subscribed drop shows its state, with a higher version', async (t) => {
  const harness = new LiveHarness();
  const socket = await watching(harness);
  harness.bus.losing = true;
  harness.change(dropView(9), milestone('restocked', dropView(8)));
  t.deepEqual(socket.take(), []);
  harness.bus.reportGap();
  await settled();
  harness.clock.advance(100);
  t.like(socket.frames[0], { type: 'drop.stock', version: 9 });
  t.is(socket.take().length, 1);

  harness.bus.reportGap();
  await settled();
  harness.clock.advance(1_000);
  t.deepEqual(socket.take(), [], 'what has not changed is not said again');
});

test('N6: a gap reported while a drop is read leads to a second read', async (t) => {
  const harness = new LiveHarness();
  harness.drops.set('drop_1', dropView(1));
  harness.gated = true;
  const socket = harness.open({ dropId: 'drop_1' });
  await settled();
  harness.bus.losing = true;
  harness.change(dropView(2));
  harness.bus.reportGap();
  await settled();
  while (harness.waitingReads > 0) await harness.releaseRead();
  harness.clock.advance(1_000);
  t.is(socket.frames.at(-1)?.version, 2);
});

test('N3: a drop that cannot be read after a gap is read again, up to a bound', async (t) => {
  const harness = new LiveHarness({ refreshAttemptsMax: 3, refreshRetryMs: 1_000 });
  const socket = await watching(harness);
  harness.bus.losing = true;
  harness.change(dropView(5));
  harness.answers.push(refusal('unavailable'), new Error('a broken call'));
  harness.bus.reportGap();
  for (let i = 0; i < 2; i++) {
    await settled();
    t.is(socket.take().length, 0);
    harness.clock.advance(1_000);
  }
  await settled();
  harness.clock.advance(100);
  t.deepEqual(
    socket.take().map(({ version }) => version),
    [5],
  );

  const unavailable = Array.from({ length: 3 }, () => refusal('unavailable'));
  harness.answers.push(...unavailable);
  harness.reads.length = 0;
  harness.bus.reportGap();
  for (let i = 0; i < 6; i++) {
    await settled();
    harness.clock.advance(1_000);
  }
  t.is(harness.reads.length, 3);
  t.true(harness.logged.includes('a drop may be shown stale'));
});

test('N2: notifications lost in a gap come from the feed, in order, each once', async (t) => {
  const harness = new LiveHarness();
  const [one, two] = [await harness.openReady('ann'), await harness.openReady('ann')];
  harness.notify('ann', '4');
  t.deepEqual([idsOf(one), idsOf(two)], [['4'], ['4']]);
  harness.bus.losing = true;
  harness.notify('ann', '5');
  harness.notify('ann', '6');
  harness.bus.losing = false;
  harness.notify('ann', '7');
  harness.gated = true;
  harness.bus.reportGap();
  await settled();
  await harness.releaseRead();
  t.is(harness.reads.at(-1), 'notifications.list');
  // Comes while the feed is being read.
  harness.notify('ann', '8');
  while (harness.waitingReads > 0) await harness.releaseRead();
  harness.notify('ann', '9');
  t.deepEqual(idsOf(one), ['7', '5', '6', '8', '9']);
  t.deepEqual(idsOf(two), ['7', '5', '6', '8', '9']);
});

test('N2: what a user had before the stream opened is not sent after a gap', async (t) => {
  const harness = new LiveHarness();
  harness.notify('ann', '1');
  harness.clock.advance(60_000);
  const socket = await harness.openReady('ann');
  harness.bus.reportGap();
  await settled();
  t.deepEqual(idsOf(socket), []);
});

test('N2: after a gap only notifications newer than all evicted ids are sent again', async (t) => {
  const harness = new LiveHarness({ recentIdsMax: 2 });
  const socket = await harness.openReady('ann');
  for (const id of ['3', '4', '5', '6']) harness.notify('ann', id);
  harness.bus.losing = true;
  harness.notify('ann', '7');
  harness.bus.reportGap();
  await settled();
  t.deepEqual(idsOf(socket), ['3', '4', '5', '6', '7']);
});

test('N7: a client that missed more than a page is asked to come back and resume', async (t) => {
  const harness = new LiveHarness({ replayPageSize: 2 });
  const socket = await harness.openReady('ann');
  harness.bus.losing = true;
  for (const id of ['1', '2', '3']) harness.notify('ann', id);
  harness.bus.reportGap();
  await settled();
  t.is(socket.closedWith?.code, 1013);
  t.deepEqual(idsOf(socket), []);
});

test('N7: a client that missed nothing stays, however full the page of what it had', async (t) => {
  const harness = new LiveHarness({ replayPageSize: 2 });
  const socket = await harness.openReady('ann');
  for (const id of ['1', '2', '3']) harness.notify('ann', id);
  harness.bus.reportGap();
  await settled();
  t.is(socket.closedWith, null);
  t.deepEqual(idsOf(socket), ['1', '2', '3']);
});

test('N7: clients whose feed cannot be read after a gap are asked to come back', async (t) => {
  const harness = new LiveHarness({ refreshAttemptsMax: 2 });
  const socket = await harness.openReady('ann');
  harness.answers.push(refusal('unavailable'), refusal('unavailable'));
  harness.bus.reportGap();
  await settled();
  t.is(socket.closedWith, null);
  harness.clock.advance(1_000);
  await settled();
  t.is(socket.closedWith?.code, 1013);
});

test('N5: follows and unfollows lost in a gap take effect after it', async (t) => {
  const harness = new LiveHarness();
  harness.follow('ann', 'old', true);
  harness.follow('ann', 'kept', true);
  const socket = await harness.openReady('ann');
  harness.bus.losing = true;
  harness.follow('ann', 'old', false);
  harness.follow('ann', 'new', true);
  harness.bus.reportGap();
  await settled();
  t.deepEqual([...socket.topics].toSorted(), ['creator:kept', 'creator:new']);
  harness.bus.publish('creator.new', {
    type: 'milestone',
    milestone: milestone('started', dropView(3)),
  });
  t.deepEqual(socket.types(), ['drop.started']);
});

test('N5: a gap during the first read of the follows leads to a second read', async (t) => {
  const harness = new LiveHarness();
  harness.gated = true;
  const socket = harness.open({ userId: 'ann' });
  await settled();
  harness.bus.losing = true;
  harness.follow('ann', 'new', true);
  harness.bus.reportGap();
  while (harness.waitingReads > 0) await harness.releaseRead();
  t.true(socket.topics.has('creator:new'));
});

/** Until everything has come: a stream that missed too much ends, and its client comes back. */
const ROUNDS = 6;

test('N7: gaps of the bus in the middle of resumes: each comes once, in order', async (t) => {
  const events = fc.array(
    fc.constantFrom('notify', 'release', 'release', 'lose', 'gap', 'repeat', 'advance', 'resume'),
    { minLength: 10, maxLength: 60 },
  );
  let resumes = 0;
  await fc.assert(
    fc.asyncProperty(fc.nat({ max: 9 }), events, async (before, run) => {
      const bounds = { replayPageSize: 3, bufferedNotificationsMax: 2, resumeGraceMs: 1_000 };
      const harness = new LiveHarness(bounds, true);
      let last = 0;
      for (; last < before; last++) harness.notify('ann', `${last + 1}`);
      harness.gated = true;
      const received: string[] = [];
      /** As a client does that lost its stream: it comes back with the last id it has. */
      const resume = (): FakeSocket => {
        const socket = harness.open({ userId: 'ann' });
        socket.say({ type: 'resume', after: received.at(-1) ?? '0' });
        resumes++;
        return socket;
      };
      let socket = resume();
      for (const event of [...run, 'gap']) {
        if (event === 'notify') harness.notify('ann', `${++last}`);
        else if (event === 'release') await harness.releaseRead();
        else if (event === 'lose') harness.bus.losing = true;
        else if (event === 'gap') harness.bus.reportGap();
        else if (event === 'advance') harness.clock.advance(600);
        else if (event === 'repeat' && last > 0) harness.repeat('ann', `${(last >> 1) + 1}`);
        received.push(...idsOf(socket));
        if (event === 'resume') socket.end(1000, 'the client leaves');
        if (socket.closedWith !== null) socket = resume();
      }
      for (let round = 0; round < ROUNDS; round++) {
        await settled();
        while (harness.waitingReads > 0) await harness.releaseRead();
        harness.clock.advance(1_000);
        received.push(...idsOf(socket));
        if (socket.closedWith !== null) socket = resume();
      }
      const all = Array.from({ length: last }, (_, i) => `${i + 1}`);
      t.deepEqual(received, all);
    }),
    { numRuns: 200 },
  );
  t.true(resumes > 400);
});

test('a stopped hub does not listen for gaps any more', async (t) => {
  const harness = new LiveHarness();
  await watching(harness);
  const ann = await harness.openReady('ann');
  harness.hub.stop();
  harness.reads.length = 0;
  harness.bus.reportGap();
  await settled();
  t.deepEqual(harness.reads, []);
  t.is(ann.closedWith?.code, 1012);
});

/** A client that has resumed behind `after` on a stream of several nodes. */
async function resumed(harness: LiveHarness, after: string): Promise<FakeSocket> {
  const socket = await harness.openReady('ann');
  socket.say({ type: 'resume', after });
  await settled();
  socket.take();
  return socket;
}

test('N7: a notification that overtook another waits; the feed brings both in order', async (t) => {
  const harness = new LiveHarness({}, true);
  for (const id of ['1', '2']) harness.notify('ann', id);
  const socket = await resumed(harness, '2');
  harness.notify('ann', '3', false);
  harness.notify('ann', '4');
  await settled();
  t.deepEqual(idsOf(socket), ['3', '4']);
  // The overtaken one arrives at last.
  harness.repeat('ann', '3');
  harness.notify('ann', '5');
  t.deepEqual(idsOf(socket), ['5']);
});

test('N7: an unpublished notification, older than the stream, precedes the next one', async (t) => {
  const harness = new LiveHarness({}, true);
  harness.notify('ann', '1');
  harness.clock.advance(60_000);
  const socket = await resumed(harness, '1');
  // Stored by an owner that died before it published it. Its time is the order's.
  harness.notify('ann', '2', false);
  harness.notify('ann', '3');
  await settled();
  t.deepEqual(idsOf(socket), ['2', '3']);
});

test('N7: a second device that resumed further on hides no gap from the first', async (t) => {
  const harness = new LiveHarness({}, true);
  const first = await resumed(harness, '0');
  harness.notify('ann', '1', false);
  const second = await resumed(harness, '0');
  harness.notify('ann', '2');
  await settled();
  t.deepEqual(idsOf(first), ['1', '2']);
  t.deepEqual(idsOf(second), ['2']);
});

test('N4: an unpublished notification is sent once a feed message reports it', async (t) => {
  const harness = new LiveHarness({}, true);
  const socket = await resumed(harness, '0');
  harness.notify('ann', '1', false);
  harness.bus.publish('user.ann', { type: 'feed' });
  await settled();
  t.deepEqual(idsOf(socket), ['1']);
  harness.bus.publish('user.ann', { type: 'feed' });
  await settled();
  t.deepEqual(idsOf(socket), []);
});

test('N7: what a quicker gateway sent a client, a slower one does not send again', async (t) => {
  const harness = new LiveHarness({}, true);
  const earlier = await resumed(harness, '0');
  for (const id of ['1', '2']) harness.notify('ann', id, false);
  const socket = await resumed(harness, '2');
  for (const id of ['1', '2']) harness.repeat('ann', id);
  t.deepEqual(idsOf(socket), []);
  t.deepEqual(idsOf(earlier), ['1', '2']);
});

test('N7: a resume beyond the end of the feed hides no notification from any stream', async (t) => {
  const harness = new LiveHarness({}, true);
  harness.notify('ann', '1');
  harness.notify('ann', '2');
  harness.clock.advance(60_000);
  const [wrong, right] = [await harness.openReady('ann'), await harness.openReady('ann')];
  wrong.say({ type: 'resume', after: '1000000' });
  await settled();
  t.like(wrong.frames.at(-1), { type: 'resumed', lastId: '2', count: 0 });
  right.say({ type: 'resume', after: '2' });
  await settled();
  t.like(right.frames.at(-1), { type: 'resumed', lastId: '2', count: 0 });

  // Lost on the bus, and found when the next one leaves a gap.
  harness.notify('ann', '3', false);
  harness.notify('ann', '4');
  await settled();
  t.deepEqual(
    [idsOf(wrong), idsOf(right)],
    [
      ['3', '4'],
      ['3', '4'],
    ],
  );

  // Lost as well, and found after a gap of the bus.
  harness.notify('ann', '5', false);
  harness.bus.reportGap();
  await settled();
  t.deepEqual([idsOf(wrong), idsOf(right)], [['5'], ['5']]);
});

test('N7: a resume beyond the end of an empty feed goes on from its beginning', async (t) => {
  const harness = new LiveHarness({}, true);
  const socket = await harness.openReady('ann');
  socket.say({ type: 'resume', after: '7' });
  await settled();
  t.like(socket.frames.at(-1), { type: 'resumed', lastId: '0', count: 0 });
  harness.notify('ann', '1', false);
  harness.notify('ann', '2');
  await settled();
  t.deepEqual(idsOf(socket), ['1', '2']);
});
