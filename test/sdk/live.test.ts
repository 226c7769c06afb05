// The client's live streams against a real server, through a proxy that cuts, silences and counts
// connections. Cuts at every byte are in `live-faults.long.test.ts`.

import test from 'ava';
import type { DropFrame } from '../../sdk/api.ts';
import { LiveDrops } from '../../sdk/client.ts';
import { DropStream, type LiveEnd, LiveStream } from '../../sdk/live.ts';
import { LIVE_TIMING } from '../../sdk/reconnecting-socket.ts';
import { SaleServer } from '../end-to-end/sale-server.ts';
import { FaultProxy } from './fault-proxy.ts';
import { bigDrop, feedOf, listen, order, QUICK, until } from './live-streams.ts';

let server: SaleServer;

test.before(async () => {
  server = await SaleServer.start('embedded');
});
test.after.always(() => server?.stop());

test('G4: notifications from now on, all, or after the last one that was handled', async (t) => {
  const dropId = await bigDrop(server);
  const userId = server.fresh('buyer');
  const first = [await order(server, userId, dropId), await order(server, userId, dropId)];
  const feed = await feedOf(server, userId, 2);
  const now = await listen(t, server, { userId });
  const all = await listen(t, server, { userId, after: '0' });
  const later = await listen(t, server, { userId, after: feed[0]!.split(' ')[0]! });
  await order(server, userId, dropId);
  const whole = await feedOf(server, userId, 3);
  await until(t, 'live', () => [now, all, later].every((one) => one.notifications.length > 0));
  await until(t, 'all', () => all.notifications.length === 3 && later.notifications.length === 2);
  t.deepEqual(all.notifications, whole);
  t.deepEqual(later.notifications, whole.slice(1));
  t.deepEqual(now.notifications, whole.slice(2));
  t.is(now.stream.lastId, whole[2]!.split(' ')[0]!);
  t.is(first.length, 2);
});

test('G4: a half-dead connection is noticed within 10 seconds', async (t) => {
  t.true(LIVE_TIMING.quietMs + LIVE_TIMING.answerMs < 10_000);
  const proxy = await FaultProxy.start(t, server.urls[0]!);
  const timing = { ...QUICK, quietMs: 500, answerMs: 1_500 };
  let upgrades = 0;
  proxy.onUpgrade = () => (upgrades += 1);
  const { stream } = await listen(t, server, { url: proxy.url, timing });
  proxy.isSilent = true;
  await until(t, 'lost', () => stream.state !== 'open');
  proxy.isSilent = false;
  await until(t, 'open again', () => stream.state === 'open');
  t.true(upgrades > 1);
});

test('G4: connections that end together come back spread over time', async (t) => {
  const proxy = await FaultProxy.start(t, server.urls[0]!);
  const timing = { firstWaitMs: 2_000 };
  const streams = await Promise.all(
    Array.from({ length: 20 }, () => listen(t, server, { url: proxy.url, timing })),
  );
  const times: number[] = [];
  proxy.onUpgrade = () => times.push(performance.now());
  proxy.cutAll();
  await until(t, 'all return', () => times.length === streams.length);
  const spread = times.at(-1)! - times[0]!;
  t.true(spread > 500, `all came within ${spread} ms`);
});

test("G4: a drop's versions rise, and the last state comes, over cuts", async (t) => {
  const dropId = await bigDrop(server);
  const proxy = await FaultProxy.start(t, server.urls[0]!);
  const { stream, userId } = await listen(t, server, { url: proxy.url });
  const frames: DropFrame[] = [];
  const late: DropFrame[] = [];
  const end = stream.watchDrop(dropId, (frame) => frames.push(frame));
  for (let i = 0; i < 12; i++) {
    await order(server, userId, dropId);
    if (i % 3 === 0) proxy.cutAll();
  }
  const sold = () => frames.at(-1)?.data.sold;
  await until(t, 'the last state', () => sold() === 12);
  const versions = frames.map(({ version }) => version);
  t.deepEqual(
    versions,
    [...new Set(versions)].toSorted((a, b) => a - b),
  );
  stream.watchDrop(dropId, (frame) => late.push(frame));
  await until(t, 'a later watcher has the state', () => late.length > 0);
  t.is(late[0]!.data.sold, 12);
  t.true(Math.abs(stream.serverNow() - Date.now()) < 1_000);
  end();
  const count = frames.length;
  await order(server, userId, dropId);
  await until(t, 'the later watcher goes on', () => late.at(-1)!.data.sold === 13);
  t.is(frames.length, count);
});

