// Who may make operators, and what is recorded and ended with each change.

import { randomBytes } from 'node:crypto';
import test from 'ava';
import { ApiKeys } from '../../../app/api-keys.ts';
import type { Scope } from '../../../contracts/creator-actions.ts';
import { OPERATOR_ACCOUNTS_MAX } from '../../../storage/ports/operator-accounts.ts';
import { operatorAccount } from '../../storage/contract/operator-accounts.ts';
import { operatorAccountsOn } from './operator-accounts-harness.ts';

const OLGA = { userId: 'olga', roles: ['operator'] };
const AUDITOR = { userId: 'audrey', roles: ['auditor'] };
const NOBODY = { userId: 'ned', roles: ['creator'] };
const FIRST = { limit: 10, cursor: null };
const NEW = { email: 'Ada@Example.com', role: 'operator' } as const;

test('X3a: an account is made with a password of its own, or keeps the one it has', async (t) => {
  const { accounts, stores, secondFactors } = operatorAccountsOn();
  const made = await accounts.add({ caller: OLGA, operator: NEW });
  if (!made.ok) return t.fail(made.code);
  const { userId, email, password, secondFactorUri, recoveryCodes } = made.value;
  t.is(email, 'ada@example.com');
  t.regex(password!, /^[\w-]{24}$/);
  t.is(recoveryCodes.length, 10);
  const before = await secondFactors.accountOf(userId);
  t.like(before, { role: 'operator', addedBy: 'olga', usedStep: 0 });
  const again = await accounts.add({ caller: OLGA, operator: { ...NEW, role: 'auditor' } });
  if (!again.ok) return t.fail(again.code);
  t.like(again.value, { userId, role: 'auditor', password: null });
  t.not(again.value.secondFactorUri, secondFactorUri);
  const after = await secondFactors.accountOf(userId);
  t.not(after?.grantId, before?.grantId);
  const { items } = await stores.auditLog.list({}, FIRST);
  t.deepEqual(
    items.map(({ actor, action, params }) => [actor.id, action, params]),
    [
      ['olga', 'add-operator', { userId, role: 'auditor' }],
      ['olga', 'add-operator', { userId, role: 'operator' }],
    ],
  );
  for (const secret of [password!, before!.secret, after!.secret, ...recoveryCodes])
    t.false(JSON.stringify(items).includes(secret));
});

test('X3a: adding and removing an operator ends the sessions of the account', async (t) => {
  const { accounts, stores, sessionsOf } = operatorAccountsOn();
  const added = await accounts.add({ caller: OLGA, operator: NEW });
  if (!added.ok) return t.fail(added.code);
  const { userId } = added.value;
  const user = (await stores.accounts.findUser(userId))!;
  const sessions = () => stores.sessions.list(userId, 0);
  await sessionsOf.begin(user, 'Phone');
  t.is((await sessions()).length, 1);
  await accounts.add({ caller: OLGA, operator: NEW });
  t.deepEqual(await sessions(), []);
  await sessionsOf.begin(user, 'Phone');
  t.deepEqual(await accounts.remove({ caller: OLGA, userId }), { ok: true, value: null });
  t.deepEqual(await sessions(), []);
  t.is(await stores.operatorAccounts.find(userId), null);
  t.not(await stores.accounts.findUser(userId), null);
  t.like(await accounts.remove({ caller: OLGA, userId }), { ok: false, code: 'not-found' });
});

test('X4: who is an operator no more has no key that reads metrics; other keys stay', async (t) => {
  const { accounts, stores } = operatorAccountsOn();
  const added = await accounts.add({ caller: OLGA, operator: NEW });
  if (!added.ok) return t.fail(added.code);
  const { userId } = added.value;
  const own = { userId, roles: ['operator'] };
  const keys = new ApiKeys({
    ...stores,
    now: () => 1_000_000,
    random: (count) => randomBytes(count),
  });
  const make = (name: string, scopes: Scope[]) =>
    keys.create({ caller: own, apiKey: { name, scopes } });
  t.true((await make('prometheus', ['metrics:read', 'orders:read'])).ok);
  t.true((await make('shop', ['orders:read'])).ok);
  await accounts.remove({ caller: OLGA, userId });
  t.deepEqual(
    (await stores.apiKeys.list(userId)).map(({ name }) => name),
    ['shop'],
  );
});

test('X3a: auditors see who is an operator and change nothing; others do neither', async (t) => {
  const { accounts, stores } = operatorAccountsOn();
  const added = await accounts.add({ caller: OLGA, operator: NEW });
  if (!added.ok) return t.fail(added.code);
  const { userId } = added.value;
  const listed = await accounts.list({ caller: AUDITOR });
  t.deepEqual(listed, {
    ok: true,
    value: [
      {
        userId,
        email: 'ada@example.com',
        role: 'operator',
        addedAt: 1_000_000,
        addedBy: 'olga',
        recoveryCodesLeft: 10,
      },
    ],
  });
  t.like(await accounts.list({ caller: NOBODY }), { ok: false, code: 'forbidden' });
  for (const caller of [AUDITOR, NOBODY]) {
    const operator = { ...NEW, email: 'eve@example.com' };
    t.like(await accounts.add({ caller, operator }), { ok: false, code: 'forbidden' });
    t.like(await accounts.remove({ caller, userId }), { ok: false, code: 'forbidden' });
  }
  t.is(await stores.accounts.findUserByEmail('eve@example.com'), null);
  t.not(await stores.operatorAccounts.find(userId), null);
});

test('X3a: past the most operators nobody is added, and no account is made', async (t) => {
  const { accounts, stores } = operatorAccountsOn();
  for (let i = 0; i < OPERATOR_ACCOUNTS_MAX; i++)
    await stores.operatorAccounts.put(operatorAccount({ userId: `u_${i}` }));
  t.like(await accounts.add({ caller: OLGA, operator: NEW }), { ok: false, code: 'too-many' });
  t.is(await stores.accounts.findUserByEmail('ada@example.com'), null);
});

test('X3a: while a node of an earlier version may log in without a code, nobody is added', async (t) => {
  const { accounts, stores } = operatorAccountsOn({ level: 2 });
  t.like(await accounts.add({ caller: OLGA, operator: NEW }), { ok: false, code: 'unavailable' });
  t.is(await stores.accounts.findUserByEmail('ada@example.com'), null);
});
