// Live streams while the wall clock is set an hour on or back. Only the ends of tokens and the
// times of notifications are wall time.

import test from 'ava';
import { dropView, LiveHarness, milestone, settled } from './live-harness.ts';

const HOUR_MS = 3_600_000;
const SHIFTS = [
  ['an hour on', HOUR_MS],
  ['an hour back', -HOUR_MS],
] as const;
/** A token that outlives the hour. */
const FAR_SECOND = Date.UTC(2028, 0, 1) / 1_000;

for (const [shifted, shiftMs] of SHIFTS) {
  test(`H5: messages have their rate, with the wall clock set ${shifted}`, async (t) => {
    const harness = new LiveHarness({ messageBurst: 3, messagesPerSecond: 10 });
    const socket = await harness.openReady('ann', FAR_SECOND);
    const ping = (times: number) => {
      for (let i = 0; i < times; i++) socket.say({ type: 'ping' });
      return socket.take().map((frame) => frame.code ?? frame.type);
    };
    t.deepEqual(ping(4), ['pong', 'pong', 'pong', 'rate-limited']);
    harness.clock.shiftWall(shiftMs);
    t.deepEqual(ping(1), ['rate-limited']);
    harness.clock.advance(100);
    t.deepEqual(ping(2), ['pong', 'rate-limited']);
  });

  test(`N3: stock ticks have their pace, with the wall clock set ${shifted}`, async (t) => {
    const harness = new LiveHarness();
    harness.drops.set('drop_1', dropView(1));
    const socket = harness.open({ dropId: 'drop_1' });
    await settled();
    socket.take();
    harness.change(dropView(2));
    t.deepEqual(socket.types(), ['drop.stock']);
    harness.change(dropView(3));
    harness.clock.shiftWall(shiftMs);
    harness.change(dropView(4));
    harness.clock.advance(99);
    t.deepEqual(socket.types(), []);
    harness.clock.advance(1);
    t.like(socket.take(), [{ type: 'drop.stock', version: 4 }]);
  });

  test(`N7: notifications wait for a resume with the wall clock set ${shifted}`, async (t) => {
    const harness = new LiveHarness({ resumeGraceMs: 250 });
    const socket = harness.open({ userId: 'ann', expiresAt: FAR_SECOND });
    await settled();
    socket.take();
    harness.notify('ann', '1');
    harness.clock.shiftWall(shiftMs);
    harness.notify('ann', '2');
    harness.clock.advance(249);
    t.deepEqual(socket.types(), []);
    harness.clock.advance(1);
    t.deepEqual(socket.types(), ['notification', 'notification']);
  });

  test(`N8: a slow client catches up with the wall clock set ${shifted}`, async (t) => {
    const harness = new LiveHarness();
    harness.follows.set('ann', ['creator_1']);
    const socket = await harness.openReady('ann', FAR_SECOND);
    const started = (dropId: string, version: number) => {
      const startMilestone = milestone('started', dropView(version, { id: dropId }));
      harness.bus.publish('creator.creator_1', { type: 'milestone', milestone: startMilestone });
    };
    started('drop_old', 1);
    harness.clock.advance(harness.hub.bounds.frameLossReportMsMax + 1);
    socket.take();
    socket.full = true;
    started('drop_missed', 1);
    harness.clock.shiftWall(shiftMs);
    started('drop_later', 1);
    socket.full = false;
    socket.connection?.drained();
    t.deepEqual(
      socket.take().map(({ type, dropId }) => [type, dropId]),
      [
        ['drop.snapshot', 'drop_missed'],
        ['drop.snapshot', 'drop_later'],
      ],
    );
  });
}
