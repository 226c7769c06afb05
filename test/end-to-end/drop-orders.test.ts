// The seller's side: a drop's orders listed by its creator (O9a).

import { onEachProfile } from './profiles.ts';
import { eventually, type Json } from './sale-client.ts';
import { SaleServer } from './sale-server.ts';

onEachProfile((test, profile) => {
  let server: SaleServer;
  test.before(async () => {
    server = await SaleServer.start(profile);
  });
  test.after.always(() => server?.stop());

  /** A drop with 25 orders, of which every fifth is cancelled. */
  async function sale(): Promise<{ creator: string; dropId: string; orders: Json[] }> {
    const creator = server.fresh('creator');
    const terms = { payment: 'provider', stock: 100, holdSeconds: 3600 };
    const dropId = await server.drop(creator, terms);
    const orders: Json[] = [];
    for (let i = 0; i < 25; i++) {
      const placed = await server.order(dropId, `buyer${i % 4}`, `key${i}`);
      const id = String(placed.json['id']);
      if (i % 5 === 0) await server.post(`/v1/orders/${id}/cancel`, { as: `buyer${i % 4}` });
      orders.unshift((await server.get(`/v1/orders/${id}`, { as: `buyer${i % 4}` })).json);
    }
    return { creator, dropId, orders };
  }

  test('O9a: a drop’s orders are listed for its creator, newest first, in pages', async (t) => {
    const { creator, dropId, orders } = await sale();
    const path = `/v1/drops/${dropId}/orders`;
    t.deepEqual(await server.listAll(path, creator), orders);
    const { json } = await server.get(`${path}?limit=1`, { as: creator });
    t.is(json['version'], (await server.readDrop(dropId))['version']);
    const operator = server.token('olga', 3600, ['operator']);
    t.is((await server.get(path, { token: operator })).status, 200);
  });

  test('O9a: a list has the orders of one status, one user, or one time', async (t) => {
    const { creator, dropId, orders } = await sale();
    const list = async (query: string) => {
      const { json } = await server.get(`/v1/drops/${dropId}/orders?limit=100&${query}`, {
        as: creator,
      });
      return json['items'] as Json[];
    };
    const cancelled = orders.filter(({ status }) => status === 'cancelled');
    t.is(cancelled.length, 5);
    t.deepEqual(await list('status=cancelled'), cancelled);
    t.deepEqual(await list('status=confirmed'), []);
    t.deepEqual(
      await list('user_id=buyer1'),
      orders.filter(({ userId }) => userId === 'buyer1'),
    );
    const since = encodeURIComponent(String(orders[10]!['createdAt']));
    t.deepEqual(
      await list(`since=${since}`),
      orders.filter(({ createdAt }) => String(createdAt) >= String(orders[10]!['createdAt'])),
    );
    t.deepEqual(
      await list(`until=${since}`),
      orders.filter(({ createdAt }) => String(createdAt) < String(orders[10]!['createdAt'])),
    );
  });

  test('O9a: others do not see a drop’s orders, and unknown drops have none', async (t) => {
    const { dropId } = await sale();
    const path = `/v1/drops/${dropId}/orders`;
    t.is((await server.get(path)).status, 401);
    for (const as of ['buyer1', 'stranger'])
      t.is((await server.get(path, { as })).json['code'], 'forbidden');
    const operator = server.token('olga', 3600, ['operator']);
    t.is((await server.get('/v1/drops/d_none/orders', { token: operator })).status, 404);
    for (const query of ['status=gone', 'since=now', 'since=2026-12-31T23:59:60Z', 'cursor=x'])
      t.is((await server.get(`${path}?${query}`, { token: operator })).status, 400, query);
  });

  test('O9a: a drop that is over lists its orders still', async (t) => {
    const creator = server.fresh('creator');
    const dropId = await server.drop(creator);
    const order = await server.order(dropId, 'ann', 'k');
    t.is((await server.post(`/v1/drops/${dropId}/cancel`, { as: creator })).status, 200);
    const list = () => server.get(`/v1/drops/${dropId}/orders?status=refunded`, { as: creator });
    const listed = await eventually(list, ({ json }) => (json['items'] as Json[]).length > 0);
    t.like((listed.json['items'] as Json[])[0], { id: order.json['id'], status: 'refunded' });
  });
});
