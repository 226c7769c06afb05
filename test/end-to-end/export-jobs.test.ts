// Exports of a drop's orders by jobs, fetched when they are done (O9a, J11).

import { onEachProfile } from './profiles.ts';
import { eventually, type Answer, type Json } from './sale-client.ts';
import { SaleServer } from './sale-server.ts';

onEachProfile((test, profile) => {
  let server: SaleServer;
  test.before(async () => {
    server = await SaleServer.start(profile);
  });
  test.after.always(() => server?.stop());

  function request(dropId: string, as: string, body: object, key?: string): Promise<Answer> {
    const headers = key === undefined ? {} : { headers: { 'idempotency-key': key } };
    return server.post(`/v1/drops/${dropId}/exports`, { as, body, ...headers });
  }

  async function ended({ json }: Answer, as: string): Promise<Json> {
    const read = async () => (await server.get(`/v1/jobs/${String(json['id'])}`, { as })).json;
    return await eventually(read, ({ state }) => state !== 'queued' && state !== 'running', 60_000);
  }

  async function sale(): Promise<{ creator: string; dropId: string }> {
    const creator = server.fresh('creator');
    const dropId = await server.drop(creator, { payment: 'provider', holdSeconds: 3600 });
    for (const user of ['ann', 'ben', 'cat']) {
      const { json } = await server.order(dropId, user, 'k', 2);
      if (user === 'ben')
        await server.post(`/v1/orders/${String(json['id'])}/cancel`, { as: user });
    }
    return { creator, dropId };
  }

  test.serial('O9a: the file of a job is that of the stream', async (t) => {
    const { creator, dropId } = await sale();
    for (const format of ['csv', 'ndjson']) {
      const queued = await request(dropId, creator, { format });
      t.is(queued.status, 202, queued.text);
      t.is(queued.headers.get('location'), `/v1/jobs/${String(queued.json['id'])}`);
      t.like(queued.json, { kind: 'export-orders', subject: dropId, callerId: creator });
      const job = await ended(queued, creator);
      t.like(job, { state: 'done', progress: { done: 3, refused: {}, left: 0 } });
      const path = `/v1/exports/${String(queued.json['id'])}`;
      const file = await server.get(path, { as: creator });
      t.is(file.status, 200, file.text);
      const query = `?format=${format}`;
      const stream = await server.get(`/v1/drops/${dropId}/orders/export${query}`, { as: creator });
      t.is(file.text, stream.text);
      for (const name of ['content-type', 'content-disposition', 'drop-version', 'order-count'])
        t.is(file.headers.get(name), stream.headers.get(name), name);
    }
  });

  test.serial('H11, O9a: a request with a key is one export', async (t) => {
    const { creator, dropId } = await sale();
    const first = await request(dropId, creator, { format: 'csv' }, 'k');
    await ended(first, creator);
    const again = await request(dropId, creator, { format: 'csv' }, 'k');
    t.deepEqual([again.status, again.text], [202, first.text]);
    t.is(again.headers.get('idempotency-replayed'), 'true');
    const other = await request(dropId, creator, { format: 'ndjson' }, 'k');
    t.deepEqual([other.status, other.json['code']], [422, 'idempotency-key-reused']);
  });

  // The rest is made by the same code on two nodes, and each export costs the start of a thread.
  if (profile === 'cluster') return;

  test.serial('O9a: CSV unless asked otherwise, also of a drop without orders', async (t) => {
    const creator = server.fresh('creator');
    const dropId = await server.drop(creator);
    const queued = await request(dropId, creator, {});
    t.like(await ended(queued, creator), { state: 'done', progress: { done: 0, left: 0 } });
    const path = `/v1/exports/${String(queued.json['id'])}`;
    const { text } = await server.get(path, { as: creator });
    t.regex(text, /^id,dropId,[^\r\n]*\r\n$/);
  });

  test.serial('O9a, O14: details of orders are in no file that waits to be fetched', async (t) => {
    const { creator, dropId } = await sale();
    const { json } = await server.order(dropId, 'dan', 'k');
    const path = `/v1/orders/${String(json['id'])}/details`;
    const body = { name: 'Dan of the Hill', city: 'Köln' };
    t.is((await server.call('PUT', path, { as: 'dan', body })).status, 200);
    const queued = await request(dropId, creator, { format: 'ndjson' });
    await ended(queued, creator);
    const file = await server.get(`/v1/exports/${String(queued.json['id'])}`, { as: creator });
    t.is(file.text.trimEnd().split('\n').length, 5);
    t.false(file.text.includes('Köln') || file.text.includes('Dan of'));
  });

  test.serial(
    'O9a, A2: only the creator and operators export, and who asked fetches',
    async (t) => {
      const { creator, dropId } = await sale();
      t.is((await request(dropId, 'ann', {})).json['code'], 'forbidden');
      t.is((await request('d_none', creator, {})).status, 404);
      for (const body of [{ format: 'xml' }, { format: 1 }, { format: null }, { zz: 1 }])
        t.is((await request(dropId, creator, body)).status, 422, JSON.stringify(body));
      const queued = await request(dropId, creator, {});
      await ended(queued, creator);
      const path = `/v1/exports/${String(queued.json['id'])}`;
      t.is((await server.get(path)).status, 401);
      t.is((await server.get(path, { as: 'ann' })).status, 404);
      t.is((await server.get('/v1/exports/j_none', { as: creator })).status, 404);
      const token = server.token('olga', 3_600, ['operator']);
      t.is((await server.get(path, { token })).status, 200);
      const refunds = await server.post(`/v1/drops/${dropId}/refunds`, {
        as: creator,
        body: { all: true },
      });
      const other = `/v1/exports/${String(refunds.json['id'])}`;
      t.is((await server.get(other, { as: creator })).status, 404, 'a job of another kind');
    },
  );

  test.serial('A5, O9a: a key for reading orders exports and fetches', async (t) => {
    const { creator, dropId } = await sale();
    const body = { name: 'Books', scopes: ['orders:read'] };
    const made = await server.post('/v1/account/api-keys', { as: creator, body });
    const token = String(made.json['key']);
    const queued = await server.post(`/v1/drops/${dropId}/exports`, { token, body: {} });
    t.is(queued.status, 202, queued.text);
    const path = `/v1/exports/${String(queued.json['id'])}`;
    const file = await eventually(
      () => server.get(path, { token }),
      ({ status }) => status === 200,
      60_000,
    );
    t.is(file.headers.get('order-count'), '3');
  });

  test.serial('O9a: without a place for files a job is 503, and says what to do', async (t) => {
    const off = await SaleServer.start('embedded', { LIVEDROPS_EXPORTS: 'off' });
    t.teardown(() => off.stop());
    const dropId = await off.drop('cleo');
    const refused = await off.post(`/v1/drops/${dropId}/exports`, { as: 'cleo', body: {} });
    t.deepEqual([refused.status, refused.json['code']], [503, 'unavailable']);
    t.regex(String(refused.json['detail']), /no place for files here: take the export as a stream/);
  });
});
