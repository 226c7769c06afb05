// The live stream of drops: snapshots, rising versions, stock ticks, followed creators, visitors.
// What a client that does not read gets in the end (N8) needs more bytes than one machine's socket
// buffers hold; test/gateway/live-socket.test.ts does that on real sockets.

import type { ExecutionContext } from 'ava';
import { type Frame, LiveClient } from './live-client.ts';
import { journeyOnEachProfile } from './profiles.ts';
import { eventually } from './sale-client.ts';
import { SaleServer } from './sale-server.ts';

const inMs = (ms: number): string => new Date(Date.now() + ms).toISOString();

function isSnapshot({ type }: Frame): boolean {
  return type === 'drop.snapshot';
}

function assertRising(t: ExecutionContext, frames: readonly Frame[]): void {
  for (const [i, { type, version, data }] of frames.entries()) {
    const before = i === 0 ? 0 : frames[i - 1]!.version!;
    t.true(version! > before, `${type} of version ${version} after ${before}`);
    const { stocked, held, sold, free } = data as Record<string, number>;
    t.is(free, stocked! - held! - sold!);
  }
}

journeyOnEachProfile((test, profile) => {
  let server: SaleServer;
  test.before(async () => {
    server = await SaleServer.start(profile);
  });
  test.after.always(() => server?.stop());

  test('N6, S3: a subscriber gets a snapshot, then rising versions to the latest', async (t) => {
    const dropId = await server.drop(server.fresh('creator'), { stock: 500 });
    const topic = `drop:${dropId}`;
    const client = await LiveClient.listen(t, server, server.fresh('user'));
    const subscribed = await client.ask({ type: 'subscribe', topic }, isSnapshot);
    t.like(subscribed, { dropId, topic, version: 2 });
    t.like(subscribed.data, { status: 'live', stocked: 500, held: 0, sold: 0, free: 500 });
    const types = client.frames.map(({ type }) => type);
    t.true(types.indexOf('subscribed') < types.indexOf('drop.snapshot'));
    await Promise.all(
      Array.from({ length: 200 }, (_, i) => server.order(dropId, `crowd${i}`, 'k')),
    );
    const last = await client.next(({ data }) => data?.['sold'] === 200);
    t.is(last.version, 202);
    assertRising(t, client.ofDrop(topic));
  });

  test('N3: stock ticks are conflated to ten a second and end with the latest', async (t) => {
    const dropId = await server.drop(server.fresh('creator'), { stock: 500 });
    const visitor = await LiveClient.visit(t, server, dropId);
    await visitor.next(isSnapshot);
    const beganAt = Date.now();
    for (let i = 0; i < 100; i++) await server.order(dropId, `crowd${i}`, 'k');
    await visitor.next(({ data }) => data?.['sold'] === 100);
    const tookMs = Date.now() - beganAt;
    const ticks = visitor.frames.filter(({ type }) => type === 'drop.stock').length;
    t.true(ticks >= 1 && ticks <= tookMs / 100 + 2, `${ticks} ticks in ${tookMs} ms`);
  });

  test('N2, N2a: milestones are sent: low stock, sold out, back in stock, restocked, ended early', async (t) => {
    const creator = server.fresh('creator');
    const dropId = await server.drop(creator, { stock: 20, limitPerUser: 100 });
    const visitor = await LiveClient.visit(t, server, dropId);
    await visitor.next(isSnapshot);
    const path = `/v1/drops/${dropId}`;
    const change = (body: object) => server.call('PATCH', path, { as: creator, body });
    await server.order(dropId, 'ann', 'a', 18);
    const low = await visitor.next(({ type }) => type === 'drop.low_stock');
    t.is(low.data!['free'], 2);
    await server.order(dropId, 'ann', 'b', 2);
    const out = await visitor.next(({ type }) => type === 'drop.sold_out');
    t.like(out.data, { free: 0, soldOut: true, status: 'live' });
    await change({ addStock: 4 });
    const back = await visitor.next(({ type }) => type === 'drop.back_in_stock');
    t.like(back.data, { free: 4, soldOut: false });
    await change({ addStock: 3 });
    t.is((await visitor.next(({ type }) => type === 'drop.restocked')).data!['free'], 7);
    await server.soon(dropId, creator, 'endsAt');
    const over = await visitor.next(({ type }) => type === 'drop.ended');
    t.is(over.data!['status'], 'ended');
    assertRising(t, visitor.ofDrop(`drop:${dropId}`));
  });

  test('N5: a follower gets the creator’s drops, also after a follow meanwhile', async (t) => {
    const { id: creator } = await server.register('Cleo');
    const [fan, stranger] = [server.fresh('fan'), server.fresh('fan')];
    const path = `/v1/creators/${creator}/follow`;
    await server.post(path, { as: fan });
    const following = await LiveClient.listen(t, server, fan);
    const other = await LiveClient.listen(t, server, stranger);
    const first = await server.drop(creator);
    const scheduled = await following.next(({ type }) => type === 'drop.scheduled');
    t.like(scheduled, { dropId: first, topic: `creator:${creator}` });
    t.is((await following.next(({ type }) => type === 'drop.started')).dropId, first);

    await server.post(path, { as: stranger });
    await server.call('DELETE', path, { as: fan });
    const second = await server.drop(creator);
    await other.next(({ type, dropId }) => type === 'drop.started' && dropId === second);
    await following.ask({ type: 'ping' }, ({ type }) => type === 'pong');
    t.false(following.frames.some(({ dropId }) => dropId === second));
    t.false(other.frames.some(({ dropId }) => dropId === first));
  });

  test('N2a: a hold of the last unit that runs out is back in stock, for followers too', async (t) => {
    const { id: creator } = await server.register('Stella');
    const fan = server.fresh('fan');
    await server.post(`/v1/creators/${creator}/follow`, { as: fan });
    const following = await LiveClient.listen(t, server, fan);
    const terms = { stock: 1, holdSeconds: 2, payment: 'provider' };
    const dropId = await server.drop(creator, terms);
    const visitor = await LiveClient.visit(t, server, dropId);
    await visitor.next(isSnapshot);
    t.is((await server.order(dropId, 'ann', 'a')).status, 201);
    for (const client of [visitor, following]) {
      const out = await client.next(({ type }) => type === 'drop.sold_out');
      const back = await client.next(({ type }) => type === 'drop.back_in_stock');
      t.like(back, { dropId, version: out.version! + 1 });
      t.like(back.data, { status: 'live', soldOut: false, free: 1 });
    }
  });

  test('N5a: who reconnects across a start learns of it from ready', async (t) => {
    const { id: creator } = await server.register('Nell');
    const fan = server.fresh('fan');
    await server.post(`/v1/creators/${creator}/follow`, { as: fan });
    const times = { startsAt: inMs(600_000), endsAt: inMs(900_000) };
    const dropId = await server.drop(creator, times);
    const readyOnce = async () => {
      const client = await LiveClient.listen(t, server, fan);
      const frame = await client.next(({ type }) => type === 'ready');
      await client.leave();
      return frame;
    };
    /** The `ready` of a new stream, of one that knows the live drops: a slow server may not. */
    const ready = () => eventually(readyOnce, ({ liveDrops }) => liveDrops !== undefined);
    t.deepEqual((await ready()).liveDrops, []);
    const visitor = await LiveClient.visit(t, server, dropId);
    const startsAt = new Date(await server.soon(dropId, creator, 'startsAt')).toISOString();
    await visitor.next(({ data }) => data?.['status'] === 'live');
    const { productId } = await server.readDrop(dropId);
    const named = [{ dropId, creatorId: creator, productId, startsAt }];
    for (const frame of [await ready(), await ready()]) t.deepEqual(frame.liveDrops, named);
    await server.post(`/v1/drops/${dropId}/cancel`, { as: creator });
    await visitor.next(({ type }) => type === 'drop.cancelled');
    for (const frame of [await ready(), await ready()]) t.deepEqual(frame.liveDrops, []);
  });

  test('N5: creators can be subscribed to without following; unsubscribing ends it', async (t) => {
    const creator = server.fresh('creator');
    const topic = `creator:${creator}`;
    const client = await LiveClient.listen(t, server, server.fresh('user'));
    await client.ask({ type: 'subscribe', topic }, ({ type }) => type === 'subscribed');
    const dropId = await server.drop(creator);
    await client.next(({ type }) => type === 'drop.started');
    await client.ask({ type: 'unsubscribe', topic }, ({ type }) => type === 'unsubscribed');
    const frameCount = client.frames.length;
    const next = await server.drop(creator);
    await client.ask({ type: 'subscribe', topic: `drop:${next}` }, isSnapshot);
    t.deepEqual(
      client.frames.slice(frameCount).map(({ type }) => type),
      ['subscribed', 'drop.snapshot'],
    );
    t.not(next, dropId);
  });

  test('N6: after unsubscribing from a drop nothing more of it comes', async (t) => {
    const dropId = await server.drop(server.fresh('creator'));
    const topic = `drop:${dropId}`;
    const [leaving, staying] = [
      await LiveClient.listen(t, server, server.fresh('user')),
      await LiveClient.visit(t, server, dropId),
    ];
    await leaving.ask({ type: 'subscribe', topic }, isSnapshot);
    await leaving.ask({ type: 'unsubscribe', topic }, ({ type }) => type === 'unsubscribed');
    await server.order(dropId, 'ann', 'k');
    await staying.next(({ data }) => data?.['sold'] === 1);
    await leaving.ask({ type: 'ping' }, ({ type }) => type === 'pong');
    t.is(leaving.ofDrop(topic).length, 1);
  });

  test('N6: a visitor watches one drop without an account, and nothing else', async (t) => {
    const dropId = await server.drop(server.fresh('creator'));
    const visitor = await LiveClient.visit(t, server, dropId);
    t.like(await visitor.next(isSnapshot), { dropId });
    const message = { type: 'subscribe', topic: `drop:${dropId}` };
    const refused = await visitor.ask(message, ({ type }) => type === 'error');
    t.is(refused.code, 'forbidden');
    const lost = await LiveClient.visit(t, server, 'd_unknown');
    t.is(await lost.closed(), 4404);
  });

  test('N6: subscribing to what is not there is an error, and the stream goes on', async (t) => {
    const client = await LiveClient.listen(t, server, server.fresh('user'));
    const message = { type: 'subscribe', topic: 'drop:d_unknown' };
    const refused = await client.ask(message, ({ type }) => type === 'error');
    t.like(refused, { code: 'not-found', request: 'subscribe', topic: 'drop:d_unknown' });
    await client.ask({ type: 'ping' }, ({ type }) => type === 'pong');
  });
});