test('G4: many drops are watched on one stream; one that is not there is told', async (t) => {
  const creator = server.fresh('seller');
  const ids = await Promise.all(Array.from({ length: 30 }, () => server.drop(creator)));
  const { stream } = await listen(t, server);
  const seen = new Set<string>();
  const refused: string[] = [];
  for (const id of ids) stream.watchDrop(id, ({ dropId }) => seen.add(dropId));
  const fail = () => t.fail('a frame of a drop that is not there');
  stream.watchDrop('d_nothing', fail, ({ code }) => refused.push(code));
  await until(t, 'all drops', () => seen.size === ids.length && refused.length > 0);
  t.deepEqual(refused, ['not-found']);
});

test("G4: the stream outlives its token, and ends with its user's session", async (t) => {
  const proxy = await FaultProxy.start(t, server.urls[0]!);
  const userId = server.fresh('buyer');
  const given: string[] = [];
  // Renewed after half of it: the other half is for a machine that is busy.
  const lifetimeSeconds = 12;
  const token = (refused?: string): string => {
    const isFirst = given.length === 0;
    if (isFirst || refused === given.at(-1)) given.push(server.token(userId, lifetimeSeconds));
    return given.at(-1)!;
  };
  const firstEndsAt = Date.now() + (lifetimeSeconds + 1) * 1_000;
  let isOpen = false;
  const stream = new LiveStream({
    client: new LiveDrops({ url: proxy.url, token }),
    after: '0',
    onReady: () => (isOpen = true),
  });
  t.teardown(() => stream.close());
  await until(t, 'open', () => isOpen);
  const { connections } = proxy;
  await until(t, 'renewed', () => given.length >= 2 && Date.now() > firstEndsAt);
  t.is(proxy.connections, connections, 'one connection for all tokens');
  stream.close();
  t.is(stream.state, 'ended');

  const client = new LiveDrops({ url: server.urls[0]! });
  const email = `${server.fresh('person')}@example.com`;
  await client.register({ email, password: 'correct horse', name: 'Bo' });
  const ends: LiveEnd[] = [];
  const other = new LiveStream({ client, onEnd: (end) => ends.push(end) });
  t.teardown(() => other.close());
  await until(t, 'open', () => other.state === 'open');
  await client.logOut();
  await until(t, 'ended', () => ends.length > 0);
  t.is(ends[0]!.closeCode, 4401);
});

test('G4: anybody watches a drop; the stream of one that is not there ends', async (t) => {
  const dropId = await bigDrop(server);
  const proxy = await FaultProxy.start(t, server.urls[0]!);
  const client = new LiveDrops({ url: proxy.url });
  const frames: DropFrame[] = [];
  const onFrame = (frame: DropFrame): unknown => frames.push(frame);
  const stream = new DropStream({ client, dropId, onFrame, timing: QUICK });
  t.teardown(() => stream.close());
  await until(t, 'a snapshot', () => frames.length === 1);
  proxy.cutAll();
  await order(server, server.fresh('buyer'), dropId);
  await until(t, 'the order', () => frames.at(-1)!.data.sold === 1);
  const ends: LiveEnd[] = [];
  const onEnd = (end: LiveEnd): unknown => ends.push(end);
  const missing = new DropStream({ client, dropId: 'd_nothing', onFrame, onEnd, timing: QUICK });
  t.teardown(() => missing.close());
  await until(t, 'ended', () => ends.length === 1);
  t.is(missing.state, 'ended');
});
