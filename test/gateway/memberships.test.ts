// What gateways remember of users' memberships (A10): for less than a second, and what becomes of
// routes and long replies.

import test from 'ava';
import type { CallAction } from '../../contracts/actions.ts';
import type { Membership } from '../../contracts/organisations.ts';
import { refusal, success } from '../../domain/refusal.ts';
import { Memberships } from '../../gateway/http/memberships.ts';
import { REMEMBERED_MS } from '../../gateway/http/recent-answers.ts';
import { FEATURE_LEVEL, ReachedLevel } from '../../storage/ports/feature-level.ts';
import { ManualClock } from '../actors/manual-clock.ts';
import { startFixture } from './fixture.ts';

const MANAGER: Membership = { organisationId: 'o_1', role: 'manager' };

function start(level = FEATURE_LEVEL) {
  const clock = new ManualClock(0);
  const state = { answer: success<readonly Membership[]>([MANAGER]) as unknown, asked: 0 };
  const call = (async () => {
    state.asked += 1;
    if (state.answer instanceof Error) throw state.answer;
    return state.answer;
  }) as unknown as CallAction;
  const memberships = new Memberships({ call, clock, levels: new ReachedLevel(level) });
  return { clock, state, memberships };
}

test('A10: an answer is remembered for less than a second, and asked for once at a time', async (t) => {
  const { clock, state, memberships } = start();
  const both = await Promise.all([memberships.of('ada'), memberships.of('ada')]);
  t.deepEqual(both, [success([MANAGER]), success([MANAGER])]);
  t.is(state.asked, 1);
  state.answer = success([]);
  await clock.advance(REMEMBERED_MS - 1);
  t.deepEqual(await memberships.of('ada'), success([MANAGER]));
  await clock.advance(1);
  t.deepEqual(await memberships.of('ada'), success([]));
  t.true(REMEMBERED_MS < 1_000);
});

test('A10: what could not be answered is asked again by the next call', async (t) => {
  const { state, memberships } = start();
  state.answer = refusal('unavailable');
  t.deepEqual(await memberships.of('ada'), refusal('unavailable'));
  state.answer = new Error('the service is away');
  await t.throwsAsync(memberships.of('ada'), { message: 'the service is away' });
  state.answer = success([MANAGER]);
  t.deepEqual(await memberships.of('ada'), success([MANAGER]));
  t.is(state.asked, 3);
});

test('A10: below the level of organisations nobody is asked', async (t) => {
  const { state, memberships } = start(3);
  t.deepEqual(await memberships.of('ada'), success([]));
  t.is(state.asked, 0);
});

test('A10: a long reply is valid until a role is lost', async (t) => {
  const { clock, state, memberships } = start();
  const isValid = memberships.validity('ada', [MANAGER]);
  const later = async (answer: unknown): Promise<boolean> => {
    state.answer = answer;
    await clock.advance(REMEMBERED_MS);
    isValid();
    await clock.advance(0);
    return isValid();
  };
  t.true(isValid());
  t.true(await later(success([{ organisationId: 'o_1', role: 'owner' }])));
  t.false(await later(success([{ organisationId: 'o_1', role: 'support' }])));
  t.true(await later(success([MANAGER])));
  t.false(await later(success([])));
  t.false(await later(refusal('unavailable')));
  const { asked } = state;
  t.true(memberships.validity('bo', [])());
  t.is(state.asked, asked);
});

test('A10: only routes that do something for a creator ask, and 503 is what cannot be known', async (t) => {
  const fixture = await startFixture(t);
  await fixture.request('GET', '/v1/orders', { as: 'ada' });
  t.deepEqual(fixture.membersAsked, []);
  const body = { name: 'Lamp' };
  const path = '/v1/creators/o_1/products';
  t.is((await fixture.request('POST', path, { as: 'ada', body })).status, 403);
  fixture.actions['organisations.memberships'] = () => success([MANAGER]);
  t.is((await fixture.request('POST', path, { as: 'bo', body })).status, 201);
  fixture.actions['organisations.memberships'] = () => refusal('unavailable');
  t.is((await fixture.request('POST', path, { as: 'cy', body })).status, 503);
  t.deepEqual(fixture.membersAsked, ['ada', 'bo', 'cy']);
});
