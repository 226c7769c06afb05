import test from 'ava';
import { conditionOf } from '../../gateway/http/if-match.ts';
import { success } from '../../domain/refusal.ts';
import { ReachedLevel } from '../../storage/ports/feature-level.ts';
import { drop, startFixture } from './fixture.ts';

const LEVELS = new ReachedLevel(3);

function read(text: string): readonly number[] | 'any' | 'malformed' {
  const condition = conditionOf(() => text, LEVELS);
  if (!condition.ok) return 'malformed';
  return condition.params.ifMatch ?? 'any';
}

test('H12: If-Match is *, or a list of entity tags of which weak and foreign ones never match', (t) => {
  for (const [text, revisions] of [
    ['', 'any'],
    ['*', 'any'],
    ['"3"', [3]],
    ['"0"', [0]],
    ['"3", "4"', [3, 4]],
    ['"3","4"', [3, 4]],
    [', "3" , ,"4",', [3, 4]],
    ['W/"3"', []],
    ['W/"3", "4"', [4]],
    ['"x"', []],
    ['""', []],
    ['"03"', []],
    ['"a,\\"', []],
    ['"a,","5"', [5]],
    ['"1234567890123456"', []],
    ['"ü"', []],
  ] as const) {
    t.deepEqual(read(text), revisions, text);
  }
});

test('H12, H8: a malformed If-Match is refused, in time', (t) => {
  for (const text of [
    '3',
    '"3',
    '3"',
    "'3'",
    '"3 "',
    'w/"3"',
    'W/ "3"',
    '*, "3"',
    '"3" "4"',
    '"3"; "4"',
    ',',
    '"a"b"',
    `"3"${', '.repeat(5_000)}x`,
    `${' ,'.repeat(5_000)}x`,
  ]) {
    t.is(read(text), 'malformed', text.slice(0, 20));
  }
});

const CHANGES = [
  ['PATCH', '/v1/products/prd_1', { name: 'New' }],
  ['PATCH', '/v1/drops/drp_1', { addStock: 1 }],
  ['POST', '/v1/drops/drp_1/cancel', undefined],
] as const;

test('H12, H8: a malformed If-Match is 400 on every route that takes one, and calls nobody', async (t) => {
  const fixture = await startFixture(t);
  for (const [method, path, body] of CHANGES) {
    const headers = { 'if-match': '3' };
    const reply = await fixture.request(method, path, { as: 'creator', headers, body });
    t.deepEqual([reply.status, reply.json['code']], [400, 'invalid-request'], path);
  }
  t.deepEqual([fixture.calls, fixture.router.commands], [[], []]);
});

test('D6, D7: below feature level 3 metadata, external ids and drafts are 503, and nobody is called', async (t) => {
  const fixture = await startFixture(t, { levels: new ReachedLevel(2) });
  const times = { startsAt: '2026-03-01T13:00:00Z', endsAt: '2026-03-02T12:00:00Z' };
  const terms = { ...times, stock: 1, unitAmount: 1, currency: 'EUR' };
  for (const [method, path, body] of [
    ['POST', '/v1/creators/creator/products', { name: 'x', metadata: { a: 'b' } }],
    ['PATCH', '/v1/products/prd_1', { externalId: null }],
    ['POST', '/v1/products/prd_1/drops', { ...terms, externalId: 'x' }],
    ['POST', '/v1/products/prd_1/drops', { ...terms, draft: true }],
    ['PATCH', '/v1/drops/drp_1', { metadata: {} }],
    ['PATCH', '/v1/drops/drp_1', { currency: 'EUR' }],
    ['GET', '/v1/products?creator_id=c&external_id=x', undefined],
    ['GET', '/v1/drops?creator_id=c&external_id=x', undefined],
  ] as const) {
    const reply = await fixture.request(method, path, { as: 'creator', body });
    t.deepEqual([reply.status, reply.json['code']], [503, 'unavailable'], path);
  }
  t.deepEqual([fixture.calls, fixture.router.commands], [[], []]);
});

test('D10: below feature level 7 nothing is made unlisted or listed so, and nobody is called', async (t) => {
  const fixture = await startFixture(t, { levels: new ReachedLevel(6) });
  const times = { startsAt: '2026-03-01T13:00:00Z', endsAt: '2026-03-02T12:00:00Z' };
  const terms = { ...times, stock: 1, unitAmount: 1, currency: 'EUR' };
  for (const [method, path, body] of [
    ['POST', '/v1/creators/creator/products', { name: 'x', unlisted: true }],
    ['POST', '/v1/products/prd_1/drops', { ...terms, unlisted: true }],
    ['GET', '/v1/products?unlisted=true', undefined],
    ['GET', '/v1/drops?unlisted=true', undefined],
  ] as const) {
    const reply = await fixture.request(method, path, { as: 'creator', body });
    t.deepEqual([reply.status, reply.json['code']], [503, 'unavailable'], path);
  }
  t.deepEqual([fixture.calls, fixture.router.commands], [[], []]);
});

test('H12: below feature level 3 a condition is 503, and nothing without one changes', async (t) => {
  const fixture = await startFixture(t, { levels: new ReachedLevel(2) });
  fixture.router.answer = () => success(drop);
  const text = { name: 'New', description: '', imageUrls: [] };
  const product = { id: 'prd_1', creatorId: 'creator', ...text, createdAt: 1, revision: 2 };
  fixture.actions['products.change'] = () => success(product);
  for (const [method, path, body] of CHANGES) {
    const conditional = { as: 'creator', headers: { 'if-match': '"1"' }, body };
    t.is((await fixture.request(method, path, conditional)).json['code'], 'unavailable', path);
  }
  t.deepEqual([fixture.calls, fixture.router.commands], [[], []]);
  for (const [method, path, body] of CHANGES)
    t.is((await fixture.request(method, path, { as: 'creator', body })).status, 200, path);
});
