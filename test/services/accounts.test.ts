// Accounts through the broker: registration, log-in, refresh tokens and profiles.

import test, { type ExecutionContext } from 'ava';
import { AccessTokens } from '../../app/access-tokens.ts';
import type { Session } from '../../contracts/accounts.ts';
import { keyOf } from '../storage/contract/api-keys.ts';
import { accountsServiceOn } from './accounts-harness.ts';
import { type Harness, NOW, startServices } from './harness.ts';

const PASSWORD = 'correct horse';
const ADA = { email: 'ada@example.com', password: PASSWORD, name: 'Ada' };
const DAY_MS = 24 * 60 * 60 * 1_000;
const accessTokens = new AccessTokens({ secret: 'x'.repeat(32), now: () => NOW });

function start(t: ExecutionContext, rateLimits = true): Promise<Harness> {
  return startServices(t, ({ stores, clock, random, liveBus }) => [
    accountsServiceOn({ stores, clock, random, liveBus, accessTokens, rateLimits }),
  ]);
}

async function register(t: ExecutionContext, { call }: Harness, who = ADA): Promise<Session> {
  const outcome = await call('accounts.register', who);
  return outcome.ok ? outcome.value : t.fail(outcome.code);
}

async function codeOf(outcome: Promise<{ ok: boolean; code?: string }>): Promise<string> {
  const { ok, code } = await outcome;
  return ok ? 'ok' : code!;
}

test('A1: registering gives an account and a session', async (t) => {
  const harness = await start(t);
  const session = await register(t, harness, { ...ADA, email: ' Ada@Example.COM ', name: ' Ada ' });
  t.like(session.user, { email: 'ada@example.com', name: 'Ada', roles: [], createdAt: NOW });
  t.is(session.expiresIn, 900);
  t.like(accessTokens.verify(session.accessToken, NOW), { userId: session.user.id });
  t.is(Buffer.from(session.refreshToken, 'base64url').length, 32);
  const stored = await harness.stores.accounts.findUser(session.user.id);
  t.false(JSON.stringify(stored).includes(PASSWORD));
});

test('A1: an e-mail is taken once, whatever its case', async (t) => {
  const harness = await start(t);
  await register(t, harness);
  const again = { ...ADA, email: 'ADA@example.com' };
  t.is(await codeOf(harness.call('accounts.register', again)), 'email-taken');
});

test('H8: registering needs an e-mail, a name and a password', async (t) => {
  const { call } = await start(t);
  const changes = [
    { email: '' },
    { email: 'ada' },
    { email: 'ada@' },
    { email: 'ada@example..com' },
    { email: 'a da@example.com' },
    { email: `${'a'.repeat(250)}@example.com` },
    { name: '' },
    { name: '   ' },
    { name: 'x'.repeat(81) },
    { password: 'short' },
    { password: 'x'.repeat(1_025) },
  ];
  for (const change of changes) {
    t.is(await codeOf(call('accounts.register', { ...ADA, ...change })), 'invalid-request');
  }
});

test('H1: characters of a name and a password are counted as the schemas count them', async (t) => {
  const { call } = await start(t);
  const longest = { ...ADA, name: '🦊'.repeat(80), password: '🦊'.repeat(1_024) };
  t.is(await codeOf(call('accounts.register', longest)), 'ok');
  t.is(await codeOf(call('accounts.login', { ...longest, address: '::1' })), 'ok');
  const bob = { ...ADA, email: 'bob@example.com' };
  for (const change of [
    { name: '🦊'.repeat(81) },
    { password: '🦊'.repeat(7) },
    { password: '🦊'.repeat(1_025) },
  ]) {
    t.is(await codeOf(call('accounts.register', { ...bob, ...change })), 'invalid-request');
  }
});

test('A1: logging in with the right password gives a session', async (t) => {
  const harness = await start(t);
  const { user } = await register(t, harness);
  const login = { email: 'Ada@example.com', password: PASSWORD, address: '::1' };
  const outcome = await harness.call('accounts.login', login);
  t.is(outcome.ok && outcome.value.user.id, user.id);
});

