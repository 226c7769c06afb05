// Sessions against the whole server: listed, ended, and what their tokens and streams may then.

import type { ExecutionContext } from 'ava';
import { LiveClient } from './live-client.ts';
import { onEachProfile } from './profiles.ts';
import type { Json } from './sale-client.ts';
import { SaleServer } from './sale-server.ts';

const PASSWORD = 'correct horse battery';

onEachProfile((test, profile) => {
  let server: SaleServer;
  test.before(async () => {
    server = await SaleServer.start(profile);
  });
  test.after.always(() => server?.stop());

  const accessOf = (session: Json) => String(session['accessToken']);

  async function logIn(email: string, device = 'test', password = PASSWORD): Promise<Json> {
    const headers = { 'user-agent': device };
    const { json } = await server.post('/v1/auth/login', { body: { email, password }, headers });
    return json;
  }

  /** Whether both gateways take the token, once both know what `expected` says. */
  async function areTaken(token: string, expected: boolean): Promise<boolean> {
    const read = async () => {
      const answers = [await server.get('/v1/orders', { token })];
      answers.push(await server.get('/v1/orders', { token }));
      return answers.map(({ status }) => status === 200);
    };
    const taken = await server.inAMoment(read, (both) => both.every((one) => one === expected));
    return taken.every((one) => one === expected);
  }

  /** A stream of the session, and when its end came after `act`. */
  async function endOf(t: ExecutionContext, client: LiveClient, act: () => Promise<unknown>) {
    const beganAt = performance.now();
    await act();
    const code = await client.closed();
    t.is(code, 4401);
    t.true(performance.now() - beganAt < 5_000);
  }

  test('A1c: sessions are listed with device, times and which one asks', async (t) => {
    const { email, session } = await server.register('Ada');
    await logIn(email, `Phone 1.0\t(${'x'.repeat(300)})`);
    const list = await server.get('/v1/account/sessions', { token: accessOf(session) });
    t.is(list.status, 200);
    const items = list.json['items'] as Json[];
    t.deepEqual(
      items.map(({ current }) => current),
      [false, true],
    );
    const device = String(items[0]!['device']);
    t.true(device.startsWith('Phone 1.0 (xxx') && device.length === 200);
    for (const item of items) {
      t.deepEqual(Object.keys(item), [
        'id',
        'device',
        'createdAt',
        'lastUsedAt',
        'expiresAt',
        'current',
      ]);
    }
    t.is((await server.get('/v1/account/sessions')).status, 401);
    const offline = await server.get('/v1/account/sessions', { as: server.fresh('u') });
    t.deepEqual([offline.status, offline.json['items']], [200, []]);
  });

  test("A1c: log-out ends that session's streams and tokens on all gateways, no others", async (t) => {
    const { id, email, session } = await server.register('Ada');
    const other = await logIn(email);
    const streams = await Promise.all([
      LiveClient.listen(t, server, id, accessOf(session)),
      LiveClient.listen(t, server, id, accessOf(session)),
    ]);
    const stays = await LiveClient.listen(t, server, id, accessOf(other));
    t.true(await areTaken(accessOf(session), true));
    const body = { refreshToken: session['refreshToken'] };
    await endOf(t, streams[0], () => server.post('/v1/auth/logout', { body }));
    t.is(await streams[1].closed(), 4401);
    t.true(await areTaken(accessOf(session), false));
    t.true(await areTaken(accessOf(other), true));
    t.truthy(await stays.ask({ type: 'ping' }, ({ type }) => type === 'pong'));
    const again = { type: 'authenticate', accessToken: accessOf(session) };
    const answer = await stays.ask(again, ({ type }) => type === 'error');
    t.is(answer.code, 'unauthenticated');
  });

  test('A1c: one session or all others are ended from another one', async (t) => {
    const { email, session } = await server.register('Ada');
    const [second, third] = [await logIn(email, 'two'), await logIn(email, 'three')];
    const token = accessOf(session);
    const sessions = async () =>
      (await server.get('/v1/account/sessions', { token })).json['items'] as Json[];
    const two = (await sessions()).find(({ device }) => device === 'two')!;
    const path = `/v1/account/sessions/${String(two['id'])}`;
    const stranger = await server.register('Eve');
    const eve = accessOf(stranger.session);
    t.is((await server.call('DELETE', path, { token: eve })).status, 404);
    t.true(await areTaken(accessOf(second), true));
    t.is((await server.call('DELETE', path, { token })).status, 204);
    t.is((await server.call('DELETE', path, { token })).status, 404);
    t.true(await areTaken(accessOf(second), false));
    const body = { refreshToken: second['refreshToken'] };
    t.is((await server.post('/v1/auth/refresh', { body })).status, 401);
    t.is((await server.call('DELETE', '/v1/account/sessions', { token })).status, 204);
    t.deepEqual((await sessions()).length, 1);
    t.true(await areTaken(accessOf(third), false));
    t.true(await areTaken(token, true));
    t.is(
      (await server.post('/v1/auth/refresh', { body: { refreshToken: session['refreshToken'] } }))
        .status,
      200,
    );
  });

  test('A1c: changing the password ends all sessions but the one that does it', async (t) => {
    const { id, email, session } = await server.register('Ada');
    const other = await logIn(email);
    const token = accessOf(session);
    const [stays, ends] = await Promise.all([
      LiveClient.listen(t, server, id, token),
      LiveClient.listen(t, server, id, accessOf(other)),
    ]);
    const change = (currentPassword: string, newPassword: string) =>
      server.post('/v1/account/password', { token, body: { currentPassword, newPassword } });
    const wrong = await change('wrong horse battery', 'a new password');
    t.deepEqual([wrong.status, wrong.json['code']], [403, 'forbidden']);
    t.is((await change(PASSWORD, 'short')).status, 422);
    t.true(await areTaken(accessOf(other), true));
    await endOf(t, ends, async () => t.is((await change(PASSWORD, 'a new password')).status, 204));
    t.truthy(await stays.ask({ type: 'ping' }, ({ type }) => type === 'pong'));
    t.true(await areTaken(accessOf(other), false));
    t.true(await areTaken(token, true));
    const refresh = (from: Json) =>
      server.post('/v1/auth/refresh', { body: { refreshToken: from['refreshToken'] } });
    t.is((await refresh(other)).status, 401);
    t.is((await refresh(session)).status, 200);
    t.is((await logIn(email))['code'], 'unauthenticated');
    t.truthy((await logIn(email, 'test', 'a new password'))['accessToken']);
  });

  test('A1c: a change stream that follows ends with its session', async (t) => {
    const { id, session } = await server.register('Ada');
    const token = accessOf(session);
    await server.post(`/v1/creators/${id}/products`, { token, body: { name: 'X' } });
    const { json } = await server.post('/v1/auth/refresh', {
      body: { refreshToken: session['refreshToken'] },
    });
    const path = '/v1/changes?follow=true&from=now';
    const stream = await server.open('GET', path, { token: accessOf(json) });
    t.is(stream.status, 200);
    const read = stream.read();
    const body = { refreshToken: json['refreshToken'] };
    t.is((await server.post('/v1/auth/logout', { body })).status, 204);
    t.true((await read).text.startsWith('{'));
  });
});
