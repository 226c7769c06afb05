// Refunds of many orders at once, by a job (O15, J11).

import { onEachProfile } from './profiles.ts';
import { type Answer, eventually, type Json, succeeded } from './sale-client.ts';
import { SaleServer } from './sale-server.ts';

const ORDERS = 120;

onEachProfile((test, profile) => {
  let server: SaleServer;
  test.before(async () => {
    server = await SaleServer.start(profile);
  });
  test.after.always(() => server?.stop());

  /** A drop with many orders, each of one unit; resolves to their ids, oldest first. */
  async function sale(count = ORDERS): Promise<{ creator: string; dropId: string; ids: string[] }> {
    const creator = server.fresh('creator');
    const dropId = await server.drop(creator, { stock: 1_000 });
    const ids: string[] = [];
    for (let i = 0; i < count; i += 20) {
      const placed = await Promise.all(
        Array.from({ length: Math.min(20, count - i) }, (_, j) =>
          server.order(dropId, `buyer${i + j}`, 'key'),
        ),
      );
      ids.push(...placed.map((answer) => String(succeeded(answer).json['id'])));
    }
    return { creator, dropId, ids };
  }

  function refund(dropId: string, as: string, body: object, key?: string): Promise<Answer> {
    const headers = key === undefined ? {} : { headers: { 'idempotency-key': key } };
    return server.post(`/v1/drops/${dropId}/refunds`, { as, body, ...headers });
  }

  async function ended(answer: Answer, as: string): Promise<Json> {
    const read = async () =>
      (await server.get(String(answer.headers.get('location')), { as })).json;
    return await eventually(read, ({ state }) => state !== 'queued' && state !== 'running', 20_000);
  }

  test('O15: all confirmed orders of a drop are refunded by a job', async (t) => {
    const { creator, dropId, ids } = await sale();
    await server.post(`/v1/orders/${ids[0]}/refund`, { as: creator });
    const queued = await refund(dropId, creator, { all: true });
    t.is(queued.status, 202, queued.text);
    t.is(queued.headers.get('location'), `/v1/jobs/${String(queued.json['id'])}`);
    t.like(queued.json, { kind: 'refund-orders', subject: dropId, callerId: creator });
    const job = await ended(queued, creator);
    t.like(job, { state: 'done', progress: { done: ORDERS - 1, refused: {}, left: 0 } });
    t.like(await server.readDrop(dropId), { sold: 0, free: 1_000 });
    t.is((await server.readOrder(ids[7]!, 'buyer7'))['status'], 'refunded');
    const again = await ended(await refund(dropId, creator, { all: true }), creator);
    t.like(again, { state: 'done', progress: { done: 0, refused: {} } });
  });

  test('O15: named orders are refunded, and what cannot be is counted by its code', async (t) => {
    const { creator, dropId, ids } = await sale(40);
    const other = await sale(1);
    const named = [...ids, `${dropId}-zz`, other.ids[0]!, 'nonsense'];
    const job = await ended(await refund(dropId, creator, { orderIds: named }), creator);
    t.like(job, { state: 'done', progress: { done: 40, refused: { 'not-found': 3 }, left: 0 } });
    t.is((await server.readOrder(other.ids[0]!, 'buyer0'))['status'], 'confirmed');
  });

  test('O12a, O15: units of many refunds leave the drop where they are not restocked', async (t) => {
    const { creator, dropId, ids } = await sale(3);
    const body = { orderIds: ids, restock: false, reason: 'The lamps were broken.' };
    t.like(await ended(await refund(dropId, creator, body), creator), { state: 'done' });
    t.like(await server.readDrop(dropId), { sold: 0, stocked: 997, free: 997 });
    const { json } = await server.get(`/v1/orders/${ids[0]}/payments`, { as: creator });
    t.like((json['refunds'] as Json[])[0], { reason: body.reason });
  });

  test('O15: a drop that is over is refunded, too', async (t) => {
    const { creator, dropId, ids } = await sale(10);
    await server.soon(dropId, creator, 'endsAt');
    const over = await eventually(
      () => server.readDrop(dropId),
      ({ status }) => status === 'ended',
    );
    t.is(over['status'], 'ended');
    const job = await ended(await refund(dropId, creator, { all: true }), creator);
    t.like(job, { state: 'done', progress: { done: ids.length, refused: {} } });
  });

  test('O15, A2: only the creator and operators refund, and a job is its caller’s', async (t) => {
    const { creator, dropId } = await sale(1);
    t.is((await refund(dropId, 'buyer0', { all: true })).json['code'], 'forbidden');
    t.is((await refund('d_none', creator, { all: true })).status, 404);
    for (const body of [
      {},
      { all: false },
      { orderIds: [] },
      { orderIds: ['x', 'x'] },
      { all: true, orderIds: ['x'] },
      { all: true, reason: '' },
      { restock: true },
    ])
      t.is((await refund(dropId, creator, body)).status, 422, JSON.stringify(body));
    const queued = await refund(dropId, creator, { all: true });
    const path = String(queued.headers.get('location'));
    t.is((await server.get(path, { as: 'buyer0' })).status, 404);
    t.is((await server.post(`${path}/cancel`, { as: 'buyer0' })).status, 404);
    t.is((await ended(queued, creator))['state'], 'done');
    const own = await server.get('/v1/jobs?limit=1', { as: creator });
    t.is((own.json['items'] as Json[])[0]!['id'], queued.json['id']);
    t.deepEqual((await server.get('/v1/jobs', { as: 'nobody' })).json['items'], []);
    // One that is done stays done.
    t.is((await server.post(`${path}/cancel`, { as: creator })).json['state'], 'done');
  });

  test('H11, O15: a request with a key is one job', async (t) => {
    const { creator, dropId } = await sale(1);
    const first = await refund(dropId, creator, { all: true }, 'k');
    t.is(first.headers.get('idempotency-replayed'), null);
    await ended(first, creator);
    const again = await refund(dropId, creator, { all: true }, 'k');
    t.deepEqual([again.status, again.text], [202, first.text]);
    t.is(again.headers.get('idempotency-replayed'), 'true');
    const other = await refund(dropId, creator, { orderIds: ['x'] }, 'k');
    t.deepEqual([other.status, other.json['code']], [422, 'idempotency-key-reused']);
  });

  test('J11, X3: operators list jobs, and have one go on or cancel it, on the record', async (t) => {
    const { creator, dropId } = await sale(1);
    const queued = await refund(dropId, creator, { all: true });
    await ended(queued, creator);
    const token = server.token('olga', 3_600, ['operator']);
    const id = String(queued.json['id']);
    const listed = await server.get('/v1/operator/jobs?state=done&limit=100', { token });
    t.true((listed.json['items'] as Json[]).some((job) => job['id'] === id));
    t.is((await server.get(`/v1/operator/jobs/${id}`, { token })).json['state'], 'done');
    for (const change of ['retry', 'cancel']) {
      const path = `/v1/operator/jobs/${id}/${change}`;
      const changed = await server.post(path, { token, body: {} });
      t.like(changed.json, { applied: true, job: { id, state: 'done' } });
      t.is((await server.post(path, { as: creator, body: {} })).status, 403);
    }
    t.is((await server.post('/v1/operator/jobs/j_none/retry', { token, body: {} })).status, 404);
    const actions = (await server.get('/v1/operator/audit?limit=100', { token })).json['items'];
    const named = (actions as Json[]).map(({ action }) => action);
    t.true(named.includes('retry-job') && named.includes('cancel-job'));
    t.is((await server.get('/v1/operator/jobs', { as: creator })).status, 403);
  });
});
