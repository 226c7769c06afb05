// Orders with passes over real HTTP (D9), with a fake router behind the gateway.

import test from 'ava';
import { PassTexts } from '../../app/passes/pass-texts.ts';
import { refusal, success } from '../../domain/refusal.ts';
import { ReachedLevel } from '../../storage/ports/feature-level.ts';
import { drop, NOW, order, startFixture } from './fixture.ts';

const ORDERS = '/v1/drops/drp_1/orders';
const passTexts = new PassTexts(['a secret of passes']);
const proved = { number: 4711, from: 0 };
const forBuyer = passTexts.write({ dropId: 'drp_1', userId: 'buyer', pass: proved });

function orderWith(pass: string, more: object = {}) {
  const headers = { 'idempotency-key': 'k1' };
  return { as: 'buyer', headers, body: { quantity: 1, pass, ...more } };
}

test('D9: the drop’s actor gets what a pass proved, and nothing of one that is not good', async (t) => {
  const fixture = await startFixture(t, { passTexts });
  fixture.router.answer = () => success({ order, replayed: false });
  const sent = { type: 'place-order', dropId: 'drp_1', userId: 'buyer', key: 'k1', quantity: 1 };
  const typed = forBuyer.toLowerCase().replaceAll('-', ' ');
  for (const text of [forBuyer, forBuyer, typed])
    t.is((await fixture.request('POST', ORDERS, orderWith(text))).status, 201);
  const metadata = { gift: 'ü' };
  t.is((await fixture.request('POST', ORDERS, orderWith(forBuyer, { metadata }))).status, 201);
  const expected = { ...sent, pass: proved };
  t.deepEqual(fixture.router.ofType('place-order'), [
    expected,
    expected,
    expected,
    { ...expected, metadata: '{"gift":"ü"}' },
  ] as never);
  const others = [
    passTexts.write({ dropId: 'drp_2', userId: 'buyer', pass: proved }),
    passTexts.write({ dropId: 'drp_1', userId: 'somebody', pass: proved }),
    new PassTexts(['another secret']).write({ dropId: 'drp_1', userId: 'buyer', pass: proved }),
    'ABCDE',
    '💔',
  ];
  for (const text of others) {
    const { status, json } = await fixture.request('POST', ORDERS, orderWith(text));
    t.deepEqual([status, json.code], [403, 'pass-invalid'], text);
    t.false('detail' in json, 'it does not say what is wrong with it');
  }
  t.is(fixture.router.ofType('place-order').length, 4);
});

test('D9, D5: a pass that is not good yet says from when it is', async (t) => {
  const fixture = await startFixture(t, { passTexts });
  fixture.router.answer = () => ({ ...refusal('pass-not-yet'), version: 3, startsAt: NOW + 5_000 });
  const { status, headers, json } = await fixture.request('POST', ORDERS, orderWith(forBuyer));
  t.is(status, 409);
  t.is(headers.get('retry-after'), '5');
  t.like(json, { code: 'pass-not-yet', startsAt: '2026-03-01T12:00:05.000Z', serverTime: NOW });
});

test('D9: without a secret, and before every node knows passes, they are unavailable', async (t) => {
  for (const options of [{}, { passTexts, levels: new ReachedLevel(3) }]) {
    const fixture = await startFixture(t, options);
    fixture.router.answer = () => success({ order, replayed: false });
    const refused = await fixture.request('POST', ORDERS, orderWith(forBuyer));
    t.deepEqual([refused.status, refused.json.code], [503, 'unavailable']);
    const { pass: _, ...body } = orderWith(forBuyer).body;
    t.is((await fixture.request('POST', ORDERS, { ...orderWith(''), body })).status, 201);
  }
});

test('D9: texts that can be no pass are no valid request', async (t) => {
  const fixture = await startFixture(t, { passTexts });
  for (const text of ['', 'A'.repeat(65)]) {
    const refused = await fixture.request('POST', ORDERS, orderWith(text));
    t.deepEqual([refused.status, refused.json.code], [422, 'invalid-request'], text);
  }
});

test('D9, H7: orders without a pass do not reach a drop that is known to ask for one', async (t) => {
  const fixture = await startFixture(t, { passTexts });
  const view = { ...drop, access: 'pass' } as const;
  fixture.router.answer = (command) => {
    if (command.type !== 'place-order') return success(view);
    return command.pass === undefined
      ? { ...refusal('pass-required'), version: 3 }
      : success({ order, replayed: false });
  };
  const { pass: _, ...body } = orderWith(forBuyer).body;
  const without = { ...orderWith(''), body };
  for (let i = 0; i < 3; i++) {
    const { status, json } = await fixture.request('POST', ORDERS, without);
    t.deepEqual([status, json.code, json.version], [403, 'pass-required', 3]);
  }
  t.is(fixture.router.ofType('place-order').length, 1, 'the first one told of the drop');
  t.is((await fixture.request('POST', ORDERS, orderWith(forBuyer))).status, 201);
});
