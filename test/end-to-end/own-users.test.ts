// A shop's own users against the whole server: tokens in exchange for the shop's API key.

import { createHash } from 'node:crypto';
import { PUSH_SUBSCRIPTIONS_MAX } from '../../contracts/bounds.ts';
import type { Scope } from '../../contracts/creator-actions.ts';
import { CREATOR_SCOPES } from './creator-scopes.ts';
import { LiveClient } from './live-client.ts';
import { onEachProfile } from './profiles.ts';
import type { Json } from './sale-client.ts';
import { SaleServer } from './sale-server.ts';

const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const EXCHANGE = {
  grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
  subject_token_type: 'urn:livedrops:params:oauth:token-type:shop-user',
};

onEachProfile((test, profile) => {
  let server: SaleServer;
  test.before(async () => {
    server = await SaleServer.start(profile);
  });
  test.after.always(() => server?.stop());

  async function keyOf(shop: string, scopes: readonly Scope[] = CREATOR_SCOPES): Promise<string> {
    const body = { name: 'Shop server', scopes };
    return String((await server.post('/v1/account/api-keys', { as: shop, body })).json['key']);
  }

  const exchange = (token: string, user: string, more: Json = {}) =>
    server.post('/v1/token', { token, body: { ...EXCHANGE, subject_token: user, ...more } });

  test('A6: a shop’s server gets a token for its user, who orders and listens with it', async (t) => {
    const shop = server.fresh('shop');
    const key = await keyOf(shop, ['tokens:exchange']);
    const { status, json, headers } = await exchange(key, 'customer-17');
    t.is(status, 200);
    t.is(headers.get('cache-control'), 'no-store');
    const userId = `~${shop}:customer-17`;
    t.like(json, {
      issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      token_type: 'Bearer',
      expires_in: 900,
      user_id: userId,
    });
    const token = String(json['access_token']);
    const client = await LiveClient.listen(t, server, userId, token);
    const dropId = await server.drop(shop);
    const order = await server.post(`/v1/drops/${dropId}/orders`, {
      token,
      headers: { 'idempotency-key': 'k' },
      body: { quantity: 1 },
    });
    t.is(order.status, 201);
    t.is(order.json['userId'], userId);
    await client.next(({ type }) => type === 'notification');
    t.is((await server.get('/v1/operator/nodes', { token })).status, 403);
    // The token is the user's, and opens nothing of the shop's.
    t.is((await exchange(token, 'customer-18')).status, 403);
  });

  test('A6: RFC 8693: the request may be a form, as clients of OAuth send it', async (t) => {
    const key = await keyOf(server.fresh('shop'));
    const form = new URLSearchParams({ ...EXCHANGE, subject_token: 'a|b c'.replace(' ', '+') });
    const options = { token: key, headers: FORM };
    const { status, json } = await server.post('/v1/token', { ...options, body: form.toString() });
    t.is(status, 200);
    t.true(String(json['user_id']).endsWith(':a|b+c'));
    for (const body of [
      '',
      'grant_type=password',
      `${form.toString()}&scope=operator`,
      `${form.toString()}&subject_token=eve`,
      `${form.toString()}%`,
      'x'.repeat(20_000),
    ]) {
      const refused = await server.post('/v1/token', { ...options, body });
      t.true([400, 422].includes(refused.status), `${body.slice(0, 80)}: ${refused.status}`);
    }
  });

  test('A6: two shops’ equal names are two users, and none is anybody else', async (t) => {
    const [one, other] = [server.fresh('shop'), server.fresh('shop')];
    const ids = [];
    for (const shop of [one, other]) {
      const { json } = await exchange(await keyOf(shop), 'ann');
      ids.push(json['user_id']);
    }
    t.deepEqual(ids, [`~${one}:ann`, `~${other}:ann`]);
    // A name that is too long for an id is hashed, the same each time.
    const key = await keyOf(one);
    const long = 'x'.repeat(128);
    const hash = createHash('sha256').update(long).digest('base64url');
    for (let i = 0; i < 2; i++)
      t.is((await exchange(key, long)).json['user_id'], `~${one}:#${hash}`);
    // A shop whose creator has an id of another form is hashed, too.
    const odd = `@partner:${one}`;
    const { json } = await exchange(await keyOf(odd), 'ann');
    t.regex(String(json['user_id']), /^~\.[\w-]{43}:ann$/);
  });

  test('A6: without the scope, without a key and with wrong words there is no token', async (t) => {
    const shop = server.fresh('shop');
    const key = await keyOf(shop);
    const others = CREATOR_SCOPES.filter((scope) => scope !== 'tokens:exchange');
    t.is((await exchange(await keyOf(shop, others), 'ann')).status, 403);
    t.is((await exchange(server.token(shop), 'ann')).status, 403);
    t.is((await server.post('/v1/token', { body: EXCHANGE })).status, 401);
    for (const wrong of [
      { grant_type: 'client_credentials' },
      { subject_token: '' },
      { subject_token: 'me' },
      { subject_token: 'ann lee' },
      { subject_token: 'x'.repeat(129) },
      { subject_token_type: 'urn:ietf:params:oauth:token-type:access_token' },
      { requested_token_type: 'urn:ietf:params:oauth:token-type:refresh_token' },
      { roles: ['operator'] },
    ]) {
      const { status } = await exchange(key, 'ann', wrong);
      t.is(status, 422, JSON.stringify(wrong));
    }
  });

  test('A6: contacts of a shop’s users are stored, changed, exported and erased by key', async (t) => {
    const shop = server.fresh('shop');
    const token = await keyOf(shop, ['contacts:write']);
    const path = '/v1/shop/contacts';
    const put = (user: string, body: Json) =>
      server.call('PUT', `${path}/${encodeURIComponent(user)}`, { token, body });
    const pushSubscriptions = [
      { endpoint: 'https://push.example.org/x', keys: { p256dh: 'BA', auth: 'Zz' } },
    ];
    const stored = await put('a|b', {
      email: 'Ann@Example.org',
      language: 'de',
      pushSubscriptions,
    });
    t.is(stored.status, 200);
    const userId = `~${shop}:a|b`;
    t.like(stored.json, { userId, user: 'a|b', email: 'ann@example.org', language: 'de' });
    t.deepEqual((await server.get(`${path}/a%7Cb`, { token })).json, stored.json);
    const changed = await put('a|b', { email: 'ann@other.example.org' });
    t.is(changed.json['createdAt'], stored.json['createdAt']);
    t.is(changed.json['pushSubscriptions'], undefined);
    for (let i = 0; i < 4; i++) await put(`user-${i}`, { language: 'en' });
    const users: string[] = [];
    let cursor = '';
    do {
      const page = await server.get(`${path}?limit=2${cursor}`, { token });
      users.push(...(page.json['items'] as Json[]).map(({ user }) => String(user)));
      const next = page.json['nextCursor'] as string | null;
      cursor = next === null ? '' : `&cursor=${next}`;
    } while (cursor !== '');
    t.deepEqual(users, ['user-3', 'user-2', 'user-1', 'user-0', 'a|b']);
    for (let i = 0; i < 2; i++)
      t.is((await server.call('DELETE', `${path}/a%7Cb`, { token })).status, 204);
    t.is((await server.get(`${path}/a%7Cb`, { token })).status, 404);
    const stranger = await keyOf(server.fresh('shop'));
    t.is((await server.get(`${path}/user-0`, { token: stranger })).status, 404);
    t.deepEqual((await server.get(path, { token: stranger })).json['items'], []);
    t.is((await server.get(path, { token: server.token(shop) })).status, 403);
    t.is((await server.get(path, { token: await keyOf(shop, ['tokens:exchange']) })).status, 403);
  });

  test('A6: contacts that could be nobody’s are refused', async (t) => {
    const token = await keyOf(server.fresh('shop'));
    const keys = { p256dh: 'BA', auth: 'Zz' };
    for (const body of [
      { email: 'nobody' },
      { language: 'x' },
      { pushSubscriptions: [{ endpoint: 'http://push.example.org/x', keys }] },
      { pushSubscriptions: [{ endpoint: 'https://127.0.0.1/x', keys }] },
      { pushSubscriptions: [{ endpoint: 'https://db.internal/x', keys }] },
      { pushSubscriptions: [{ endpoint: 'https://push.example.org/x', keys: { auth: 'Zz' } }] },
      {
        pushSubscriptions: Array.from({ length: PUSH_SUBSCRIPTIONS_MAX + 1 }, () => ({
          endpoint: 'https://a.example.org',
          keys,
        })),
      },
    ]) {
      const { status } = await server.call('PUT', '/v1/shop/contacts/ann', { token, body });
      t.is(status, 422, JSON.stringify(body));
    }
    t.is((await server.get('/v1/shop/contacts/ann', { token })).status, 404);
    t.is((await server.get('/v1/shop/contacts/me', { token })).status, 404);
  });
});
