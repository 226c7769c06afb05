// API keys against the whole server: what each scope opens, that a key never buys, and that a
// revoked key is refused through every gateway.

import { OPERATIONS_SCOPE, type Scope } from '../../contracts/creator-actions.ts';
import { CREATOR_SCOPES } from './creator-scopes.ts';
import { LiveClient } from './live-client.ts';
import { onEachProfile } from './profiles.ts';
import { dropTerms, eventually, type Json } from './sale-client.ts';
import { SaleServer } from './sale-server.ts';

const PATH = '/v1/account/api-keys';
/** A revoked key is refused within this time. */
const REVOKED_WITHIN_MS = 1_000;

interface Described {
  readonly security?: readonly Readonly<Record<string, readonly string[]>>[];
}

onEachProfile((test, profile) => {
  let server: SaleServer;
  test.before(async () => {
    server = await SaleServer.start(profile);
  });
  test.after.always(() => server?.stop());

  async function makeKey(owner: string, scopes: readonly Scope[], more: Json = {}) {
    const body = { name: 'Desk', scopes, ...more };
    const { status, json, text } = await server.post(PATH, { as: owner, body });
    if (status !== 201) throw new Error(`the key was answered ${status}: ${text}`);
    return { id: String(json['id']), key: String(json['key']) };
  }

  async function statusOf(token: string, path = '/v1/changes', method = 'GET'): Promise<number> {
    const answer = await server.open(method, path, { token });
    await answer.read().catch((error: unknown) => {
      // A stream of lines is broken off when the key is revoked.
      if (!(error instanceof TypeError)) throw error;
    });
    return answer.status;
  }

  const listed = async (owner: string) =>
    (await server.get(PATH, { as: owner })).json['items'] as Json[];

  test('A5: a key is shown once; the list shows its name, scopes, end and last use', async (t) => {
    const owner = server.fresh('shop');
    const endsAt = new Date(Date.now() + 60_000).toISOString();
    const { id, key } = await makeKey(owner, ['orders:read', 'changes:read'], { endsAt });
    t.regex(key, /^ld_key_[0-9A-Za-z]{38}$/);
    const [shown, ...others] = await listed(owner);
    t.deepEqual(others, []);
    t.like(shown, { id, name: 'Desk', scopes: ['orders:read', 'changes:read'], endsAt });
    t.is(shown?.['lastUsedAt'], null);
    t.false(JSON.stringify(shown).includes(key));
    t.is(await statusOf(key), 200);
    const [used] = await server.inAMoment(
      () => listed(owner),
      ([one]) => one?.['lastUsedAt'] !== null,
    );
    t.regex(String(used?.['lastUsedAt']), /:00:00\.000Z$/);
    t.deepEqual(await listed(server.fresh('other')), []);
  });

  test('A5: a key does what its scopes say, for its owner only', async (t) => {
    const owner = server.fresh('shop');
    const { key } = await makeKey(owner, ['catalogue:write', 'orders:read', 'orders:refund']);
    const options = { token: key };
    const made = await server.post(`/v1/creators/${owner}/products`, {
      ...options,
      body: { name: 'Lamp' },
    });
    t.is(made.status, 201);
    const productId = String(made.json['id']);
    const drop = await server.post(`/v1/products/${productId}/drops`, {
      ...options,
      body: dropTerms(),
    });
    t.is(drop.status, 201);
    const dropId = String(drop.json['id']);
    const order = await server.order(dropId, server.fresh('buyer'), 'k');
    const orderPath = `/v1/orders/${String(order.json['id'])}`;
    t.is((await server.get(`${orderPath}/payments`, options)).status, 200);
    t.is((await server.post(`${orderPath}/refund`, options)).status, 200);
    const other = server.fresh('shop');
    t.is(
      (await server.post(`/v1/creators/${other}/products`, { ...options, body: { name: 'x' } }))
        .status,
      403,
    );
    const otherDrop = await server.drop(other);
    t.is((await server.post(`/v1/drops/${otherDrop}/cancel`, options)).status, 403);
    t.is(await statusOf(key), 403);
  });

  test('A5: without its scope, and on routes without one, a key is 403', async (t) => {
    const owner = server.fresh('shop');
    const all = (await makeKey(owner, CREATOR_SCOPES)).key;
    const { json } = await server.get('/openapi.json');
    const paths = json['paths'] as Record<string, Record<string, Described>>;
    let opened = 0;
    let closed = 0;
    for (const [path, methods] of Object.entries(paths)) {
      for (const [method, { security = [] }] of Object.entries(methods)) {
        // An empty one: anybody may ask, and credentials show more.
        if (security.length === 0 || security.some((one) => !('token' in one || 'apiKey' in one)))
          continue;
        const needed = security.find((one) => 'apiKey' in one)?.['apiKey']?.[0];
        if (needed === OPERATIONS_SCOPE) continue;
        const address = path.replaceAll(/\{\w+\}/g, 'abc_1');
        const ask = (key: string) => statusOf(key, address, method.toUpperCase());
        if (needed === undefined) {
          t.is(await ask(all), 403, `${method} ${path}`);
          closed += 1;
          continue;
        }
        const others = CREATOR_SCOPES.filter((scope) => scope !== needed);
        const { id, key } = await makeKey(owner, others);
        t.is(await ask(key), 403, `${method} ${path}`);
        await server.call('DELETE', `${PATH}/${id}`, { as: owner });
        const own = await makeKey(owner, [needed as Scope]);
        t.not(await ask(own.key), 401, `${method} ${path}`);
        await server.call('DELETE', `${PATH}/${own.id}`, { as: owner });
        opened += 1;
      }
    }
    t.true(opened >= 8 && closed >= 20, `${opened} ${closed}`);
  });

  test('A5: a key never orders as a buyer, opens no live stream and manages no keys', async (t) => {
    const owner = server.fresh('shop');
    const { key } = await makeKey(owner, CREATOR_SCOPES);
    const dropId = await server.drop(owner);
    const order = await server.post(`/v1/drops/${dropId}/orders`, {
      token: key,
      headers: { 'idempotency-key': 'k' },
      body: { quantity: 1 },
    });
    t.deepEqual([order.status, order.json['code']], [403, 'forbidden']);
    const headers = { authorization: `Bearer ${key}` };
    await t.throwsAsync(LiveClient.open(t, server, '/v1/notifications', { headers }), {
      message: /403/,
    });
    t.is(
      (await server.post(PATH, { token: key, body: { name: 'x', scopes: CREATOR_SCOPES } })).status,
      403,
    );
    t.is((await server.get(PATH, { token: key })).status, 403);
  });

  test('A5: a revoked key is refused through every gateway within a second', async (t) => {
    const owner = server.fresh('shop');
    const { id, key } = await makeKey(owner, ['changes:read']);
    const ask = () => statusOf(key);
    t.deepEqual([await ask(), await ask()], [200, 200]);
    const stream = await server.open('GET', '/v1/changes?follow=true', { token: key });
    t.is(stream.status, 200);
    t.is((await server.call('DELETE', `${PATH}/${id}`, { as: server.fresh('eve') })).status, 404);
    t.is((await server.call('DELETE', `${PATH}/${id}`, { as: owner })).status, 204);
    await stream.read();
    const both = await eventually(
      async () => [await ask(), await ask()],
      (statuses) => statuses.every((status) => status === 401),
      REVOKED_WITHIN_MS,
    );
    t.deepEqual(both, [401, 401]);
    t.deepEqual(await listed(owner), []);
  });

  test('A5: all keys of a user are revoked together, and nobody else’s', async (t) => {
    const owner = server.fresh('shop');
    const other = await makeKey(server.fresh('shop'), ['changes:read']);
    const keys = [await makeKey(owner, ['changes:read']), await makeKey(owner, ['changes:read'])];
    t.is((await server.call('DELETE', PATH, { token: keys[0]!.key })).status, 403);
    t.is((await server.call('DELETE', PATH, { as: owner })).status, 204);
    t.deepEqual(await listed(owner), []);
    const refused = await eventually(
      () => Promise.all(keys.map(({ key }) => statusOf(key))),
      (statuses) => statuses.every((status) => status === 401),
      REVOKED_WITHIN_MS,
    );
    t.deepEqual(refused, [401, 401]);
    t.is(await statusOf(other.key), 200);
  });

  test('A5: what is no key, and a key of nobody, is 401', async (t) => {
    const { key } = await makeKey(server.fresh('shop'), ['changes:read']);
    for (const token of ['ld_key_', `${key}x`, key.replace(/.$/, '_'), key.toLowerCase()])
      t.is(await statusOf(token), 401, token);
    const { json } = await server.get('/v1/changes', { token: `${key}x` });
    t.is(json['detail'], 'The API key is not valid, was revoked, or has ended.');
  });
});
