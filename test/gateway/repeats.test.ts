// The Idempotency-Key of every route but orders (H11): who takes one, and what becomes of it.

import test from 'ava';
import { success } from '../../domain/refusal.ts';
import { ReachedLevel } from '../../storage/ports/feature-level.ts';
import { drop, type Fixture, startFixture } from './fixture.ts';

/** Why a key means nothing there. */
const WITHOUT_KEY: Readonly<Record<string, string>> = {
  'POST /v1/graphql': 'each mutation has a key of its own',
  'POST /v1/auth/register': 'answers with secrets',
  'POST /v1/auth/login': 'answers with secrets',
  'POST /v1/auth/refresh': 'answers with secrets',
  'POST /v1/auth/logout': 'nobody’s token is needed, and twice is the same',
  'POST /v1/account/api-keys': 'answers with secrets',
  'POST /v1/organisations/{id}/api-keys': 'answers with secrets',
  'POST /v1/token': 'answers with secrets',
  'POST /v1/auth/forgot-password': 'nobody’s token is needed; the mail again is what it is for',
  'POST /v1/auth/reset-password': 'its link works once',
  'POST /v1/auth/confirm-email': 'its link works once',
  'POST /v1/account/email/confirmation': 'the mail again is what it is for',
  'POST /v1/account/email': 'a digest of a password is not to be stored beside its hash',
  'POST /v1/account/password': 'a digest of a password is not to be stored beside its hash',
  'POST /v1/account/deletion': 'a digest of a password is not to be stored beside its hash',
  'POST /v1/payments/webhook': 'webhooks have ids of their own (P2)',
  'POST /v1/payments/stripe/webhook': 'webhooks have ids of their own',
  'POST /v1/orders/{id}/development-payment': 'a payment is known by its reference (P3)',
  'POST /v1/sample-shop': 'answers with secrets',
  'POST /v1/operator/operators': 'answers with secrets',
  'POST /v1/operator/verify': 'changes nothing',
  'POST /v1/operator/rebuild': 'a repeat finds nothing to make again',
  'POST /v1/operator/caches/evict': 'what is evicted twice is only read once more',
  'POST /v1/operator/search/{id}/rebuild': 'the same index is made once more, or it is 409',
  'PATCH /v1/users/me': 'says what is to be, so that twice is the same',
  'PATCH /v1/users/me/preferences': 'says what is to be, so that twice is the same',
  'POST /v1/mail/unsubscribe': 'says what is to be, so that twice is the same',
  'POST /v1/webhooks': 'answers with secrets',
  'PATCH /v1/webhooks/{id}': 'says what is to be, so that twice is the same',
  'POST /v1/webhooks/{id}/secret': 'answers with secrets',
  'POST /v1/webhooks/{id}/test': 'the event again is what it is for',
  'POST /v1/webhooks/{id}/deliveries/{deliveryId}/resend': 'the call again is what it is for',
  'POST /v1/operator/webhooks/{id}/disable': 'one that is disabled stays so',
  'POST /v1/operator/webhooks/{id}/deliveries/{deliveryId}/resend':
    'the call again is what it is for',
};

interface Described {
  readonly parameters?: readonly { in: string; name: string }[];
}

test('H11: every POST and PATCH takes a key, but for the few named here', async (t) => {
  const fixture = await startFixture(t);
  const { paths } = (await fixture.request('GET', '/openapi.json')).json as {
    paths: Record<string, Record<string, Described>>;
  };
  const without: string[] = [];
  for (const [path, operations] of Object.entries(paths)) {
    for (const [method, { parameters = [] }] of Object.entries(operations)) {
      const takesKey = parameters.some(({ name }) => name === 'Idempotency-Key');
      const isChange = method === 'post' || method === 'patch';
      if (!isChange) t.false(takesKey, `${method} ${path}`);
      else if (!takesKey) without.push(`${method.toUpperCase()} ${path}`);
    }
  }
  t.deepEqual(without.toSorted(), Object.keys(WITHOUT_KEY).toSorted());
});

