// Who may ask, how often, and what HTTP itself refuses: problems with their statuses.

import { hash, randomBytes } from 'node:crypto';
import test from 'ava';
import { newKeyText } from '../../../app/api-key-text.ts';
import { success } from '../../../domain/refusal.ts';
import { DEFAULT_RATE_POLICIES } from '../../../gateway/http/rate-limits.ts';
import { drop, startFixture } from '../fixture.ts';
import { ask } from './ask.ts';

const PLACE = `mutation ($i: PlaceOrderInput!, $j: PlaceOrderInput!) {
  a: placeOrder(input: $i) { __typename } b: placeOrder(input: $j) { __typename }
}`;
const input = (idempotencyKey: string) => ({ dropId: 'drp_1', quantity: 1, idempotencyKey });
const END = 'mutation { endOtherSessions { __typename } }';

test('G2: a limit is a problem with 429, before any field of the operation is done', async (t) => {
  const fixture = await startFixture(t, { rateLimits: true });
  const quota = DEFAULT_RATE_POLICIES.orders.user!.quota;
  const statuses: number[] = [];
  for (let i = 0; i < quota; i++) {
    const variables = { i: input(`${i}a`), j: input(`${i}b`) };
    const reply = await ask(fixture, PLACE, variables, { as: 'buyer' });
    statuses.push(reply.status);
    if (reply.status !== 429) continue;
    t.is(reply.headers.get('content-type'), 'application/problem+json');
    t.true(reply.headers.has('retry-after'));
    t.like(reply.json, { code: 'rate-limited', status: 429 });
  }
  const allowed = statuses.filter((status) => status === 200).length;
  t.true(statuses.includes(429));
  t.is(fixture.router.ofType('place-order').length, 2 * allowed);
  const rest = await fixture.request('POST', '/v1/drops/drp_1/orders', {
    as: 'buyer',
    headers: { 'idempotency-key': 'rest' },
    body: { quantity: 1 },
  });
  t.is(rest.status, 429, 'both count against the same limit');
});

test('G2: what is costly counts as so many reads', async (t) => {
  const fixture = await startFixture(t, { rateLimits: true });
  fixture.actions['catalogue.drops'] = () => success({ items: [drop], nextCursor: null });
  const costly = '{ drops(first: 100) { nodes { product { name } creator { name } } } }';
  const until = async (document: string): Promise<number> => {
    for (let count = 0; ; count++) {
      const { status } = await ask(fixture, document, {}, { as: `reader${document.length}` });
      if (status === 429) return count;
    }
  };
  const [cheap, dear] = [await until('{ __typename }'), await until(costly)];
  t.true(dear > 0);
  t.true(cheap >= 3 * dear, `${cheap} and ${dear}`);
});

test('G2: without a token, or with a bad one, it is 401', async (t) => {
  const fixture = await startFixture(t);
  const anonymous = await ask(fixture, END);
  t.is(anonymous.status, 401);
  t.is(anonymous.headers.get('www-authenticate'), 'Bearer');
  t.like(anonymous.json, { code: 'unauthenticated' });
  const headers = { authorization: 'Bearer nonsense' };
  for (const document of [END, '{ __typename }'])
    t.is((await ask(fixture, document, {}, { headers })).status, 401);
  t.deepEqual((await ask(fixture, '{ viewer { orders { nodes { id } } } }')).data, {
    viewer: null,
  });
  t.deepEqual(fixture.calls, []);
});

test('G2: media type, size, method and form of a request are answered by HTTP', async (t) => {
  const fixture = await startFixture(t);
  const post = (body: string, type = 'application/json') =>
    fixture.request('POST', '/v1/graphql', { body, headers: { 'content-type': type } });
  t.is((await post('{ __typename }', 'application/graphql')).status, 415);
  t.is((await post(JSON.stringify({ query: ' '.repeat(70_000) }))).status, 413);
  for (const body of ['{', '[]', '{}', '{"query":1}', '{"query":"{a}","variables":[]}'])
    t.is((await post(body)).status, 400, body);
  t.is((await fixture.request('DELETE', '/v1/graphql')).status, 405);
  const mutation = `/v1/graphql?query=${encodeURIComponent(END)}`;
  const refused = await fixture.request('GET', mutation, { as: 'buyer' });
  t.is(refused.status, 405);
  t.is(refused.headers.get('allow'), 'POST');
});

