// The audit log against the whole server: what creators change, by token and by API key, is listed
// to them and to operators, and to nobody else (X5).

import { runCommand } from '../operator/run-command.ts';
import { onEachProfile } from './profiles.ts';
import { dropTerms, type Json, succeeded } from './sale-client.ts';
import { SaleServer } from './sale-server.ts';

interface Entry extends Json {
  readonly action: string;
  readonly changes: readonly { readonly field: string; before: unknown; after: unknown }[];
}

onEachProfile((test, profile) => {
  let server: SaleServer;
  test.before(async () => {
    server = await SaleServer.start(profile, { LIVEDROPS_OUTBOUND_ALLOW: '127.0.0.0/8' });
  });
  test.after.always(() => server?.stop());

  const entriesOf = async (as: string, query = '') =>
    (await server.get(`/v1/audit?limit=100${query}`, { as })).json['items'] as Entry[];
  const operator = () => server.token('boss', 60, ['operator']);
  const ofOperators = async (query: string) =>
    (await server.get(`/v1/operator/audit?limit=100&${query}`, { token: operator() })).json[
      'items'
    ] as Entry[];

  test('X5: a creator sees each change with its fields, by whom and by which request', async (t) => {
    const creator = server.fresh('creator');
    const product = await server.product(creator);
    const headers = { 'x-request-id': 'a-request' };
    const path = `/v1/products/${product}`;
    succeeded(
      await server.call('PATCH', path, { as: creator, body: { name: 'Desk lamp' }, headers }),
    );
    const body = { ...dropTerms(), stock: 5 };
    const made = succeeded(await server.post(`${path}/drops`, { as: creator, body }));
    const drop = String(made.json['id']);
    const order = succeeded(await server.order(drop, server.fresh('buyer'), 'k'));
    succeeded(
      await server.call('PATCH', `/v1/drops/${drop}`, { as: creator, body: { addStock: 3 } }),
    );
    succeeded(await server.post(`/v1/drops/${drop}/pause`, { as: creator, body: {} }));
    succeeded(await server.post(`/v1/orders/${String(order.json['id'])}/refund`, { as: creator }));
    succeeded(await server.post(`/v1/drops/${drop}/cancel`, { token: operator() }));
    const stranger = await server.call('PATCH', path, { as: 'mallory', body: { name: 'Mine' } });
    t.is(stranger.status, 403);

    const entries = await entriesOf(creator);
    t.deepEqual(
      entries.map(({ action }) => action),
      [
        'drops.cancel',
        'orders.refund',
        'drops.pause',
        'drops.amend',
        'drops.create',
        'products.change',
        'products.add',
      ],
    );
    const [cancelled, refunded, paused, amended, created, renamed] = entries;
    t.like(renamed, {
      actor: { kind: 'user', id: creator, keyId: null },
      target: { type: 'product', id: product },
      outcome: 'done',
      requestId: 'a-request',
      address: '127.0.0.1',
    });
    t.deepEqual(renamed?.changes, [{ field: 'name', before: 'Lamp', after: 'Desk lamp' }]);
    t.deepEqual(amended?.changes, [{ field: 'stocked', before: 5, after: 8 }]);
    t.deepEqual(paused?.changes, [{ field: 'paused', before: null, after: true }]);
    t.like(created, { target: { type: 'drop', id: drop } });
    t.like(refunded, { target: { type: 'order', id: String(order.json['id']) } });
    t.like(cancelled, { actor: { kind: 'command-line', id: 'boss' }, creatorId: creator });
    t.true(
      cancelled?.changes.some(({ field, after }) => field === 'status' && after === 'cancelled'),
    );

    t.deepEqual(await entriesOf('mallory'), []);
    t.is((await server.get(`/v1/audit?creator_id=${creator}`, { as: 'mallory' })).status, 404);
    t.deepEqual(await entriesOf(creator, '&action=drops.amend'), [amended!]);
    t.deepEqual(await ofOperators(`target=${drop}&action=drops.amend`), [amended!]);
    const since = String(amended!['at']);
    t.deepEqual(await entriesOf(creator, `&target=${drop}&to=${since}`), [created!]);
  });

  test('X5, A5: a change by an API key names the key, and no secret gets into the log', async (t) => {
    const owner = server.fresh('shop');
    const wanted = { name: 'Desk', scopes: ['catalogue:write', 'webhooks:write'] };
    const key = succeeded(await server.post('/v1/account/api-keys', { as: owner, body: wanted }));
    const token = String(key.json['key']);
    const body = { name: 'Lamp' };
    succeeded(await server.post(`/v1/creators/${owner}/products`, { token, body }));
    const url = 'http://127.0.0.1:65535/hook?token=very-secret';
    const hook = { url, events: ['order.confirmed'] };
    const made = succeeded(await server.post('/v1/webhooks', { token, body: hook }));
    const path = `/v1/webhooks/${String(made.json['id'])}`;
    succeeded(await server.call('PATCH', path, { token, body: { description: 'mine' } }));
    succeeded(await server.call('DELETE', path, { token }));
    const entries = await entriesOf(owner);
    t.deepEqual(
      entries.map(({ action }) => action),
      ['webhooks.remove', 'webhooks.change', 'webhooks.create', 'products.add', 'keys.create'],
    );
    const actor = { kind: 'api-key', id: owner, keyId: key.json['id'] };
    t.like(entries[3], { actor });
    t.deepEqual(await ofOperators(`actor=${String(key.json['id'])}`), entries.slice(0, 4));
    const text = JSON.stringify(entries);
    for (const secret of [token, 'very-secret', String(made.json['secret'])])
      t.false(text.includes(secret));
  });

  test('X5, H11: a repeat of a request is no second change', async (t) => {
    const creator = server.fresh('creator');
    const options = {
      as: creator,
      body: { name: 'Lamp' },
      headers: { 'idempotency-key': 'a-key' },
    };
    for (let i = 0; i < 3; i++)
      succeeded(await server.post(`/v1/creators/${creator}/products`, options));
    t.deepEqual(
      (await entriesOf(creator)).map(({ action }) => action),
      ['products.add'],
    );
  });

  test('X5: livedrops audit lists what was changed', async (t) => {
    const creator = server.fresh('creator');
    const product = await server.product(creator);
    const args = ['audit', '--target', product, '--since', '1h', '--url', server.nextUrl()];
    const run = (...more: string[]) =>
      runCommand([...args, ...more], { environment: server.settings });
    const [text, json] = await Promise.all([run(), run('--json')]);
    t.regex(text.stdout, /products\.add .*name - -> Lamp[\s\S]*1 change\n$/);
    t.like((JSON.parse(json.stdout) as Json[])[0], { action: 'products.add', creatorId: creator });
  });
});
