// A live stream whose `resume` is late: what the server sends meanwhile overtakes nothing.

import test from 'ava';
import type { NotificationFrame } from '../../sdk/api.ts';
import { ReplayOrder } from '../../sdk/replay-order.ts';
import { eventually } from '../end-to-end/sale-client.ts';
import { SaleServer } from '../end-to-end/sale-server.ts';
import { FaultProxy } from './fault-proxy.ts';
import { bigDrop, feedOf, listen, order, until } from './live-streams.ts';

/** What the server waits for `resume` after `ready` (docs/LIVE.md). */
const GRACE_MS = 1_500;
/** Of a short message of a client: two bytes of header, four of mask. */
const FRAME_BYTES = 6;
const PING_BYTES = FRAME_BYTES + '{"type":"ping"}'.length;
const RESUME_BYTES = FRAME_BYTES + '{"type":"resume","after":"0"}'.length;

let server: SaleServer;

test.before(async () => {
  server = await SaleServer.start('embedded');
});
test.after.always(() => server?.stop());

for (const [where, at] of [
  ['its first byte', 0],
  ['the length of a ping', PING_BYTES],
  ['its last byte but one', RESUME_BYTES - 1],
  ['the ping behind it', RESUME_BYTES],
] as const) {
  test(`G4: nothing is lost or overtaken where \`resume\` is held from ${where} on`, async (t) => {
    const dropId = await bigDrop(server);
    const userId = server.fresh('buyer');
    for (let i = 0; i < 3; i++) await order(server, userId, dropId);
    await feedOf(server, userId, 3);
    const proxy = await FaultProxy.start(t, server.urls[0]!);
    let letGo = (): void => undefined;
    const held = new Promise<void>((resolve) => (letGo = resolve));
    proxy.onUpgrade = (bytes) => proxy.arm({ holdRequest: { at: bytes + at, until: held } });
    const { notifications } = await listen(t, server, { userId, url: proxy.url, after: '0' });
    await new Promise((resolve) => setTimeout(resolve, GRACE_MS + 200));
    const before = proxy.replyBytes;
    await order(server, userId, dropId);
    await feedOf(server, userId, 4);
    await eventually(
      async () => proxy.replyBytes,
      (bytes) => bytes > before,
    );
    t.true(proxy.replyBytes > before, 'a live notification came');
    letGo();
    await until(t, 'all', () => notifications.length >= 4);
    await order(server, userId, dropId);
    await until(t, 'the next one', () => notifications.length >= 5);
    t.deepEqual(notifications, await feedOf(server, userId, 5));
  });
}

test('G4: live ones before a replay are told from it, wherever `pong` comes', (t) => {
  const frame = (id: number) => ({ id: String(id) }) as NotificationFrame;
  const replay = [8, 9, 10, 11];
  const early = [[], [8], [11], [9, 11], [10, 9], [11, 8], [9, 8, 11], [8, 9, 10, 11], [11, 11]];
  for (const live of early) {
    const frames = [...live, ...replay];
    for (let pongAt = live.length; pongAt <= frames.length + 1; pongAt++) {
      const seen: number[] = [];
      const replayOrder = new ReplayOrder(
        ({ id }) => seen.push(Number(id)),
        () => t.fail(),
      );
      for (const [i, id] of frames.entries()) {
        if (i === pongAt) replayOrder.resumeRead();
        replayOrder.received(frame(id));
      }
      if (pongAt === frames.length) replayOrder.resumeRead();
      replayOrder.resumed();
      if (pongAt > frames.length) replayOrder.resumeRead();
      replayOrder.received(frame(12));
      t.deepEqual(seen, [...replay, 12], `${live.join()}, pong at ${pongAt}`);
    }
  }
});

test('G4: what is held is bounded', (t) => {
  let overflows = 0;
  const replayOrder = new ReplayOrder(
    () => t.fail(),
    () => (overflows += 1),
  );
  for (let id = 1; id <= 4_000; id++) replayOrder.received({ id: String(id) } as NotificationFrame);
  t.is(overflows, 0);
  replayOrder.received({ id: '4001' } as NotificationFrame);
  t.is(overflows, 1);
});
