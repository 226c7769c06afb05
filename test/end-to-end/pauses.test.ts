// A drop that is paused, goes on, and ends later, as buyers, followers and its creator see it.

import { LiveClient } from './live-client.ts';
import { onEachProfile } from './profiles.ts';
import { eventually } from './sale-client.ts';
import { SaleServer } from './sale-server.ts';

const later = (ms: number): string => new Date(Date.now() + ms).toISOString();

onEachProfile((test, profile) => {
  let server: SaleServer;
  test.before(async () => {
    server = await SaleServer.start(profile);
  });
  test.after.always(() => server?.stop());

  const change = (path: string, creator: string, body?: object) =>
    server.post(path, { as: creator, ...(body && { body }) });

  test('D8: orders are refused while a drop is paused, by the gateway too, and go on', async (t) => {
    const creator = server.fresh('creator');
    const dropId = await server.drop(creator, { payment: 'provider', limitPerUser: 2 });
    const bought = await server.order(dropId, 'ann', 'mine');
    const path = `/v1/drops/${dropId}`;
    const paused = await change(`${path}/pause`, creator, { reason: 'Wrong price.' });
    t.is(paused.status, 200);
    t.like(paused.json, { status: 'live', paused: true, pauseReason: 'Wrong price.' });
    t.true(Date.parse(String(paused.json['pausedAt'])) > 0);
    t.false('pausedVersion' in paused.json);
    t.like(await server.readDrop(dropId), { status: 'live', paused: true });
    for (let i = 0; i < 20; i++) {
      const { status, json } = await server.order(dropId, `late${i}`, 'k');
      t.deepEqual([status, json['code']], [409, 'drop-paused']);
      if (i % 5 !== 3) continue;
      const again = await server.order(dropId, 'ann', 'mine');
      t.deepEqual([again.status, again.text], [201, bought.text], 'O3');
      t.is((await server.order(dropId, 'ann', `k${i}`)).json['code'], 'drop-paused');
    }
    const id = String(bought.json['id']);
    t.is((await server.webhook('payment.succeeded', id)).status, 200);
    t.like(await server.readOrder(id, 'ann'), { status: 'confirmed' });
    const version = (await server.readDrop(dropId))['version'];
    t.is((await change(`${path}/pause`, creator)).json['version'], version, 'twice is a success');
    const listed = await eventually(
      async () => (await server.get(`/v1/drops?status=live&creator_id=${creator}`)).json,
      ({ items }) => (items as object[]).length === 1,
    );
    t.like(listed['items'], [{ id: dropId, paused: true, pauseReason: 'Wrong price.' }]);
    const resumed = await change(`${path}/resume`, creator);
    t.is(resumed.status, 200);
    t.false('paused' in resumed.json);
    const sold = await server.inAMoment(
      () => server.order(dropId, 'late1', 'k'),
      ({ status }) => status === 201,
    );
    t.is(sold.status, 201);
  });

  test('D8: followers and listeners hear of a pause, its end, and a later end', async (t) => {
    const creator = server.fresh('creator');
    const user = server.fresh('user');
    // Who has a product can be followed.
    await server.product(creator);
    await server.post(`/v1/creators/${creator}/follow`, { as: user });
    const follower = await LiveClient.listen(t, server, user);
    const dropId = await server.drop(creator);
    const visitor = await LiveClient.visit(t, server, dropId);
    await visitor.next(({ type }) => type === 'drop.snapshot');
    const path = `/v1/drops/${dropId}`;
    await change(`${path}/pause`, creator, { extendHolds: true });
    for (const stream of [visitor, follower]) {
      const frame = await stream.next(({ type }) => type === 'drop.paused');
      t.like(frame, { dropId, data: { paused: true, holdsPaused: true, status: 'live' } });
    }
    const late = await LiveClient.visit(t, server, dropId);
    const snapshot = await late.next(({ type }) => type === 'drop.snapshot');
    t.is(snapshot.data!['paused'], true);
    await change(`${path}/resume`, creator);
    for (const stream of [visitor, follower]) {
      const frame = await stream.next(({ type }) => type === 'drop.resumed');
      t.false('paused' in frame.data!);
    }
    const endsAt = later(7_200_000);
    const extended = await server.call('PATCH', path, { as: creator, body: { endsAt } });
    t.deepEqual([extended.status, extended.json['endsAt']], [200, endsAt]);
    for (const stream of [visitor, follower]) {
      const frame = await stream.next(({ type }) => type === 'drop.extended');
      t.is(frame.data!['endsAt'], endsAt);
    }
  });

  test('D8: extended holds end later by the pause', async (t) => {
    const creator = server.fresh('creator');
    const terms = { payment: 'provider', holdSeconds: 4, stock: 1 };
    const dropId = await server.drop(creator, terms);
    const placed = await server.order(dropId, 'ann', 'k');
    const id = String(placed.json['id']);
    const path = `/v1/drops/${dropId}`;
    t.like((await change(`${path}/pause`, creator, { extendHolds: true })).json, {
      paused: true,
      holdsPaused: true,
    });
    const before = Date.parse(String(placed.json['holdExpiresAt']));
    await eventually(
      async () => Date.now(),
      (now) => now > before + 300,
    );
    t.like(await server.readOrder(id, 'ann'), { status: 'reserved' });
    await change(`${path}/resume`, creator);
    const order = await server.readOrder(id, 'ann');
    t.is(order['status'], 'reserved');
    t.true(Date.parse(String(order['holdExpiresAt'])) >= before + 300);
    const expired = await eventually(
      () => server.readOrder(id, 'ann'),
      ({ status }) => status === 'expired',
    );
    t.is(expired['holdExpiresAt'], order['holdExpiresAt']);
  });

  test('D8: a paused drop opens and ends on time', async (t) => {
    const creator = server.fresh('creator');
    const dropId = await server.drop(creator, {
      startsAt: later(3_600_000),
      endsAt: later(7_200_000),
    });
    await change(`/v1/drops/${dropId}/pause`, creator);
    await server.soon(dropId, creator, 'startsAt');
    const live = await eventually(
      () => server.readDrop(dropId),
      ({ status }) => status === 'live',
    );
    t.is(live['paused'], true);
    t.is((await server.order(dropId, 'ann', 'k')).json['code'], 'drop-paused');
    await server.soon(dropId, creator, 'endsAt');
    const ended = await eventually(
      () => server.readDrop(dropId),
      ({ status }) => status === 'ended',
    );
    t.false('paused' in ended);
    t.is((await server.order(dropId, 'ann', 'k')).json['code'], 'drop-ended');
    t.is((await change(`/v1/drops/${dropId}/resume`, creator)).json['code'], 'drop-ended');
  });

  test('D8: only the creator and operators pause, once for each key and revision', async (t) => {
    const creator = server.fresh('creator');
    const dropId = await server.drop(creator);
    const path = `/v1/drops/${dropId}`;
    t.is((await change(`${path}/pause`, server.fresh('stranger'))).status, 403);
    t.is((await change(`/v1/drops/nothing/pause`, creator)).status, 404);
    for (const body of [{ extendHolds: 'yes' }, { reason: '' }, { reason: 'a\nb' }, { other: 1 }])
      t.is((await change(`${path}/pause`, creator, body)).status, 422);
    const headers = { 'idempotency-key': 'k', 'if-match': '"1"' };
    const first = await server.post(`${path}/pause`, { as: creator, headers });
    t.like(first.json, { paused: true, revision: 2 });
    const again = await server.post(`${path}/pause`, { as: creator, headers });
    t.is(again.headers.get('idempotency-replayed'), 'true');
    const stale = { 'if-match': '"1"' };
    t.is((await server.post(`${path}/resume`, { as: creator, headers: stale })).status, 412);
    const token = server.token('olga', 3_600, ['operator']);
    t.is((await server.post(`${path}/resume`, { token })).status, 200);
  });
});
