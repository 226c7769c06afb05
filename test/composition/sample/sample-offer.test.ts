// Whom a server offers its sample shop to (U1, decision 112).

import test from 'ava';
import { loadConfig } from '../../../composition/config.ts';
import { mayOfferSample } from '../../../composition/sample/sample-offer.ts';
import { SaleServer } from '../../end-to-end/sale-server.ts';

const PATH = '/v1/sample-shop';

test('U1: no setting of a shop that is for real offers a sample', (t) => {
  const settings = { LIVEDROPS_DATA: '/tmp/none' };
  t.true(mayOfferSample(loadConfig(settings)));
  for (const real of [
    { LIVEDROPS_SELLERS: 'approved' },
    {
      LIVEDROPS_PAYMENT_PROVIDER: 'stripe',
      LIVEDROPS_STRIPE_SECRET_KEY: 'sk_test_x',
      LIVEDROPS_STRIPE_PUBLISHABLE_KEY: 'pk_test_x',
      LIVEDROPS_STRIPE_WEBHOOK_SECRET: 'whsec_x',
    },
    {
      LIVEDROPS_AUTH_ISSUER: 'https://issuer.example',
      LIVEDROPS_AUTH_AUDIENCE: 'shop',
    },
  ])
    t.false(mayOfferSample(loadConfig({ ...settings, ...real })), JSON.stringify(real));
});

test('U1: who is on the machine makes one sample shop, once; nobody else does', async (t) => {
  t.timeout(240_000);
  const server = await SaleServer.start('embedded');
  t.teardown(() => server.stop());
  const [url] = server.urls;
  const ask = async (method: 'GET' | 'POST', headers: Record<string, string> = {}) => {
    const body = method === 'POST' ? { body: '{}' } : {};
    const type = { 'content-type': 'application/json' };
    const answer = await fetch(`${url}${PATH}`, {
      method,
      headers: { ...type, ...headers },
      ...body,
    });
    return { status: answer.status, json: (await answer.json()) as Record<string, unknown> };
  };
  const proxied = { 'x-forwarded-for': '203.0.113.7' };
  t.deepEqual((await ask('GET', proxied)).json, { isOffered: false });
  t.is((await ask('POST', proxied)).status, 403);
  // A page of another site can send no JSON without being asked first.
  t.is((await ask('POST', { 'content-type': 'text/plain' })).status, 415);
  t.deepEqual((await ask('GET')).json, { isOffered: true });

  const answers = await Promise.all([ask('POST'), ask('POST')]);
  t.deepEqual(
    answers.map(({ status }) => status).toSorted((a, b) => a - b),
    [201, 409],
  );
  const { json } = answers.find(({ status }) => status === 201)!;
  const { dropId, email, password } = json;
  t.like((await server.get(`/v1/drops/${String(dropId)}`)).json, { status: 'live', free: 8 });
  const body = { email, password };
  t.is((await server.post('/v1/auth/login', { body })).status, 200);

  t.deepEqual((await ask('GET')).json, { isOffered: false });
  t.like(await ask('POST'), { status: 409, json: { code: 'too-many' } });
});
