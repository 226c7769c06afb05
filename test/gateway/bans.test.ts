// Orders and other requests of banned users, at the gateway (A9).

import test from 'ava';
import type { DropCommand } from '../../contracts/commands.ts';
import { success } from '../../domain/refusal.ts';
import type { GatewayOptions } from '../../gateway/gateway.ts';
import { drop, order, startFixture } from './fixture.ts';

const ORDERS = '/v1/drops/drp_1/orders';
const ORDER = { as: 'buyer', headers: { 'idempotency-key': 'k' }, body: { quantity: 1 } };

/** `scopes`: of the bans of `buyer`. */
function bans(scopes: readonly string[]) {
  let lookUps = 0;
  const restrictions: NonNullable<GatewayOptions['restrictions']> = {
    get isEmpty() {
      return scopes.length === 0;
    },
    isHidden: () => false,
    onTakeDown: () => () => undefined,
    get size() {
      return scopes.length;
    },
    banOf(userId, creatorId) {
      lookUps += 1;
      if (userId !== 'buyer' || scopes.length === 0) return 'not-banned';
      if (scopes.includes('') || scopes.includes(creatorId ?? '?')) return 'banned';
      return creatorId === null ? 'creator-needed' : 'not-banned';
    },
  };
  return { restrictions, lookUps: () => lookUps };
}

const answer = ({ type }: DropCommand) =>
  type === 'get-drop' ? success(drop) : success({ order, replayed: false });

test('A9: orders of who is banned everywhere are 403, and the drop’s actor hears of none', async (t) => {
  const { restrictions } = bans(['']);
  const fixture = await startFixture(t, { restrictions });
  fixture.router.answer = answer;
  const refused = await fixture.request('POST', ORDERS, ORDER);
  t.is(refused.status, 403);
  t.like(refused.json, { code: 'banned', status: 403 });
  t.deepEqual(fixture.router.commands, []);
  t.is((await fixture.request('POST', ORDERS, { ...ORDER, as: 'other' })).status, 201);
});

test('A9: without any ban nobody is looked up', async (t) => {
  const { restrictions, lookUps } = bans([]);
  const fixture = await startFixture(t, { restrictions });
  fixture.router.answer = answer;
  t.is((await fixture.request('POST', ORDERS, ORDER)).status, 201);
  t.is(lookUps(), 0);
});

test('A9: a creator’s ban counts though the gateway has not seen the drop', async (t) => {
  const { restrictions } = bans(['creator']);
  const fixture = await startFixture(t, { restrictions });
  fixture.router.answer = answer;
  const refused = await fixture.request('POST', ORDERS, ORDER);
  t.deepEqual([refused.status, refused.json['code']], [403, 'banned']);
  t.deepEqual(fixture.router.ofType('place-order'), []);
  // The drop is known now.
  const again = await fixture.request('POST', ORDERS, ORDER);
  t.deepEqual([again.status, again.json['code']], [403, 'banned']);
});

test('A9: another creator’s ban costs a read of the drop, and the order is placed', async (t) => {
  const { restrictions } = bans(['else']);
  const fixture = await startFixture(t, { restrictions });
  fixture.router.answer = answer;
  t.is((await fixture.request('POST', ORDERS, ORDER)).status, 201);
  t.is(fixture.router.ofType('place-order').length, 1);
  const bad = { ...ORDER, body: { quantity: 0 } };
  t.is((await fixture.request('POST', ORDERS, bad)).status, 422);
});

test('A9: where the drop is not there or its owner does not answer, that is the answer', async (t) => {
  const { restrictions } = bans(['creator']);
  const fixture = await startFixture(t, { restrictions });
  t.is((await fixture.request('POST', ORDERS, ORDER)).status, 404);
  fixture.router.answer = () => ({ ok: false, code: 'unavailable' });
  t.is((await fixture.request('POST', ORDERS, ORDER)).status, 503);
  t.deepEqual(fixture.router.ofType('place-order'), []);
});

test('A9: who is banned follows nobody and sells nothing; a creator’s ban is of that creator', async (t) => {
  const everywhere = await startFixture(t, bans(['']));
  const follow = '/v1/creators/creator/follow';
  for (const fixture of [everywhere, await startFixture(t, bans(['creator']))]) {
    fixture.actions['follows.follow'] = () => success(null);
    const refused = await fixture.request('POST', follow, { as: 'buyer' });
    t.deepEqual([refused.status, refused.json['code']], [403, 'banned']);
    t.is((await fixture.request('POST', follow, { as: 'other' })).status, 204);
    fixture.actions['follows.unfollow'] = () => success(null);
    t.is((await fixture.request('DELETE', follow, { as: 'buyer' })).status, 204);
  }
  const body = { name: 'Lamp' };
  const path = '/v1/creators/buyer/products';
  t.is((await everywhere.request('POST', path, { as: 'buyer', body })).json['code'], 'banned');
  for (const [change, content] of [
    ['resume', undefined],
    ['passes', { count: 1 }],
    ['pass-lists', { count: 1 }],
  ] as const) {
    const options = { as: 'buyer', ...(content !== undefined && { body: content }) };
    const refused = await everywhere.request('POST', `/v1/drops/drp_1/${change}`, options);
    t.is(refused.json['code'], 'banned', change);
  }
});