/** The request that the use case of a PATCH got. */
async function requestOf(
  fixture: Fixture,
  key: string,
  { body = { addStock: 1 }, as = 'ann', id = 'drp_1' } = {},
): Promise<Record<string, string>> {
  fixture.actions['drops.amend'] = () => success(drop);
  const headers = { 'idempotency-key': key };
  const { status } = await fixture.request('PATCH', `/v1/drops/${id}`, { as, headers, body });
  if (status !== 200) throw new Error(`answered ${status}`);
  return fixture.calls.at(-1)!.params['request'] as Record<string, string>;
}

test('H11: caller, route and key make a request; its body is told apart', async (t) => {
  const fixture = await startFixture(t);
  const first = await requestOf(fixture, 'k');
  t.is(first['callerId'], 'ann');
  t.deepEqual(await requestOf(fixture, 'k'), first);
  const other = await requestOf(fixture, 'k', { body: { addStock: 2 } });
  t.is(other['id'], first['id']);
  t.not(other['fingerprint'], first['fingerprint']);
  for (const another of [
    await requestOf(fixture, 'K'),
    await requestOf(fixture, 'k', { as: 'bob' }),
    await requestOf(fixture, 'k', { id: 'drp_2' }),
  ]) {
    t.not(another['id'], first['id']);
    t.is(another['fingerprint'], first['fingerprint']);
  }
  t.false(JSON.stringify(first).includes('"k"'), 'the key itself stays in the gateway');
});

test('H11: without a key the use case gets none', async (t) => {
  const fixture = await startFixture(t);
  fixture.actions['drops.amend'] = () => success(drop);
  await fixture.request('PATCH', '/v1/drops/drp_1', { as: 'ann', body: { addStock: 1 } });
  t.is(fixture.calls.at(-1)!.params['request'], undefined);
});

test('H11: what a use case replays is marked, and what it does not is not', async (t) => {
  const fixture = await startFixture(t);
  const patch = async () => {
    const headers = { 'idempotency-key': 'k' };
    const body = { addStock: 1 };
    const reply = await fixture.request('PATCH', '/v1/drops/drp_1', { as: 'ann', headers, body });
    return reply.headers.get('idempotency-replayed');
  };
  fixture.actions['drops.amend'] = () => success(drop);
  t.is(await patch(), undefined);
  fixture.actions['drops.amend'] = () => ({ ...success(drop), replayed: true });
  t.is(await patch(), 'true');
});

test('H11: while an older node lives, a request with a key is 503 and not made', async (t) => {
  const fixture = await startFixture(t, { levels: new ReachedLevel(2) });
  fixture.actions['drops.amend'] = () => success(drop);
  const body = { addStock: 1 };
  const keyed = { as: 'ann', headers: { 'idempotency-key': 'k' }, body };
  const reply = await fixture.request('PATCH', '/v1/drops/drp_1', keyed);
  t.deepEqual([reply.status, reply.json['code']], [503, 'unavailable']);
  t.is(reply.headers.get('retry-after'), '1');
  t.is((await fixture.request('PATCH', '/v1/drops/drp_1', { as: 'ann', body })).status, 200);
});

test('H11: a try under way is 409 with Retry-After, and a full store says when', async (t) => {
  const fixture = await startFixture(t);
  const patch = async (code: 'request-in-progress' | 'rate-limited' | 'overloaded') => {
    fixture.actions['drops.amend'] = () => ({ ok: false, code, retryAfterMs: 61_500 });
    const headers = { 'idempotency-key': 'k' };
    const body = { addStock: 1 };
    const reply = await fixture.request('PATCH', '/v1/drops/drp_1', { as: 'ann', headers, body });
    return [reply.status, reply.json['code'], reply.headers.get('retry-after')];
  };
  t.deepEqual(await patch('request-in-progress'), [409, 'request-in-progress', '62']);
  t.deepEqual(await patch('rate-limited'), [429, 'rate-limited', '62']);
  t.deepEqual(await patch('overloaded'), [503, 'overloaded', '62']);
});
