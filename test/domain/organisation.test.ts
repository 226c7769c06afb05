// What becomes of an organisation (A10): whatever happens to it, there is an owner.

import test from 'ava';
import fc from 'fast-check';
import type { MemberRole } from '../../contracts/creator-actions.ts';
import type { StoredInvitation, StoredOrganisation } from '../../contracts/organisations.ts';
import {
  type Changed,
  isNeededOwner,
  organisationOf,
  roleIn,
  withAccepted,
  withInvitation,
  withoutExpired,
  withoutInvitation,
  withoutMember,
  withoutPerson,
  withRole,
} from '../../domain/organisation.ts';

const NOW = 1_000;
const invitation = (id: string, change: Partial<StoredInvitation> = {}): StoredInvitation => ({
  id,
  email: `${id}@example.com`,
  role: 'support',
  invitedBy: 'ada',
  createdAt: NOW,
  expiresAt: NOW + 100,
  ...change,
});

function done(changed: Changed): StoredOrganisation {
  if ('ok' in changed) throw new Error(changed.code);
  return changed;
}

/** With these members besides the owner `ada`, who joined one after the other. */
function team(...others: readonly (readonly [string, MemberRole])[]): StoredOrganisation {
  let one = organisationOf('o_1', 'ada', 0);
  for (const [i, [userId, role]] of others.entries()) {
    const asked = done(withInvitation(one, invitation(`in${i}`, { role })));
    one = done(withAccepted(asked, `in${i}`, userId, NOW + i));
  }
  return one;
}

const person = fc.constantFrom('ada', 'bo', 'cy', 'o_1');
const role = fc.constantFrom<MemberRole>('owner', 'manager', 'support');
const step = fc.oneof(
  fc.record({ kind: fc.constant('role' as const), person, role }),
  fc.record({ kind: fc.constant('out' as const), person, role }),
  fc.record({ kind: fc.constant('in' as const), person, role }),
  fc.record({ kind: fc.constant('gone' as const), person, role }),
);

for (const ownerId of ['ada', 'o_1']) {
  test(`A10: there is always an owner, of an organisation that ${ownerId} made`, (t) => {
    const run = fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      let one: StoredOrganisation = organisationOf('o_1', ownerId, 0);
      for (const [i, { kind, person: userId, role: to }] of steps.entries()) {
        const before = one;
        let after: Changed | null = before;
        if (kind === 'role') after = withRole(before, userId, to);
        if (kind === 'out') after = withoutMember(before, userId);
        if (kind === 'gone' && userId !== 'o_1') after = withoutPerson(before, userId);
        if (kind === 'in') {
          const asked = withInvitation(before, invitation(`in${i}`, { role: to }));
          after = 'ok' in asked ? asked : withAccepted(asked, `in${i}`, userId, NOW + i);
        }
        if (after === null) return;
        if (!('ok' in after)) one = after;
        if (!one.members.some((member) => member.role === 'owner'))
          throw new Error(`no owner after ${kind} of ${userId}`);
        if (new Set(one.members.map((member) => member.userId)).size !== one.members.length)
          throw new Error('a member is there twice');
        if (ownerId === 'o_1' && roleIn(one, 'o_1') !== 'owner')
          throw new Error('the account does not own itself');
      }
    });
    t.notThrows(() => fc.assert(run, { numRuns: 500 }));
  });
}

test('A10: the last owner neither leaves nor is demoted; another one makes both possible', (t) => {
  const one = team(['bo', 'manager']);
  t.like(withoutMember(one, 'ada'), { code: 'last-owner' });
  t.like(withRole(one, 'ada', 'support'), { code: 'last-owner' });
  t.true(isNeededOwner(one, 'ada'));
  t.false(isNeededOwner(one, 'bo'));
  const two = done(withRole(one, 'bo', 'owner'));
  t.false(isNeededOwner(two, 'ada'));
  t.is(roleIn(done(withoutMember(two, 'ada')), 'ada'), null);
  t.like(withRole(one, 'cy', 'owner'), { code: 'not-found' });
});