test('A3: an unknown e-mail and a wrong password are answered alike', async (t) => {
  const harness = await start(t);
  await register(t, harness);
  const { call } = harness;
  const address = '::1';
  const wrong = await call('accounts.login', { ...ADA, password: 'wrong horse', address });
  const unknown = await call('accounts.login', { ...ADA, email: 'bob@example.com', address });
  t.deepEqual(wrong, { ok: false, code: 'unauthenticated' });
  t.deepEqual(unknown, wrong);
});

test('A3: failed log-ins are limited for each account, known or not', async (t) => {
  const harness = await start(t);
  await register(t, harness);
  for (const email of [ADA.email, 'bob@example.com']) {
    const codes: string[] = [];
    for (let i = 0; i < 11; i++) {
      const login = { email, password: 'wrong horse', address: `${email}-${i}` };
      codes.push(await codeOf(harness.call('accounts.login', login)));
    }
    t.deepEqual(codes, [...Array.from({ length: 10 }, () => 'unauthenticated'), 'rate-limited']);
  }
  const right = { ...ADA, address: 'elsewhere' };
  t.is(await codeOf(harness.call('accounts.login', right)), 'rate-limited');
  await harness.clock.advance(60_000);
  t.is(await codeOf(harness.call('accounts.login', right)), 'ok');
});

test('A3: failed log-ins are limited for each address', async (t) => {
  const harness = await start(t);
  const codes = new Map<string, number>();
  for (let i = 0; i < 40; i++) {
    const login = { email: `nobody${i}@example.com`, password: 'wrong horse', address: '10.0.0.1' };
    const code = await codeOf(harness.call('accounts.login', login));
    codes.set(code, (codes.get(code) ?? 0) + 1);
  }
  t.deepEqual(
    [...codes],
    [
      ['unauthenticated', 30],
      ['rate-limited', 10],
    ],
  );
});

test('A3: log-ins that succeed do not count', async (t) => {
  const harness = await start(t);
  await register(t, harness);
  for (let i = 0; i < 40; i++) {
    t.is(await codeOf(harness.call('accounts.login', { ...ADA, address: '10.0.0.1' })), 'ok');
  }
});

test('A3: the limits can be switched off', async (t) => {
  const { call } = await start(t, false);
  for (let i = 0; i < 40; i++) {
    const login = { ...ADA, password: 'wrong horse', address: '10.0.0.1' };
    t.is(await codeOf(call('accounts.login', login)), 'unauthenticated');
  }
});

test('A1: a refresh token gives a new session once', async (t) => {
  const harness = await start(t);
  const first = await register(t, harness);
  const outcome = await harness.call('accounts.refresh', { refreshToken: first.refreshToken });
  t.is(outcome.ok && outcome.value.user.id, first.user.id);
  t.not(outcome.ok && outcome.value.refreshToken, first.refreshToken);
});

test('A1: using a refresh token again revokes its whole family, and no other', async (t) => {
  const harness = await start(t);
  const { call } = harness;
  const first = await register(t, harness);
  const elsewhere = await call('accounts.login', { ...ADA, address: '::1' });
  const second = await call('accounts.refresh', { refreshToken: first.refreshToken });
  if (!second.ok || !elsewhere.ok) return t.fail();
  const { refreshToken } = first;
  await harness.clock.advance(30_001);
  t.is(await codeOf(call('accounts.refresh', { refreshToken })), 'unauthenticated');
  t.is(
    await codeOf(call('accounts.refresh', { refreshToken: second.value.refreshToken })),
    'unauthenticated',
  );
  t.is(
    await codeOf(call('accounts.refresh', { refreshToken: elsewhere.value.refreshToken })),
    'ok',
  );
});

test('A1a: a refresh token that comes again gives the same successor and nothing more', async (t) => {
  const { call, clock, ...harness } = await start(t);
  const { refreshToken } = await register(t, { call, clock, ...harness });
  const change = () => call('accounts.refresh', { refreshToken });
  const outcomes = await Promise.all([change(), change()]);
  await clock.advance(30_000);
  outcomes.push(await change());
  const successors = outcomes.map((each) => (each.ok ? each.value.refreshToken : each.code));
  t.is(new Set(successors).size, 1);
  t.is(await codeOf(call('accounts.refresh', { refreshToken: successors[0]! })), 'ok');
});