test('G2: a GET is cached by everybody only where it shows nobody’s own', async (t) => {
  const fixture = await startFixture(t);
  const path = `/v1/graphql?query=${encodeURIComponent('{ viewer { __typename } }')}`;
  const open = await fixture.request('GET', path);
  t.is(open.headers.get('cache-control'), 'public, max-age=1');
  t.is(open.headers.get('vary'), 'accept, authorization');
  const own = await fixture.request('GET', path, { as: 'buyer' });
  t.is(own.headers.get('cache-control'), 'private, no-store');
  t.deepEqual((own.json as { data: unknown }).data, { viewer: { __typename: 'Viewer' } });
  const posted = await ask(fixture, '{ __typename }');
  t.is(posted.headers.get('cache-control'), 'no-store');
});

test('G2: a query that is used again may be named by its digest, in a short GET', async (t) => {
  const fixture = await startFixture(t);
  const query = 'query Named($n: Int) { drops(first: $n) { nodes { id } } }';
  fixture.actions['catalogue.drops'] = () => success({ items: [drop], nextCursor: null });
  const documentId = `sha256:${hash('sha256', query, 'hex')}`;
  const path = `/v1/graphql?documentId=${documentId}&variables=${encodeURIComponent('{"n":1}')}`;
  const unknown = await fixture.request('GET', path);
  t.like(unknown.json, { errors: [{ extensions: { code: 'document-unknown' } }] });
  t.is(unknown.headers.get('cache-control'), 'no-store');
  for (let times = 0; times < 2; times++) await ask(fixture, query, { n: 1 });
  const named = await fixture.request('GET', path);
  t.like(named.json, { data: { drops: { nodes: [{ id: 'RHJvcDpkcnBfMQ==' }] } } });
  t.is(named.headers.get('cache-control'), 'public, max-age=1');
  const both = await fixture.request('POST', '/v1/graphql', { body: { query, documentId } });
  t.is(both.status, 400);
});

test('A5: an API key does what its scopes allow, and counts under its own limit', async (t) => {
  const fixture = await startFixture(t, { rateLimits: true });
  const scopes = ['catalogue:write'];
  fixture.actions['keys.resolve'] = () =>
    success({ keyId: 'ak_1', ownerId: 'creator', scopes, endsAt: null });
  fixture.router.answer = () => success(drop);
  const headers = { authorization: `Bearer ${newKeyText((count) => randomBytes(count))}` };
  const document = `mutation {
    pauseDrop(input: { dropId: "drp_1" }) { ... on Refused { code } __typename }
    refundOrder(input: { orderId: "drp_1-0" }) { ... on Refused { code detail } }
    endOtherSessions { ... on Refused { code } }
  }`;
  const { data } = await ask(fixture, document, {}, { headers });
  t.not((data['pauseDrop'] as { code?: string }).code, 'forbidden');
  t.like(data['refundOrder'], { code: 'forbidden' });
  t.deepEqual(data['endOtherSessions'], { code: 'forbidden' });
  const { quota } = DEFAULT_RATE_POLICIES.reads.user!;
  let status = 200;
  let count = 0;
  for (; status === 200 && count <= quota; count++)
    ({ status } = await ask(fixture, '{ __typename }', {}, { headers }));
  t.is(status, 429);
});

test('A9: a banned user is refused as by REST', async (t) => {
  const fixture = await startFixture(t, {
    restrictions: {
      isEmpty: false,
      isHidden: () => false,
      onTakeDown: () => () => undefined,
      size: 1,
      banOf: () => 'banned',
    },
  });
  const document = `mutation ($i: PlaceOrderInput!) {
    placeOrder(input: $i) { ... on Refused { code status } }
    followCreator(input: { creatorId: "creator" }) { ... on Refused { code status } }
  }`;
  const { data } = await ask(fixture, document, { i: input('k') }, { as: 'buyer' });
  const banned = { code: 'banned', status: 403 };
  t.deepEqual(data, { placeOrder: banned, followCreator: banned });
  t.deepEqual(fixture.router.commands, []);
});