test('A10: who is gone leaves the organisation to the next in rank, of two to the elder', (t) => {
  const after = withoutPerson(team(['bo', 'support'], ['cy', 'manager'], ['di', 'manager']), 'ada');
  t.deepEqual(
    after?.members.map(({ userId, role: has }) => [userId, has]),
    [
      ['bo', 'support'],
      ['cy', 'owner'],
      ['di', 'manager'],
    ],
  );
  t.is(withoutPerson(team(), 'ada'), null);
});

test('A10: an invitation is good until its end, once, and replaces an earlier one', (t) => {
  const first = done(withInvitation(team(), invitation('a', { email: 'Bo@example.com' })));
  const second = done(withInvitation(first, invitation('b', { email: 'bo@EXAMPLE.com' })));
  t.deepEqual(
    second.invitations.map(({ id }) => id),
    ['b'],
  );
  t.like(withAccepted(second, 'a', 'bo', NOW), { code: 'not-found' });
  t.like(withAccepted(second, 'b', 'bo', NOW + 100), { code: 'not-found' });
  const joined = done(withAccepted(second, 'b', 'bo', NOW + 99));
  t.is(roleIn(joined, 'bo'), 'support');
  t.like(withAccepted(joined, 'b', 'cy', NOW), { code: 'not-found' });
  t.like(withoutInvitation(joined, 'b', NOW), { code: 'not-found' });
  t.is(withoutExpired(second, NOW + 99), null);
  t.deepEqual(withoutExpired(second, NOW + 100)?.invitations, []);
});

test('A10: an owner who accepts a lesser role stays owner', (t) => {
  const asked = done(withInvitation(team(), invitation('a')));
  t.is(roleIn(done(withAccepted(asked, 'a', 'ada', NOW)), 'ada'), 'owner');
});

test('A10: who accepts an invitation keeps the greater role', (t) => {
  const one = team(['bo', 'manager'], ['cy', 'support']);
  const accepted = (userId: string, to: MemberRole) => {
    const asked = done(withInvitation(one, invitation('a', { role: to })));
    return done(withAccepted(asked, 'a', userId, NOW));
  };
  t.is(roleIn(accepted('bo', 'support'), 'bo'), 'manager');
  t.is(roleIn(accepted('bo', 'owner'), 'bo'), 'owner');
  t.is(roleIn(accepted('cy', 'manager'), 'cy'), 'manager');
  t.deepEqual(accepted('cy', 'support').members, one.members);
  t.deepEqual(accepted('bo', 'support').invitations, []);
});

test('A10: invitations end with the ownership of who sent them', (t) => {
  let one = team(['bo', 'owner']);
  for (const [id, invitedBy] of [
    ['a', 'ada'],
    ['b', 'bo'],
  ] as const)
    one = done(withInvitation(one, invitation(id, { role: 'owner', invitedBy })));
  const open = (after: StoredOrganisation | null) => after?.invitations.map(({ id }) => id);
  t.deepEqual(open(done(withRole(one, 'bo', 'manager'))), ['a']);
  t.deepEqual(open(done(withoutMember(one, 'bo'))), ['a']);
  t.deepEqual(open(withoutPerson(one, 'bo')), ['a']);
  t.deepEqual(open(done(withRole(one, 'bo', 'owner'))), ['a', 'b']);
});

test('A10: members and invitations are bounded together', (t) => {
  let one = team();
  let invited = 0;
  for (let joined = 0; ; joined++) {
    const asked = withInvitation(one, invitation(`m${joined}`));
    if ('ok' in asked) break;
    one = done(withAccepted(asked, `m${joined}`, `u${joined}`, NOW));
  }
  t.is(one.members.length, 50);
  one = team();
  for (; ; invited++) {
    const asked = withInvitation(one, invitation(`i${invited}`));
    if ('ok' in asked) break;
    one = asked;
  }
  t.is(invited, 20);
});