test('A1a: an account comes with its session or not at all', async (t) => {
  const harness = await start(t);
  const { accounts } = harness.stores;
  // Neither a session of its own nor a read of counts can fail after the account is made.
  const failing = () => Promise.reject(new Error('the store is gone'));
  accounts.addRefreshToken = failing;
  harness.stores.follows.counts = failing;
  const session = await register(t, harness);
  t.is((await accounts.findUser(session.user.id))?.email, ADA.email);
  const again = { ...ADA, email: 'ben@example.com' };
  accounts.addUser = failing;
  await t.throwsAsync(harness.call('accounts.register', again));
  t.is(await accounts.findUserByEmail(again.email), null);
});

test('A1: a refresh token ends after thirty days, and at log-out', async (t) => {
  const harness = await start(t);
  const { call, clock } = harness;
  const { refreshToken } = await register(t, harness);
  const other = await call('accounts.login', { ...ADA, address: '::1' });
  if (!other.ok) return t.fail();
  t.is(await codeOf(call('accounts.logout', { refreshToken })), 'ok');
  t.is(await codeOf(call('accounts.logout', { refreshToken })), 'ok');
  t.is(await codeOf(call('accounts.refresh', { refreshToken })), 'unauthenticated');
  await clock.advance(30 * DAY_MS);
  const ended = call('accounts.refresh', { refreshToken: other.value.refreshToken });
  t.is(await codeOf(ended), 'unauthenticated');
  t.is(await codeOf(call('accounts.refresh', { refreshToken: 'made up' })), 'unauthenticated');
});

test('F3: profiles carry the counts; only the own one has e-mail and roles', async (t) => {
  const harness = await start(t);
  const { call, stores } = harness;
  const { user } = await register(t, harness);
  await stores.follows.follow('u_fan', user.id, NOW);
  await stores.follows.follow('u_friend', user.id, NOW);
  await stores.follows.follow(user.id, 'u_idol', NOW);
  const shown = { id: user.id, name: 'Ada', followerCount: 2, followingCount: 1, createdAt: NOW };
  t.deepEqual(await call('accounts.profile', { userId: user.id }), { ok: true, value: shown });
  t.deepEqual(await call('accounts.me', { userId: user.id }), {
    ok: true,
    value: { ...shown, email: 'ada@example.com', emailConfirmed: false, roles: [] },
  });
  t.is(await codeOf(call('accounts.profile', { userId: 'u_nobody' })), 'not-found');
  t.is(await codeOf(call('accounts.me', { userId: 'u_nobody' })), 'not-found');
});

test('A3: a limit on log-ins lasts its time, however the wall clock is set', async (t) => {
  const harness = await start(t);
  await register(t, harness);
  const wrong = { ...ADA, password: 'wrong horse', address: '10.0.0.1' };
  for (let i = 0; i < 10; i++) await harness.call('accounts.login', wrong);
  for (const shiftMs of [DAY_MS, -2 * DAY_MS]) {
    harness.clock.shiftWall(shiftMs);
    t.is(await codeOf(harness.call('accounts.login', wrong)), 'rate-limited');
  }
  await harness.clock.advance(60_000);
  t.is(await codeOf(harness.call('accounts.login', wrong)), 'unauthenticated');
  t.is(await codeOf(harness.call('accounts.login', wrong)), 'rate-limited');
});

test('A8: the keys of a deleted account, and of organisations that end with it, are dead at once', async (t) => {
  const harness = await start(t);
  const { apiKeys, organisations } = harness.stores;
  const { id: userId } = (await register(t, harness)).user;
  const member = { userId, role: 'owner', since: NOW } as const;
  const after = { id: 'o_1', createdAt: NOW, members: [member], revision: 1, invitations: [] };
  await organisations.replace({ before: null, after, answer: '', now: NOW });
  const keys = [keyOf(userId), keyOf('o_1'), keyOf('u_other')];
  for (const key of keys) await apiKeys.add(key);
  const deletion = { userId, password: PASSWORD, address: '::1' };
  t.is(await codeOf(harness.call('accounts.delete', deletion)), 'ok');
  const found = await Promise.all(keys.map(({ hash }) => apiKeys.findByHash(hash)));
  t.deepEqual(found, [null, null, keys[2]!]);
});
