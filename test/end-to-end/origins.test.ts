// A page of another origin that buys, on both profiles.

import { onEachProfile } from './profiles.ts';
import { SaleServer } from './sale-server.ts';

const SHOP = 'https://shop.example';

onEachProfile((test, profile) => {
  let server: SaleServer;
  test.before(async () => {
    server = await SaleServer.start(profile, {
      LIVEDROPS_CORS_ORIGINS: `${SHOP}, http://localhost`,
    });
  });
  test.after.always(() => server?.stop());

  test('G5: a page of a listed origin asks first, and then orders and reads', async (t) => {
    const dropId = await server.drop('creator');
    const path = `/v1/drops/${dropId}/orders`;
    const asked = await server.call('OPTIONS', path, {
      headers: {
        origin: SHOP,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization, content-type, idempotency-key',
      },
    });
    t.is(asked.status, 204);
    t.true(asked.headers.get('access-control-allow-methods')!.includes('POST'));
    const headers = { origin: SHOP, 'idempotency-key': 'k' };
    const placed = await server.post(path, { as: 'buyer', headers, body: { quantity: 1 } });
    t.is(placed.status, 201);
    const read = await server.get(`/v1/drops/${dropId}`, { headers: { origin: SHOP } });
    t.is(read.status, 200);
    for (const answer of [asked, placed, read])
      t.is(answer.headers.get('access-control-allow-origin'), SHOP);
  });

  test('G5: a page of another origin may read nothing', async (t) => {
    const headers = { origin: 'https://other.example' };
    const { status, headers: answered } = await server.get('/v1/drops', { headers });
    t.is(status, 200);
    t.false(answered.has('access-control-allow-origin'));
    t.is(answered.get('vary'), 'origin');
  });
});
