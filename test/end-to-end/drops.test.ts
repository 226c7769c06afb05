// Products and drops: made, changed, opened and closed by themselves, listed, cancelled.

import { LiveClient } from './live-client.ts';
import { journeyOnEachProfile } from './profiles.ts';
import { dropTerms, eventually } from './sale-client.ts';
import { SaleServer } from './sale-server.ts';

const soon = (ms: number): string => new Date(Date.now() + ms).toISOString();

journeyOnEachProfile((test, profile) => {
  let server: SaleServer;
  test.before(async () => {
    server = await SaleServer.start(profile);
  });
  test.after.always(() => server?.stop());

  test('D1: a creator makes, reads, lists and changes products, only their own', async (t) => {
    const creator = server.fresh('creator');
    const body = { name: 'Lamp', description: 'Shines.', imageUrls: ['https://example.com/a.png'] };
    const made = await server.post(`/v1/creators/${creator}/products`, { as: creator, body });
    t.is(made.status, 201);
    t.like(made.json, { creatorId: creator, ...body });
    const path = `/v1/products/${String(made.json['id'])}`;
    t.is(made.headers.get('location'), path);
    t.deepEqual((await server.get(path)).json, made.json);
    const changed = await server.call('PATCH', path, { as: creator, body: { name: 'Lantern' } });
    t.deepEqual(changed.json, { ...made.json, name: 'Lantern', revision: 2 });
    const list = await server.get(`/v1/products?creator_id=${creator}`);
    t.deepEqual(list.json, { items: [changed.json], nextCursor: null });

    const foreign = { as: 'mallory', body: { name: 'Mine' } };
    t.is((await server.post(`/v1/creators/${creator}/products`, foreign)).status, 403);
    t.is((await server.call('PATCH', path, foreign)).status, 403);
    t.is((await server.post(`${path}/drops`, { as: 'mallory', body: dropTerms() })).status, 403);
    t.is((await server.get('/v1/products/nothing')).status, 404);
  });

  test('C3, C5: every gateway hears of a change, and evicts what operators tell it to', async (t) => {
    const creator = server.fresh('creator');
    const path = `/v1/products/${await server.product(creator)}`;
    // Through every gateway.
    const all = () =>
      Promise.all(
        server.urls.map(async (url) => {
          const { headers, json } = await server.get(path, { url });
          return { name: json['name'], cacheStatus: headers.get('cache-status')! };
        }),
      );
    type Shown = Awaited<ReturnType<typeof all>>;
    const namesOf = (shown: Shown) => shown.map(({ name }) => name);
    t.deepEqual(new Set(namesOf(await all())), new Set(['Lamp']));
    const body = { name: 'Lantern' };
    t.is((await server.call('PATCH', path, { as: creator, body })).status, 200);
    const areNew = (shown: Shown) => namesOf(shown).every((name) => name === 'Lantern');
    t.true(areNew(await server.inAMoment(all, areNew)));
    const token = server.token('olga', 3600, ['operator']);
    const { json } = await server.get('/v1/operator/caches', { token });
    const nodes = json['items'] as { node: string; caches: { kind: string; entries: number }[] }[];
    t.is(nodes.length, server.urls.length);
    for (const { caches } of nodes)
      t.true(caches.find(({ kind }) => kind === 'products')!.entries > 0);
    const evict = (key: string, as?: string) =>
      server.post('/v1/operator/caches/evict', { ...(as ? { as } : { token }), body: { key } });
    t.is((await evict(path, 'ben')).status, 403);
    const evicted = await evict(path);
    t.deepEqual(
      evicted.json['items'],
      nodes.map(({ node }) => ({ node, evicted: 1 })),
    );
    const again = await all();
    for (const { cacheStatus } of again) t.regex(cacheStatus, /fwd=miss/);
    const log = await server.get('/v1/operator/audit?action=evict-caches', { token });
    t.like((log.json['items'] as object[])[0], { action: 'evict-caches', params: { key: path } });
  });

  test('H12: a product changes only from the revision that was read', async (t) => {
    const creator = server.fresh('creator');
    const path = `/v1/products/${await server.product(creator)}`;
    const change = (tag: string, as = creator) =>
      server.call('PATCH', path, { as, body: { name: 'New' }, headers: { 'if-match': tag } });
    const before = (await server.get(path)).json;
    for (const tag of ['"2"', '"2", "3"', 'W/"1"', '"one"']) {
      const refused = await change(tag);
      t.deepEqual([refused.status, refused.json['code']], [412, 'precondition-failed'], tag);
    }
    t.deepEqual((await server.get(path)).json, before);
    t.is((await change('"2"', 'mallory')).status, 403);
    t.like((await change('"2", "1"')).json, { name: 'New', revision: 2 });
    t.is((await change('"1"')).status, 412);
    t.like((await change('*')).json, { revision: 3 });
  });

  test('H12: a drop changes only from the revision that was read', async (t) => {
    const creator = server.fresh('creator');
    const dropId = await server.drop(creator);
    const path = `/v1/drops/${dropId}`;
    const change = (tag: string) =>
      server.call('PATCH', path, {
        as: creator,
        body: { addStock: 1 },
        headers: { 'if-match': tag },
      });
    const cancel = (tag: string) =>
      server.post(`${path}/cancel`, { as: creator, headers: { 'if-match': tag } });
    t.is((await server.order(dropId, 'ann', 'key')).status, 201);
    const before = await server.readDrop(dropId);
    t.is(before['revision'], 1, 'orders do not raise it');
    for (const tag of ['"0"', 'W/"1"', '"x"']) {
      t.is((await change(tag)).status, 412, tag);
      t.is((await cancel(tag)).json['code'], 'precondition-failed', tag);
    }
    t.is((await change('1')).status, 400);
    t.deepEqual(await server.readDrop(dropId), before);
    const racing = await Promise.all(Array.from({ length: 5 }, () => change('"1"')));
    const statuses = racing.map(({ status }) => status);
    t.is(statuses.filter((status) => status === 200).length, 1);
    t.is(statuses.filter((status) => status === 412).length, 4);
    t.like(await server.readDrop(dropId), { revision: 2, stocked: Number(before['stocked']) + 1 });
    t.like((await cancel('"2"')).json, { status: 'cancelled', revision: 3 });
  });

  test('D6: products and drops carry metadata, and are found by an id of their creator', async (t) => {
    const creator = server.fresh('creator');
    const [metadata, externalId] = [{ colour: 'grün' }, 'erp/4711'];
    const text = { name: 'Lamp', metadata, externalId };
    const made = await server.post(`/v1/creators/${creator}/products`, { as: creator, body: text });
    t.like(made.json, { metadata, externalId });
    const productId = String(made.json['id']);
    const find = async (list: string, id: string) => {
      const query = `creator_id=${creator}&external_id=${encodeURIComponent(id)}`;
      return (await server.get(`/v1/${list}?${query}`)).json['items'];
    };
    t.deepEqual(await find('products', externalId), [made.json]);
    const productPath = `/v1/products/${productId}`;
    const change = { metadata: {}, externalId: 'erp/4712' };
    const changed = await server.call('PATCH', productPath, { as: creator, body: change });
    t.false('metadata' in changed.json);
    const none = (items: unknown) => (items as object[]).length === 0;
    t.deepEqual(await server.inAMoment(() => find('products', externalId), none), []);
    t.deepEqual(await find('products', 'erp/4712'), [changed.json]);

    const body = { ...dropTerms(), metadata, externalId };
    const drop = await server.post(`${productPath}/drops`, { as: creator, body });
    t.like(drop.json, { metadata, externalId });
    const dropPath = `/v1/drops/${String(drop.json['id'])}`;
    t.like(((await find('drops', externalId)) as object[])[0]!, { metadata, externalId });
    const renewed = { metadata: { colour: 'rot' }, externalId: null };
    const amended = await server.call('PATCH', dropPath, { as: creator, body: renewed });
    t.like(amended.json, { metadata: { colour: 'rot' }, revision: 2 });
    t.false('externalId' in (await server.get(dropPath)).json);
    t.deepEqual((await server.get(dropPath)).json['metadata'], { colour: 'rot' });
    await eventually(
      () => find('drops', externalId),
      (items) => (items as unknown[]).length === 0,
    );
    for (const path of ['/v1/products', '/v1/drops']) {
      const refused = await server.get(`${path}?external_id=x`);
      t.deepEqual([refused.status, refused.json['code']], [400, 'invalid-request']);
    }
  });

  test('D7: a draft is its creator’s alone, until it is announced to followers', async (t) => {
    const [creator, fan] = [server.fresh('creator'), server.fresh('fan')];
    const productId = await server.product(creator);
    await server.post(`/v1/creators/${creator}/follow`, { as: fan });
    const follower = await LiveClient.listen(t, server, fan);
    const body = { ...dropTerms(), startsAt: soon(60_000), endsAt: soon(90_000), draft: true };
    const made = await server.post(`/v1/products/${productId}/drops`, { as: creator, body });
    t.is(made.status, 201);
    t.like(made.json, { status: 'draft', revision: 1, version: 0 });
    const dropId = String(made.json['id']);
    const path = `/v1/drops/${dropId}`;
    const own = await server.get(path, { as: creator });
    t.deepEqual([own.json, own.headers.get('cache-control')], [made.json, 'private, no-store']);
    t.is((await server.get(path)).status, 404);
    t.is((await server.get(path, { as: 'mallory' })).status, 404);
    t.is((await server.get(path, { token: 'x' })).status, 401);
    const list = `/v1/drops?status=draft&creator_id=${creator}`;
    t.deepEqual((await server.get(list, { as: creator })).json['items'], [made.json]);
    t.is((await server.get(list, { as: 'mallory' })).status, 404);
    t.is((await server.get(list)).status, 401);
    const drops = await server.get(`/v1/drops?creator_id=${creator}`, { as: creator });
    t.deepEqual(drops.json['items'], []);
    t.is((await server.order(dropId, 'ann', 'k')).status, 404);

    const change = { currency: 'JPY', unitAmount: 5, stock: 3, payment: 'provider' };
    const foreign = { as: 'mallory', body: change };
    t.is((await server.call('PATCH', path, foreign)).status, 404);
    const changed = await server.call('PATCH', path, { as: creator, body: change });
    t.like(changed.json, { currency: 'JPY', stocked: 3, free: 3, revision: 2, status: 'draft' });
    t.is((await server.post(`${path}/announce`, { as: 'mallory' })).status, 404);
    const announced = await server.post(`${path}/announce`, { as: creator });
    t.is(announced.status, 200);
    t.like(announced.json, { status: 'upcoming', revision: 3, version: 1, currency: 'JPY' });
    const told = await follower.next(({ type }) => type === 'drop.scheduled');
    t.is(told.dropId, dropId);
    t.deepEqual((await server.get(path)).json, announced.json);
    t.deepEqual((await server.post(`${path}/announce`, { as: creator })).json, announced.json);
    t.deepEqual((await server.get(list, { as: creator })).json['items'], []);
    const late = await server.call('PATCH', path, { as: creator, body: { currency: 'EUR' } });
    t.deepEqual([late.status, late.json['code']], [409, 'drop-announced']);
    const removed = await server.call('DELETE', path, { as: creator });
    t.deepEqual([removed.status, removed.json['code']], [409, 'drop-announced']);
  });

  test('D7: a draft is removed, and announced no more', async (t) => {
    const creator = server.fresh('creator');
    const product = await server.product(creator);
    const body = { ...dropTerms(), draft: true };
    const made = await server.post(`/v1/products/${product}/drops`, { as: creator, body });
    const path = `/v1/drops/${String(made.json['id'])}`;
    const headers = { 'if-match': '"2"' };
    t.is((await server.call('DELETE', path, { as: creator, headers })).status, 412);
    t.is((await server.call('DELETE', path, { as: 'mallory' })).status, 404);
    t.is((await server.call('DELETE', path, { as: creator })).status, 204);
    t.is((await server.get(path, { as: creator })).status, 404);
    t.is((await server.post(`${path}/announce`, { as: creator })).status, 404);
    t.is((await server.call('DELETE', path, { as: creator })).status, 404);
  });

  test('D1, S3: a drop has all that was asked for, and adds up', async (t) => {
    const creator = server.fresh('creator');
    const product = await server.product(creator);
    const terms = {
      startsAt: soon(60_000),
      endsAt: soon(120_000),
      stock: 7,
      unitAmount: 1999,
      currency: 'JPY',
      limitPerUser: 3,
      holdSeconds: 90,
      payment: 'provider',
    };
    const path = `/v1/products/${product}/drops`;
    const { status, json } = await server.post(path, { as: creator, body: terms });
    t.is(status, 201);
    const { stock, ...shown } = terms;
    t.like(json, { ...shown, productId: product, creatorId: creator, status: 'upcoming' });
    t.like(json, { stocked: stock, held: 0, sold: 0, free: stock, soldOut: false, version: 1 });
    t.deepEqual(await server.readDrop(String(json['id'])), json);
  });

  test('D1, H8: wrong terms are refused and make no drop', async (t) => {
    const creator = server.fresh('creator');
    const path = `/v1/products/${await server.product(creator)}/drops`;
    for (const wrong of [
      { endsAt: soon(-1) },
      { startsAt: soon(60_000), endsAt: soon(50_000) },
      { startsAt: 'tomorrow' },
      { startsAt: '2031-02-30T00:00:00Z', endsAt: '2031-03-01T00:00:00Z' },
      { stock: 0 },
      { stock: 1.5 },
      { stock: '5' },
      { unitAmount: -1 },
      { unitAmount: 100_000_000_000, stock: 90_072 },
      { currency: 'EURO' },
      { currency: 'eur' },
      { currency: 'BGN' },
      { currency: 'CLF' },
      { limitPerUser: 0 },
      { holdSeconds: 0 },
      { payment: 'later' },
      { colour: 'red' },
    ]) {
      const answer = await server.post(path, { as: creator, body: { ...dropTerms(), ...wrong } });
      const refusal = [answer.status, answer.json['code']];
      t.deepEqual(refusal, [422, 'invalid-request'], JSON.stringify(wrong));
    }
    const list = await server.get(`/v1/drops?creator_id=${creator}`);
    t.deepEqual(list.json['items'], []);
  });

  test('D2, D5: a drop opens and closes by itself, at the times set', async (t) => {
    const creator = server.fresh('creator');
    const times = { startsAt: soon(600_000), endsAt: soon(900_000) };
    const dropId = await server.drop(creator, times);
    const visitor = await LiveClient.visit(t, server, dropId);
    const early = await server.order(dropId, 'ann', 'early');
    t.deepEqual([early.status, early.json['code']], [409, 'drop-not-live']);
    t.is(early.json['startsAt'], times.startsAt);
    const waitMs = Date.parse(times.startsAt) - (early.json['serverTime'] as number);
    t.is(early.headers.get('retry-after'), String(Math.ceil(waitMs / 1000)));

    const startsAt = await server.soon(dropId, creator, 'startsAt');
    const started = await visitor.next(({ type }) => type === 'drop.started');
    t.true(Date.now() >= startsAt, 'not before its time');
    t.is(started.data!['status'], 'live');
    // A rejection is not remembered (O4).
    t.is((await server.order(dropId, 'ann', 'early')).status, 201);

    const endsAt = await server.soon(dropId, creator, 'endsAt');
    await visitor.next(({ type }) => type === 'drop.ended');
    t.true(Date.now() >= endsAt, 'not before its time');
    const late = await server.order(dropId, 'ben', 'late');
    t.deepEqual([late.status, late.json['code']], [409, 'drop-ended']);
    t.is((await server.order(dropId, 'ann', 'early')).headers.get('idempotency-replayed'), 'true');
    t.like(await server.readDrop(dropId), { status: 'ended', sold: 1 });
  });

  test('D3, D8: times and limits can change before the start, afterwards the end only', async (t) => {
    const creator = server.fresh('creator');
    const dropId = await server.drop(creator, { startsAt: soon(60_000), endsAt: soon(90_000) });
    const path = `/v1/drops/${dropId}`;
    const change = (body: object, as = creator) => server.call('PATCH', path, { as, body });
    const startsAt = soon(1500);
    const endsAt = soon(300_000);
    t.like((await change({ startsAt, endsAt, limitPerUser: 2 })).json, {
      startsAt,
      endsAt,
      limitPerUser: 2,
    });
    t.is((await change({ limitPerUser: 9 }, 'mallory')).status, 403);
    await eventually(
      () => server.readDrop(dropId),
      ({ status }) => status === 'live',
    );
    for (const body of [{ limitPerUser: 3 }, { startsAt: soon(10_000) }]) {
      const { status, json } = await change(body);
      t.deepEqual([status, json['code']], [409, 'drop-already-started'], JSON.stringify(body));
    }
    const earlier = soon(200_000);
    t.is((await change({ endsAt: earlier })).json['endsAt'], earlier);
    const later = soon(400_000);
    t.is((await change({ endsAt: later })).json['endsAt'], later);
    t.is((await change({ addStock: 5 })).json['stocked'], 15);
  });

  test('S4: stock can be raised, and lowered only down to what is held and sold', async (t) => {
    const creator = server.fresh('creator');
    const dropId = await server.drop(creator, { stock: 5 });
    await server.order(dropId, 'ann', 'k', 3);
    const add = (addStock: number) =>
      server.call('PATCH', `/v1/drops/${dropId}`, { as: creator, body: { addStock } });
    t.like((await add(2)).json, { stocked: 7, sold: 3, free: 4 });
    t.like((await add(-4)).json, { stocked: 3, sold: 3, free: 0, soldOut: true, status: 'live' });
    const below = await add(-1);
    t.deepEqual([below.status, below.json['code']], [409, 'insufficient-stock']);
    t.like(await server.readDrop(dropId), { stocked: 3, sold: 3, free: 0 });
    t.is((await add(0)).status, 422);
  });

  test('D3: cancelling a drop cancels held and refunds confirmed orders', async (t) => {
    const creator = server.fresh('creator');
    const dropId = await server.drop(creator, { payment: 'provider', holdSeconds: 60 });
    const held = (await server.order(dropId, 'ann', 'k')).json;
    const paid = (await server.order(dropId, 'ben', 'k', 2)).json;
    await server.webhook('payment.succeeded', String(paid['id']));
    const path = `/v1/drops/${dropId}/cancel`;
    t.is((await server.post(path, { as: 'mallory' })).status, 403);
    const cancelled = await server.post(path, { as: creator });
    t.deepEqual([cancelled.status, cancelled.json['status']], [200, 'cancelled']);
    const drop = await eventually(
      () => server.readDrop(dropId),
      (seen) => seen['held'] === 0 && seen['sold'] === 0,
    );
    t.like(drop, { held: 0, sold: 0, status: 'cancelled' });
    t.is((await server.readOrder(String(held['id']), 'ann'))['status'], 'cancelled');
    t.like(await server.readOrder(String(paid['id']), 'ben'), {
      status: 'refunded',
      refundRequested: true,
    });
    const late = await server.order(dropId, 'cal', 'k');
    t.deepEqual([late.status, late.json['code']], [409, 'drop-ended']);
  });

  test('D3a: before the start price and stock change; afterwards not', async (t) => {
    const creator = server.fresh('creator');
    const dropId = await server.drop(creator, { startsAt: soon(60_000), endsAt: soon(300_000) });
    const change = (body: object) =>
      server.call('PATCH', `/v1/drops/${dropId}`, { as: creator, body });
    t.like((await change({ unitAmount: 700, stock: 3 })).json, { unitAmount: 700, stocked: 3 });
    t.is((await change({ stock: 3, addStock: 1 })).status, 422);
    t.is((await change({ startsAt: soon(0) })).status, 200);
    await eventually(
      () => server.readDrop(dropId),
      ({ status }) => status === 'live',
    );
    for (const body of [{ unitAmount: 500 }, { stock: 9 }]) {
      const { status, json } = await change(body);
      t.deepEqual([status, json['code']], [409, 'drop-already-started'], JSON.stringify(body));
    }
    t.is((await server.order(dropId, 'ann', 'k', 2)).json['totalAmount'], 1_400);
  });

  test('D3a: a drop that has ended can be called off, and everybody is refunded', async (t) => {
    const creator = server.fresh('creator');
    const dropId = await server.drop(creator, { payment: 'provider', holdSeconds: 60 });
    const paid = String((await server.order(dropId, 'ann', 'k')).json['id']);
    await server.webhook('payment.succeeded', paid);
    const path = `/v1/drops/${dropId}`;
    await server.call('PATCH', path, { as: creator, body: { endsAt: soon(1_000) } });
    const list = async (status: string) => {
      const { json } = await server.get(`/v1/drops?creator_id=${creator}&status=${status}`);
      return (json['items'] as { id: string }[]).map(({ id }) => id);
    };
    await eventually(
      () => server.readDrop(dropId),
      ({ status }) => status === 'ended',
    );
    t.deepEqual(
      await eventually(
        () => list('ended'),
        (ids) => ids.length > 0,
      ),
      [dropId],
    );
    const cancelled = await server.post(`${path}/cancel`, { as: creator });
    t.deepEqual([cancelled.status, cancelled.json['status']], [200, 'cancelled']);
    const order = await eventually(
      () => server.readOrder(paid, 'ann'),
      ({ status }) => status === 'refunded',
    );
    t.like(order, { status: 'refunded', refundRequested: true });
    t.deepEqual(
      await eventually(
        () => list('cancelled'),
        (ids) => ids.length > 0,
      ),
      [dropId],
    );
    t.deepEqual(await list('ended'), []);
    t.is((await server.post(`${path}/cancel`, { as: creator })).status, 200);
  });

  test('D4, H3: drops are listed by status and creator, in pages that stay in order', async (t) => {
    const creator = server.fresh('creator');
    const made: string[] = [];
    for (let i = 0; i < 5; i++) made.push(await server.drop(creator));
    const later = { startsAt: soon(60_000), endsAt: soon(90_000) };
    const upcoming = await server.drop(creator, later);
    const list = (query: string) => server.get(`/v1/drops?creator_id=${creator}${query}`);
    const ids = (json: object) => (json as { items: { id: string }[] }).items.map(({ id }) => id);
    const live = await eventually(
      () => list('&status=live&limit=2'),
      ({ json }) => ids(json).length === 2,
    );
    t.deepEqual(ids(live.json), [made[4], made[3]]);
    // A drop that is made between two pages changes nothing in the ones that follow.
    await server.drop(creator);
    const next = await list(`&status=live&limit=2&cursor=${String(live.json['nextCursor'])}`);
    t.deepEqual(ids(next.json), [made[2], made[1]]);
    const last = await list(`&status=live&limit=2&cursor=${String(next.json['nextCursor'])}`);
    t.deepEqual(ids(last.json), [made[0]]);
    t.is(last.json['nextCursor'], null);
    t.deepEqual(ids((await list('&status=upcoming')).json), [upcoming]);
    t.deepEqual(ids((await list('&status=ended')).json), []);
    t.is((await list('&status=sold')).status, 400);
  });
});
