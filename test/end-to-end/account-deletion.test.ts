// One's own data exported, and accounts deleted, against the whole server.

import { LiveClient } from './live-client.ts';
import { onEachProfile } from './profiles.ts';
import { dropTerms, eventually, type Json } from './sale-client.ts';
import { SaleServer } from './sale-server.ts';

const PASSWORD = 'correct horse battery';

onEachProfile((test, profile) => {
  let server: SaleServer;
  test.before(async () => {
    server = await SaleServer.start(profile);
  });
  test.after.always(() => server?.stop());

  const accessOf = (session: Json) => String(session['accessToken']);
  const remove = (token: string, password = PASSWORD) =>
    server.post('/v1/account/deletion', { token, body: { password } });

  test('A8: all of one’s own data comes as one file', async (t) => {
    const { id, email, session } = await server.register('Ada');
    const token = accessOf(session);
    const dropId = await server.drop(server.fresh('creator'), { stock: 200, limitPerUser: 150 });
    for (let i = 0; i < 105; i++) {
      const headers = { 'idempotency-key': `k${i}` };
      await server.post(`/v1/drops/${dropId}/orders`, { token, headers, body: { quantity: 1 } });
    }
    const { id: star } = await server.register('Cleo');
    await server.post(`/v1/creators/${star}/follow`, { token });
    const product = await server.post(`/v1/creators/${id}/products`, {
      token,
      body: { name: 'X' },
    });
    const read = () => server.get('/v1/account/export', { token });
    const isWhole = ({ json }: Awaited<ReturnType<typeof read>>) =>
      (json['notifications'] as Json[] | undefined)?.length === 105;
    const { status, headers, json } = await eventually(read, isWhole);
    t.is(status, 200);
    t.is(headers.get('content-type'), 'application/json');
    t.regex(headers.get('content-disposition')!, /^attachment/);
    t.like(json, { userId: id, account: { email, name: 'Ada', emailConfirmed: false } });
    const ids = (name: string, field = 'id') =>
      (json[name] as Json[]).map((item) => String(item[field]));
    t.is(new Set(ids('orders')).size, 105);
    t.deepEqual(ids('following', 'userId'), [star]);
    t.deepEqual(ids('products'), [product.json['id']]);
    t.is(ids('sessions').length, 1);
    t.deepEqual(
      [json['followers'], json['drops'], json['drafts'], json['apiKeys']],
      [[], [], [], []],
    );
    const offline = await server.get('/v1/account/export', { as: server.fresh('u') });
    t.is(offline.json['account'], null);
  });

  test('A8: a deleted account is gone from sessions, lists and streams, and its address is free', async (t) => {
    const { id, email, session } = await server.register('Ada');
    const token = accessOf(session);
    const { id: star } = await server.register('Cleo');
    const fan = server.fresh('fan');
    await server.post(`/v1/creators/${star}/follow`, { token });
    await server.post(`/v1/creators/${id}/follow`, { as: fan });
    const dropId = await server.drop(server.fresh('creator'), { stock: 5 });
    const headers = { 'idempotency-key': 'k' };
    const order = { token, headers, body: { quantity: 1 } };
    const { json: placed } = await server.post(`/v1/drops/${dropId}/orders`, order);
    const stream = await LiveClient.listen(t, server, id, token);
    const wrong = await remove(token, 'wrong horse battery');
    t.deepEqual([wrong.status, wrong.json['code']], [403, 'forbidden']);
    t.is((await remove(token)).status, 202);
    t.is(await stream.closed(), 4401);
    const taken = async () => (await server.get('/v1/orders', { token })).status;
    t.is(await server.inAMoment(taken, (status) => status === 401), 401);
    const refresh = { refreshToken: session['refreshToken'] };
    t.is((await server.post('/v1/auth/refresh', { body: refresh })).status, 401);
    t.is(
      (await server.post('/v1/auth/login', { body: { email, password: PASSWORD } })).status,
      401,
    );
    const shown = await server.get(`/v1/users/${id}`);
    t.like(shown.json, { id, name: 'Deleted account', deleted: true });
    const next = { email, password: PASSWORD, name: 'Next' };
    t.is((await server.post('/v1/auth/register', { body: next })).status, 201);
    const counts = async () => {
      const { json } = await server.get(`/v1/users/${star}`);
      const { json: own } = await server.get(`/v1/users/${fan}/following`);
      const { json: fans } = await server.get(`/v1/creators/${star}/followers`);
      return [
        json['followerCount'],
        (own['items'] as Json[]).length,
        (fans['items'] as Json[]).length,
      ];
    };
    const areGone = (found: readonly unknown[]) => found.every((length) => length === 0);
    t.deepEqual(await eventually(counts, areGone), [0, 0, 0]);
    t.is((await server.post(`/v1/creators/${id}/follow`, { as: fan })).status, 404);
    // The order is there, and says who no more.
    t.like(await server.readOrder(String(placed['id']), id), { userId: id, status: 'confirmed' });
  });

  test('A8: an account with drops that are not over is not deleted', async (t) => {
    const { id, session } = await server.register('Ada');
    const token = accessOf(session);
    const body = { name: 'Lamp' };
    const product = await server.post(`/v1/creators/${id}/products`, { token, body });
    const path = `/v1/products/${String(product.json['id'])}/drops`;
    const made = await server.post(path, { token, body: dropTerms() });
    t.is(made.status, 201);
    const refused = async () => (await remove(token)).json['code'];
    t.is(await eventually(refused, (code) => code === 'drops-not-over'), 'drops-not-over');
    const dropPath = `/v1/drops/${String(made.json['id'])}`;
    t.is((await server.post(`${dropPath}/cancel`, { token })).status, 200);
    const accepted = async () => (await remove(token)).status;
    t.is(await eventually(accepted, (status) => status === 202), 202);
    t.is((await server.get(dropPath)).json['creatorId'], id);
  });
});
