// What every accounts driver must do.

import test from 'ava';
import { type AccountStore, REPEAT_GRACE_MS, type User } from '../../../storage/ports/accounts.ts';
import type { Stores } from '../../../storage/ports/stores.ts';

const user = (id: string, email = `${id}@example.com`): User => ({
  id,
  email,
  name: `Name of ${id}`,
  passwordHash: 'hash',
  roles: [],
  createdAt: 1_700_000_000_000,
});
const token = (hash: string, familyId: string, expiresAt = 1000) => ({
  hash,
  familyId,
  userId: 'user_of_tokens',
  expiresAt,
});

/**
 * `areChangeable`: false where users are at the keys of feature level 0, which says `unavailable`
 * to changes of accounts.
 */
export function accountsContract(
  stores: () => Stores,
  { areChangeable = true }: { readonly areChangeable?: boolean } = {},
): void {
  const accounts = (): AccountStore => stores().accounts;
  if (areChangeable) changesContract(accounts);

  test('A1: a user is found by id and by e-mail, however that is written', async (t) => {
    const found = user('user_found', 'Found.One@Example.com');
    t.true(await accounts().addUser(found));
    t.deepEqual(await accounts().findUser('user_found'), found);
    t.deepEqual(await accounts().findUserByEmail('found.one@EXAMPLE.com'), found);
    t.is(await accounts().findUser('user_nobody'), null);
    t.is(await accounts().findUserByEmail('nobody@example.com'), null);
  });

  test('A1: an e-mail is taken once, also when two ask at the same time', async (t) => {
    const outcomes = await Promise.all([
      accounts().addUser(user('user_race_1', 'race@example.com')),
      accounts().addUser(user('user_race_2', 'RACE@example.com')),
    ]);
    t.is(outcomes.filter(Boolean).length, 1);
    t.is(await accounts().findUser(outcomes[0] ? 'user_race_2' : 'user_race_1'), null);
  });

  test('A10: a profile has a name and no address, and is added once', async (t) => {
    const profile = { id: 'org_one', name: 'Lamps & Co', createdAt: 1_700_000_000_000 };
    await accounts().addProfile(profile);
    await accounts().addProfile({ ...profile, name: 'Others' });
    await accounts().addProfile({ ...profile, id: 'org_two' });
    t.deepEqual(await accounts().findUser('org_one'), {
      ...profile,
      email: '',
      passwordHash: '',
      roles: ['creator'],
    });
    t.is((await accounts().namesOf(['org_two'])).get('org_two'), 'Lamps & Co');
    t.is(await accounts().findUserByEmail(''), null);
  });

  test('A1: names are found by a list of ids, without unknown ids', async (t) => {
    await Promise.all(['user_l1', 'user_l2', 'user_l3'].map((id) => accounts().addUser(user(id))));
    const found = await accounts().namesOf(['user_l3', 'user_none', 'user_l1', 'user_l3']);
    t.deepEqual(Object.fromEntries(found), {
      user_l1: 'Name of user_l1',
      user_l3: 'Name of user_l3',
    });
    t.is((await accounts().namesOf([])).size, 0);
  });

  test('G2: users are found by a list of ids, without unknown and removed ones', async (t) => {
    for (const id of ['user_batch1', 'user_batch2', 'user_batch3'])
      if (areChangeable || id !== 'user_batch2') await accounts().addUser(user(id));
    if (areChangeable) await accounts().removeUser('user_batch2');
    const asked = ['user_batch3', 'user_none', 'user_batch2', 'user_batch1', 'user_batch3'];
    const found = await accounts().findUsers(asked);
    t.deepEqual([...found.keys()].toSorted(), ['user_batch1', 'user_batch3']);
    t.deepEqual(found.get('user_batch1'), (await accounts().findUser('user_batch1'))!);
    t.is((await accounts().findUsers([])).size, 0);
  });

  test('A1: a role is added once', async (t) => {
    await accounts().addUser(user('user_role'));
    await accounts().addRole('user_role', 'creator');
    await accounts().addRole('user_role', 'creator');
    await accounts().addRole('user_role', 'operator');
    await accounts().addRole('user_nobody', 'creator');
    t.deepEqual((await accounts().findUser('user_role'))!.roles, ['creator', 'operator']);
  });

  test('A1: a refresh token is used once; using it again revokes its family', async (t) => {
    await accounts().addRefreshToken(token('r1', 'family_r'));
    await accounts().addRefreshToken(token('o1', 'family_o'));
    const rotate = (hash: string, next: string) =>
      accounts().rotateRefreshToken(hash, { hash: next, expiresAt: 1000 }, 10);
    t.deepEqual(await rotate('r1', 'r2'), {
      result: 'rotated',
      familyId: 'family_r',
      userId: 'user_of_tokens',
    });
    t.deepEqual(await rotate('r2', 'r3'), {
      result: 'rotated',
      familyId: 'family_r',
      userId: 'user_of_tokens',
    });
    t.deepEqual(await rotate('r1', 'r4'), { result: 'reused' });
    t.not((await rotate('r3', 'r5')).result, 'rotated');
    t.is((await rotate('o1', 'o2')).result, 'rotated');
  });

  test('A1: of two uses of a token at once, one succeeds', async (t) => {
    await accounts().addRefreshToken(token('twice', 'family_twice'));
    const rotate = (next: string) =>
      accounts().rotateRefreshToken('twice', { hash: next, expiresAt: 1000 }, 10);
    const outcomes = await Promise.all([rotate('twice_1'), rotate('twice_2')]);
    t.deepEqual(outcomes.map(({ result }) => result).toSorted(), ['reused', 'rotated']);
  });

  test('A1a: two changes of a token at once have one successor, which is used once', async (t) => {
    await accounts().addRefreshToken(token('tabs', 'family_tabs'));
    const rotate = (hash: string, next: string) =>
      accounts().rotateRefreshToken(hash, { hash: next, expiresAt: 1000 }, 10);
    const outcomes = await Promise.all([1, 2, 3].map(() => rotate('tabs', 'tabs_2')));
    const results = outcomes.map(({ result }) => result).toSorted();
    t.deepEqual(results, ['repeated', 'repeated', 'rotated']);
    for (const outcome of outcomes) t.like(outcome, { userId: 'user_of_tokens' });
    t.is((await rotate('tabs_2', 'tabs_3')).result, 'rotated');
    // The first one still gives what it gave, and what came of that stays.
    t.is((await rotate('tabs', 'tabs_2')).result, 'repeated');
    t.is((await rotate('tabs_3', 'tabs_4')).result, 'rotated');
  });

  test('A1a: a changed token comes again for the grace, whichever way clocks go', async (t) => {
    const start = 1_700_000_000_000;
    const expiresAt = start + 3_600_000;
    for (const [name, laterMs, result] of [
      ['in_time', REPEAT_GRACE_MS, 'repeated'],
      ['late', REPEAT_GRACE_MS + 1, 'reused'],
      ['back', -REPEAT_GRACE_MS, 'repeated'],
      ['far_back', -REPEAT_GRACE_MS - 1, 'reused'],
    ] as const) {
      await accounts().addRefreshToken(token(`${name}_1`, `family_${name}`, expiresAt));
      const rotate = (hash: string, next: string, now: number) =>
        accounts().rotateRefreshToken(hash, { hash: next, expiresAt }, now);
      t.is((await rotate(`${name}_1`, `${name}_2`, start)).result, 'rotated');
      t.is((await rotate(`${name}_1`, `${name}_2`, start + laterMs)).result, result, name);
      const successor = (await rotate(`${name}_2`, `${name}_3`, start)).result === 'rotated';
      t.is(successor, result === 'repeated', name);
    }
  });

  test('A1a: a changed token of a revoked family does not come again', async (t) => {
    await accounts().addRefreshToken(token('out_1', 'family_out'));
    const rotate = () =>
      accounts().rotateRefreshToken('out_1', { hash: 'out_2', expiresAt: 1000 }, 10);
    t.is((await rotate()).result, 'rotated');
    await accounts().revokeFamily('family_out');
    t.is((await rotate()).result, 'unknown');
  });

  test('A1a: a user and the first token are added together, or neither is', async (t) => {
    const first = (id: string) => ({ ...token(`${id}_token`, `family_${id}`), userId: id });
    const rotate = (id: string) =>
      accounts().rotateRefreshToken(`${id}_token`, { hash: `${id}_next`, expiresAt: 1000 }, 10);
    t.true(await accounts().addUser(user('user_both', 'both@example.com'), first('user_both')));
    t.false(await accounts().addUser(user('user_none', 'both@example.com'), first('user_none')));
    t.like(await rotate('user_both'), { result: 'rotated', userId: 'user_both' });
    t.deepEqual(await rotate('user_none'), { result: 'unknown' });
    t.is(await accounts().findUser('user_none'), null);
  });

  test('A1: unknown, ended and revoked refresh tokens are unknown', async (t) => {
    const rotate = (hash: string, now: number) =>
      accounts().rotateRefreshToken(hash, { hash: `${hash}_next`, expiresAt: 1000 }, now);
    await accounts().addRefreshToken(token('ended', 'family_e', 500));
    t.deepEqual(await rotate('never', 10), { result: 'unknown' });
    t.deepEqual(await rotate('ended', 500), { result: 'unknown' });
    await accounts().addRefreshToken(token('v1', 'family_v'));
    await rotate('v1', 10);
    await accounts().revokeFamily('family_v');
    await accounts().revokeFamily('family_v');
    t.deepEqual(await rotate('v1_next', 10), { result: 'unknown' });
  });

  test('A1: expired tokens are removed, others are not', async (t) => {
    await accounts().addRefreshToken(token('early', 'family_early', -10));
    await accounts().addRefreshToken(token('late', 'family_late', 10));
    await accounts().removeExpiredRefreshTokens(0);
    const next = { hash: 'next', expiresAt: 10 };
    t.is((await accounts().rotateRefreshToken('early', next, -20)).result, 'unknown');
    t.is((await accounts().rotateRefreshToken('late', next, 0)).result, 'rotated');
  });
}

