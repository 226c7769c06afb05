// The feed of kept notifications, and the live stream's lossless half: resume, expiry, closing.

import { type Frame, LiveClient } from './live-client.ts';
import { journeyOnEachProfile } from './profiles.ts';
import { eventually } from './sale-client.ts';
import { SaleServer } from './sale-server.ts';

interface Item {
  readonly id: string;
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly readAt: string | null;
}

/** With a token of two seconds; where the stream ended before that was done, with a longer one. */
async function longEnough<T>(use: (seconds: number) => Promise<T>): Promise<T> {
  for (const seconds of [2, 5]) {
    try {
      return await use(seconds);
    } catch {
      // The stream ended first, or never opened.
    }
  }
  return await use(15);
}

journeyOnEachProfile((test, profile) => {
  let server: SaleServer;
  test.before(async () => {
    server = await SaleServer.start(profile);
  });
  test.after.always(() => server?.stop());

  async function feed(userId: string, query = ''): Promise<{ items: Item[]; unreadCount: number }> {
    const { json } = await server.get(`/v1/notifications${query}`, { as: userId });
    return json as unknown as { items: Item[]; unreadCount: number };
  }

  /** The feed, once it has so many notifications. */
  function feedOf(userId: string, length: number) {
    return eventually(
      () => feed(userId),
      ({ items }) => items.length >= length,
    );
  }

  test('N1, N2: every change of an order is in its buyer’s feed, newest first', async (t) => {
    const [creator, user] = [server.fresh('creator'), server.fresh('user')];
    const dropId = await server.drop(creator, { payment: 'provider', stock: 20 });
    const shortly = await server.drop(creator, { payment: 'provider', holdSeconds: 1, stock: 20 });
    const place = async (drop: string) =>
      String((await server.order(drop, user, server.fresh('key'))).json['id']);
    const [paid, refused, cancelled] = [
      await place(dropId),
      await place(dropId),
      await place(dropId),
    ];
    await server.webhook('payment.succeeded', paid);
    await server.webhook('payment.cancelled', refused);
    await server.post(`/v1/orders/${cancelled}/cancel`, { as: user });
    await server.post(`/v1/orders/${paid}/refund`, { as: creator });
    const expired = await place(shortly);
    const { items, unreadCount } = await feedOf(user, 5);
    const shown = items.map(({ type, data }) => [type, data['orderId']]);
    t.deepEqual(shown, [
      ['order.expired', expired],
      ['order.refunded', paid],
      ['order.cancelled', cancelled],
      ['order.failed', refused],
      ['order.confirmed', paid],
    ]);
    t.is(unreadCount, 5);
    t.is(items[0]!.data['dropId'], shortly);
    t.true(items.slice(1).every(({ data }) => data['dropId'] === dropId));
    t.true(items.every(({ readAt }) => readAt === null));
    t.is(new Set(items.map(({ id }) => id)).size, 5);
  });

  test('N1: one notification or all are marked read, and pages and filters follow', async (t) => {
    const user = server.fresh('user');
    const dropId = await server.drop(server.fresh('creator'));
    for (let i = 0; i < 5; i++) await server.order(dropId, user, `k${i}`);
    const { items } = await feedOf(user, 5);
    const mark = (id: string, as = user) => server.post(`/v1/notifications/${id}/read`, { as });
    t.is((await mark(items[1]!.id)).status, 204);
    t.is((await mark(items[1]!.id)).status, 204);
    t.is((await mark('123456789')).status, 404);
    const unread = await feed(user, '?unread=true');
    t.is(unread.unreadCount, 4);
    t.false(unread.items.some(({ id }) => id === items[1]!.id));
    const page = (await server.get('/v1/notifications?limit=3', { as: user })).json;
    const rest = await feed(user, `?limit=3&cursor=${String(page['nextCursor'])}`);
    t.deepEqual(
      rest.items.map(({ id }) => id),
      items.slice(3).map(({ id }) => id),
    );
    t.is((await server.post('/v1/notifications/read-all', { as: user })).status, 204);
    t.is((await feed(user)).unreadCount, 0);
    t.true((await feed(user)).items.every(({ readAt }) => readAt !== null));
  });

  test('N2: a live notification comes by itself, and equals the one in the feed', async (t) => {
    const user = server.fresh('user');
    const dropId = await server.drop(server.fresh('creator'));
    const client = await LiveClient.listen(t, server, user);
    const { json } = await server.order(dropId, user, 'k');
    const frame = await client.next(({ type }) => type === 'notification');
    t.like(frame.data!, { type: 'order.confirmed', orderId: json['id'], dropId });
    t.is((await feedOf(user, 1)).items[0]!.id, frame.id!);
  });

  test('N7: a client that reconnects gets all it missed, each once, in order', async (t) => {
    const user = server.fresh('user');
    const dropId = await server.drop(server.fresh('creator'), { stock: 500, limitPerUser: 500 });
    const first = await LiveClient.listen(t, server, user);
    for (let i = 0; i < 5; i++) await server.order(dropId, user, `a${i}`);
    await first.next(() => first.notices().length === 5);
    await first.leave();
    // More than one page of the feed, and more while it is being replayed.
    await Promise.all(Array.from({ length: 150 }, (_, i) => server.order(dropId, user, `b${i}`)));
    await feedOf(user, 20);
    const second = await LiveClient.listen(t, server, user);
    const after = first.notices().at(-1)!.id!;
    second.send({ type: 'resume', after });
    await Promise.all(Array.from({ length: 20 }, (_, i) => server.order(dropId, user, `c${i}`)));
    const resumed = await second.next(({ type }) => type === 'resumed');
    await second.next(() => second.notices().length >= 170);
    t.true(resumed.count! >= 150);
    const receivedIds = [...first.notices(), ...second.notices()].map(({ id }) => Number(id));
    t.is(receivedIds.length, 175);
    t.true(receivedIds.every((id, i) => i === 0 || id > receivedIds[i - 1]!));
    const stored = (await server.listAll('/v1/notifications', user)) as unknown as Item[];
    t.deepEqual(stored.map(({ id }) => Number(id)).toReversed(), receivedIds);
  });

  test('N7: a resume from 0 gives all own notifications and none of others', async (t) => {
    const [user, other] = [server.fresh('user'), server.fresh('user')];
    const dropId = await server.drop(server.fresh('creator'));
    for (const who of [user, other, user]) await server.order(dropId, who, server.fresh('key'));
    await feedOf(user, 2);
    const client = await LiveClient.listen(t, server, user);
    const resumed = await client.ask(
      { type: 'resume', after: '0' },
      ({ type }) => type === 'resumed',
    );
    t.is(resumed.count, 2);
    t.is(client.notices().length, 2);
  });

  test('N9: a stream ends with 4001 when its token does', async (t) => {
    const user = server.fresh('user');
    const client = await longEnough((seconds) =>
      LiveClient.listen(t, server, user, server.token(user, seconds)),
    );
    const { expiresAt } = client.frames[0]!;
    t.is(await client.closed(), 4001);
    t.true(Date.now() >= Date.parse(expiresAt!), 'not before its end');
  });

  test('N9: a fresh token of the same user keeps it open; another’s is refused', async (t) => {
    const user = server.fresh('user');
    const client = await longEnough(async (seconds) => {
      const listening = await LiveClient.listen(t, server, user, server.token(user, seconds));
      const send = (accessToken: string, wanted: string): Promise<Frame> =>
        listening.ask({ type: 'authenticate', accessToken }, ({ type }) => type === wanted);
      t.is((await send(server.token('mallory'), 'error')).code, 'forbidden');
      t.is((await send('rubbish', 'error')).code, 'unauthenticated');
      const { expiresAt } = await send(server.token(user, 3600), 'authenticated');
      t.true(Date.parse(expiresAt!) > Date.now() + 3_000_000);
      return listening;
    });
    const ends = Date.parse(client.frames[0]!.expiresAt!);
    // One that opens later and ends later.
    const short = await longEnough((seconds) => {
      const leftSeconds = Math.max(0, Math.ceil((ends - Date.now()) / 1_000));
      return LiveClient.listen(t, server, user, server.token(user, leftSeconds + seconds));
    });
    await short.closed();
    await client.ask({ type: 'ping' }, ({ type }) => type === 'pong');
  });

  test('N9a: an upgrade takes its token as a subprotocol, of 4 KiB too', async (t) => {
    const user = server.fresh('user');
    const long = server.token(
      user,
      3600,
      Array.from({ length: 16 }, () => 'r'.repeat(170)),
    );
    t.true(long.length > 3_500 && long.length <= 4_096);
    for (const token of [server.token(user), long]) {
      const address = `${server.nextUrl().replace('http', 'ws')}/v1/notifications`;
      const socket = new WebSocket(address, ['livedrops.v1', `bearer.${token}`]);
      const ready = Promise.withResolvers<string>();
      socket.addEventListener('message', ({ data }) => ready.resolve(String(data)));
      socket.addEventListener('error', () => ready.reject(new Error('was refused')));
      t.like(JSON.parse(await ready.promise), { type: 'ready', userId: user });
      t.is(socket.protocol, 'livedrops.v1');
      socket.close();
    }
  });

  test('N9: an upgrade takes its token from the address, too, and none without one', async (t) => {
    const user = server.fresh('user');
    const path = `/v1/notifications?access_token=${server.token(user)}`;
    const client = await LiveClient.open(t, server, path, {});
    await client.next(({ type }) => type === 'ready');
    for (const wrong of ['/v1/notifications', '/v1/notifications?access_token=x']) {
      await t.throwsAsync(LiveClient.open(t, server, wrong, {}), { message: /401/ });
    }
  });
});
