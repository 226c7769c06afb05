// How operators' accounts log in, through the broker: limits, and changes at the same moment.

import test, { type ExecutionContext } from 'ava';
import { AccessTokens } from '../../app/access-tokens.ts';
import { SecondFactors } from '../../app/second-factors.ts';
import type { Session } from '../../contracts/accounts.ts';
import { operatorAccount } from '../storage/contract/operator-accounts.ts';
import { accountsServiceOn } from './accounts-harness.ts';
import { NOW, startServices } from './harness.ts';

const PASSWORD = 'correct horse';
const ADA = { email: 'ada@example.com', password: PASSWORD, name: 'Ada' };
const LOG_IN = { email: ADA.email, password: PASSWORD, address: '192.0.2.1' };
const accessTokens = new AccessTokens({ secret: 'x'.repeat(32), now: () => NOW });

async function start(t: ExecutionContext) {
  const harness = await startServices(t, ({ stores, clock, random, liveBus }) => [
    accountsServiceOn({ stores, clock, random, liveBus, accessTokens }),
  ]);
  const { stores, clock, random, call } = harness;
  const registered = await call('accounts.register', ADA);
  if (!registered.ok) throw new Error(registered.code);
  const userId = registered.value.user.id;
  const factors = new SecondFactors({ ...stores, now: () => clock.now(), random });
  const { stored, recoveryCodes } = factors.make(ADA.email);
  const grant = operatorAccount({ ...stored, userId });
  const logIn = async (more: { code?: string; password?: string } = {}) => {
    const outcome = await call('accounts.login', { ...LOG_IN, ...more });
    return outcome.ok ? 'ok' : outcome.code;
  };
  return { ...harness, userId, grant, codes: recoveryCodes, logIn, session: registered.value };
}

test('X3a: wrong codes count as failed log-ins, a password alone does not', async (t) => {
  const { stores, grant, codes, clock, logIn } = await start(t);
  await stores.operatorAccounts.put(grant);
  for (let i = 0; i < 30; i++) t.is(await logIn(), 'second-factor-required');
  for (let i = 0; i < 10; i++) t.is(await logIn({ code: '000000' }), 'second-factor-required');
  t.is(await logIn({ code: codes[0]! }), 'rate-limited');
  t.is(await logIn(), 'rate-limited');
  await clock.advance(60_000);
  t.is(await logIn({ code: codes[0]! }), 'ok');
});

test('X3a: a wrong password is told before any code is looked at, and uses none up', async (t) => {
  const { stores, grant, codes, logIn } = await start(t);
  await stores.operatorAccounts.put(grant);
  t.is(await logIn({ password: 'wrong horse', code: codes[0]! }), 'unauthenticated');
  t.deepEqual(await stores.operatorAccounts.find(grant.userId), grant);
  t.is(await logIn({ code: codes[0]! }), 'ok');
});

test('X3a: a log-in without a code during which the account becomes an operator’s is refused', async (t) => {
  const { stores, grant, userId, logIn } = await start(t);
  const { sessions, operatorAccounts } = stores;
  const put = sessions.put.bind(sessions);
  sessions.put = async (...row) => {
    await put(...row);
    await operatorAccounts.put(grant);
  };
  const before = await sessions.list(userId, NOW);
  t.is(await logIn(), 'unauthenticated');
  t.deepEqual(await sessions.list(userId, NOW), before);
});

test('X3a: only the second factor gives the role, whatever the account says', async (t) => {
  const { stores, grant, userId, codes, call, session } = await start(t);
  await stores.accounts.addRole(userId, 'operator');
  const rolesOf = (one: Session) => accessTokens.verify(one.accessToken, NOW);
  const refresh = await call('accounts.refresh', { refreshToken: session.refreshToken });
  if (!refresh.ok) return t.fail(refresh.code);
  t.like(rolesOf(refresh.value), { roles: [] });
  await stores.operatorAccounts.put({ ...grant, role: 'auditor' });
  const outcome = await call('accounts.login', { ...LOG_IN, code: codes[0]! });
  if (!outcome.ok) return t.fail(outcome.code);
  t.like(rolesOf(outcome.value), { roles: ['auditor'] });
  t.like(await call('accounts.me', { userId }), { ok: true });
});