function changesContract(accounts: () => AccountStore): void {
  test('M1: the picture of a profile is set, replaced, and taken away with the account', async (t) => {
    await accounts().addUser(user('user_pictured'));
    const picture = async () => (await accounts().findUser('user_pictured'))?.avatarMediaId;
    for (const mediaId of ['m_1', 'm_2']) {
      await accounts().setAvatar('user_pictured', mediaId);
      t.is(await picture(), mediaId);
    }
    await Promise.all([
      accounts().setAvatar('user_pictured', 'm_3'),
      accounts().addRole('user_pictured', 'creator'),
    ]);
    const changed = await accounts().findUser('user_pictured');
    t.like(changed, { avatarMediaId: 'm_3', roles: ['creator'] });
    await accounts().setAvatar('user_pictured', null);
    t.is(await picture(), undefined);
    await accounts().setAvatar('user_nobody', 'm_1');
    t.is(await accounts().findUser('user_nobody'), null);
  });

  test('A1c: a password changes if it is still the one that was compared', async (t) => {
    const before = user('user_change');
    await accounts().addUser(before);
    const change = (from: string, passwordHash: string) =>
      accounts().changeUser({ ...before, passwordHash: from }, { passwordHash });
    const outcomes = await Promise.all([change('hash', 'hash_a'), change('hash', 'hash_b')]);
    t.is(outcomes.filter(Boolean).length, 1);
    const now = outcomes[0] ? 'hash_a' : 'hash_b';
    const changed = { ...before, passwordHash: now, credentials: 1 };
    t.deepEqual(await accounts().findUser('user_change'), changed);
    t.true(await change(now, 'hash_c'));
    t.is((await accounts().findUser('user_change'))!.credentials, 2);
    t.false(await accounts().changeUser({ ...before, email: 'x@x' }, { passwordHash: 'hash_d' }));
    t.false(await accounts().changeUser(user('user_gone'), { passwordHash: 'x' }));
    t.is(await accounts().findUser('user_gone'), null);
  });

  test('A8: of a removed user the id and the time stay, and the address is free', async (t) => {
    const before: User = { ...user('user_removed', 'Removed@example.com'), language: 'de' };
    await accounts().addUser(before);
    await accounts().removeUser('user_removed');
    await accounts().removeUser('user_removed');
    await accounts().removeUser('user_never');
    t.is(await accounts().findUser('user_removed'), null);
    t.is(await accounts().findUserByEmail('removed@example.com'), null);
    t.is((await accounts().namesOf(['user_removed'])).size, 0);
    const { createdAt } = before;
    t.deepEqual(await accounts().findRemovedUser('user_removed'), { createdAt });
    t.is(await accounts().findRemovedUser('user_never'), null);
    t.is(await accounts().findRemovedUser('user_found'), null);
    await accounts().addRole('user_removed', 'creator');
    t.false(await accounts().changeUser(before, { passwordHash: 'x' }));
    t.is(await accounts().changeEmail(before, 'a8@example.com'), 'overtaken');
    t.is(await accounts().findUser('user_removed'), null);
    t.true(await accounts().addUser(user('user_a8', 'removed@example.com')));
    t.true(await accounts().addUser(user('user_a9', 'A8@example.com')));
  });

  test('A7: an address is confirmed, and the language of mails is kept', async (t) => {
    const before: User = { ...user('user_confirm'), language: 'de' };
    await accounts().addUser(before);
    t.deepEqual(await accounts().findUser('user_confirm'), before);
    t.true(await accounts().changeUser(before, { emailConfirmed: true }));
    t.deepEqual(await accounts().findUser('user_confirm'), { ...before, emailConfirmed: true });
  });

  test('A7: an address changes to a free one, and the one before is free again', async (t) => {
    const before = user('user_moves', 'Before@example.com');
    await accounts().addUser(before);
    await accounts().addUser(user('user_stays', 'stays@example.com'));
    t.is(await accounts().changeEmail(before, 'STAYS@example.com'), 'taken');
    t.is(await accounts().changeEmail({ ...before, email: 'x@x' }, 'a@example.com'), 'overtaken');
    t.is(await accounts().changeEmail(user('user_gone'), 'b@example.com'), 'overtaken');
    t.is((await accounts().findUserByEmail('before@example.com'))?.id, 'user_moves');
    t.is(await accounts().changeEmail(before, 'After@example.com'), 'changed');
    const after = { ...before, email: 'After@example.com', emailConfirmed: true } as const;
    t.deepEqual(await accounts().findUserByEmail('after@EXAMPLE.com'), after);
    t.is(await accounts().findUserByEmail('before@example.com'), null);
    t.true(await accounts().addUser(user('user_next', 'before@example.com')));
    // The same address in another case is the user's own.
    t.is(await accounts().changeEmail(after, 'AFTER@example.com'), 'changed');
  });

  test('A7: of two who take one address at once, one succeeds', async (t) => {
    const [one, two] = [user('user_one'), user('user_two')];
    await Promise.all([one, two].map((each) => accounts().addUser(each)));
    const outcomes = await Promise.allSettled([
      accounts().changeEmail(one, 'wanted@example.com'),
      accounts().changeEmail(two, 'wanted@example.com'),
      accounts().addUser(user('user_three', 'wanted@example.com')),
    ]);
    const won = outcomes.filter(
      (each) => each.status === 'fulfilled' && [true, 'changed'].includes(each.value as never),
    );
    t.is(won.length, 1);
    const owners = [];
    for (const id of ['user_one', 'user_two', 'user_three']) {
      const found = await accounts().findUser(id);
      if (found?.email === 'wanted@example.com') owners.push(id);
    }
    t.deepEqual(owners, [(await accounts().findUserByEmail('wanted@example.com'))!.id]);
  });
}
