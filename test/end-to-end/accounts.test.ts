// Accounts, follows, and what a public profile shows, against the whole server.

import { journeyOnEachProfile } from './profiles.ts';
import type { Answer } from './sale-client.ts';
import { SaleServer } from './sale-server.ts';

journeyOnEachProfile((test, profile) => {
  let server: SaleServer;
  test.before(async () => {
    server = await SaleServer.start(profile);
  });
  test.after.always(() => server?.stop());

  function refresh(refreshToken: unknown): Promise<Answer> {
    return server.post('/v1/auth/refresh', { body: { refreshToken } });
  }

  test('A1: registering answers 201 with the user and tokens that work', async (t) => {
    const { id, email, session } = await server.register('Ada');
    t.true(typeof session['expiresIn'] === 'number' && session['expiresIn'] > 0);
    const me = await server.get('/v1/users/me', { token: String(session['accessToken']) });
    t.is(me.status, 200);
    t.like(me.json, { id, email, name: 'Ada', roles: [], followerCount: 0, followingCount: 0 });
    t.false(Number.isNaN(Date.parse(String(me.json['createdAt']))));
  });

  test('A1: a public profile shows neither e-mail nor roles', async (t) => {
    const { id } = await server.register('Ada');
    const { status, json } = await server.get(`/v1/users/${id}`);
    t.is(status, 200);
    t.deepEqual(Object.keys(json).toSorted(), [
      'createdAt',
      'followerCount',
      'followingCount',
      'id',
      'name',
    ]);
    t.is((await server.get('/v1/users/nobody')).status, 404);
  });

  test('A1: an e-mail address has one account, in whatever case it is written', async (t) => {
    const { email } = await server.register('Ada');
    const body = { email: email.toUpperCase(), password: 'another password', name: 'Eve' };
    const again = await server.post('/v1/auth/register', { body });
    t.deepEqual([again.status, again.json['code']], [409, 'email-taken']);
  });

  test('A1b: names that show nothing or reorder text are 422; joiners inside emoji stay', async (t) => {
    const family = '👨\u200d👩\u200d👧';
    const { id, session } = await server.register(family);
    const token = String(session['accessToken']);
    t.is((await server.get(`/v1/users/${id}`)).json['name'], family);
    for (const name of ['\u200b', '\u3164', '\u202egnp', 'a\u2028b']) {
      const account = { email: `${server.fresh('x')}@example.com`, password: 'a b c d e f', name };
      const products = `/v1/creators/${id}/products`;
      for (const [path, body] of [
        ['/v1/auth/register', account],
        [products, { name }],
      ] as const) {
        const { status, json } = await server.post(path, { token, body });
        t.deepEqual([status, json['code']], [422, 'invalid-request'], JSON.stringify(name));
      }
    }
  });

  test('A1b: an address and a password are the same however they are written', async (t) => {
    const mailbox = server.fresh('jo\u0308rg');
    const password = 'gro\u0308ße za\u0308hlt';
    const made = { email: `${mailbox}@bücher.example`, password, name: 'Jörg' };
    t.is((await server.post('/v1/auth/register', { body: made })).status, 201);
    const email = `${mailbox.normalize('NFC').toUpperCase()}@XN--BCHER-KVA.example`;
    const other = { email, password: password.normalize('NFC') };
    t.is((await server.post('/v1/auth/login', { body: other })).status, 200);
    const again = await server.post('/v1/auth/register', { body: { ...other, name: 'Eve' } });
    t.deepEqual([again.status, again.json['code']], [409, 'email-taken']);
    const control = { email: 'tab@example.com', password: 'with\ta tab', name: 'Tab' };
    t.is((await server.post('/v1/auth/register', { body: control })).status, 422);
  });

  test('A1, A3: a log-in needs the password and does not reveal accounts', async (t) => {
    const { id, email } = await server.register('Ada');
    const logIn = (body: object) => server.post('/v1/auth/login', { body });
    const good = await logIn({ email, password: 'correct horse battery' });
    t.is(good.status, 200);
    t.is((good.json['user'] as { id: string }).id, id);
    const wrong = await logIn({ email, password: 'wrong horse battery' });
    const unknown = await logIn({ email: 'nobody@example.com', password: 'wrong horse battery' });
    t.is(wrong.status, 401);
    t.deepEqual([wrong.status, wrong.text], [unknown.status, unknown.text]);
  });

  test('A1a: tabs that change one refresh token at once get one new one, which works', async (t) => {
    const { session } = await server.register('Ada');
    const answers = await Promise.all([1, 2, 3, 4].map(() => refresh(session['refreshToken'])));
    t.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]));
    const successors = new Set(answers.map(({ json }) => json['refreshToken']));
    t.is(successors.size, 1);
    const [successor] = successors;
    t.not(successor, session['refreshToken']);
    t.is((await refresh(successor)).status, 200);
  });

  test('A1: a refresh token that was never issued is 401 and revokes nothing', async (t) => {
    const { session } = await server.register('Ada');
    t.is((await refresh('made-up')).status, 401);
    t.is((await refresh(session['refreshToken'])).status, 200);
  });

  test('A1: logging out ends the refresh token, and may be repeated', async (t) => {
    const { session } = await server.register('Ada');
    const body = { refreshToken: session['refreshToken'] };
    t.is((await server.post('/v1/auth/logout', { body })).status, 204);
    t.is((await server.post('/v1/auth/logout', { body })).status, 204);
    t.is((await refresh(session['refreshToken'])).status, 401);
  });

  test('A1: every user may become a creator: the first product makes one', async (t) => {
    const { id, session } = await server.register('Ada');
    const token = String(session['accessToken']);
    const product = await server.post(`/v1/creators/${id}/products`, {
      token,
      body: { name: 'X' },
    });
    t.is(product.status, 201);
    t.deepEqual((await server.get('/v1/users/me', { token })).json['roles'], ['creator']);
  });

  test('A2: a token is enough; a forged, foreign or expired one is not', async (t) => {
    const forged = `${server.token('ada').slice(0, -2)}xx`;
    const none = Buffer.from('{"alg":"none"}').toString('base64url');
    const unsigned = `${none}.${server.token('ada').split('.')[1]}.`;
    for (const token of [forged, unsigned, server.token('ada', -1), 'x', '']) {
      const { status, json, headers } = await server.get('/v1/orders', { token });
      t.deepEqual([status, json['code']], [401, 'unauthenticated'], token);
      t.is(headers.get('www-authenticate'), 'Bearer');
    }
    t.is((await server.get('/v1/orders', { as: 'ada' })).status, 200);
  });

  test('F1: following and unfollowing are idempotent, and nobody follows themselves', async (t) => {
    const { id: creator } = await server.register('Cleo');
    const { id: fan } = await server.register('Fay');
    const path = `/v1/creators/${creator}/follow`;
    const isFollowing = async () =>
      (await server.get(`/v1/follows?user_id=${fan}&creator_id=${creator}`)).json['following'];
    t.false(await isFollowing());
    for (const method of ['POST', 'POST', 'DELETE', 'DELETE', 'POST']) {
      t.is((await server.call(method, path, { as: fan })).status, 204);
      t.is(await isFollowing(), method === 'POST');
    }
    t.is((await server.get(`/v1/users/${creator}`)).json['followerCount'], 1);
    t.is((await server.get(`/v1/users/${fan}`)).json['followingCount'], 1);
    const self = await server.post(`/v1/creators/${fan}/follow`, { as: fan });
    t.deepEqual([self.status, self.json['code']], [400, 'invalid-request']);
    t.is((await server.post('/v1/creators/nobody/follow', { as: fan })).status, 404);
  });

  test('F2, F3: followers and following are paged newest first, with exact counts', async (t) => {
    const { id: creator } = await server.register('Cleo');
    const fans = Array.from({ length: 25 }, () => server.fresh('fan'));
    for (const fan of fans) await server.post(`/v1/creators/${creator}/follow`, { as: fan });
    await Promise.all(
      fans.map((fan) => server.post(`/v1/creators/${creator}/follow`, { as: fan })),
    );
    const pages = await server.listAll(`/v1/creators/${creator}/followers`);
    const listed = pages.map(({ userId }) => userId as string);
    t.deepEqual(listed.toSorted(), fans.toSorted());
    t.is(listed[0], fans.at(-1));
    t.is((await server.get(`/v1/users/${creator}`)).json['followerCount'], 25);
    const following = await server.get(`/v1/users/${fans[0]!}/following`);
    t.like((following.json['items'] as object[])[0], { userId: creator, name: 'Cleo' });
  });
});
