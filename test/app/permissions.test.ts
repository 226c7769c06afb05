// Who may act for a creator, by the table of roles and actions (A10).

import test from 'ava';
import { actorFor, creatorsFor, mayAct } from '../../app/permissions.ts';
import type { Requester } from '../../contracts/accounts.ts';
import {
  CREATOR_ACTIONS,
  type CreatorAction,
  MEMBER_ROLES,
  type MemberRole,
  ruleOf,
} from '../../contracts/creator-actions.ts';
import { success } from '../../domain/refusal.ts';
import { memoryStores } from '../../storage/memory/stores.ts';
import { dropView, ScriptedRouter } from '../services/harness.ts';

const ACTIONS = Object.keys(CREATOR_ACTIONS) as CreatorAction[];
const member = (role: MemberRole, organisationId = 'o_1'): Requester => ({
  userId: 'ada',
  roles: [],
  memberships: [{ organisationId, role }],
});

/** A drop of `o_1`, whose row is not listed yet. */
function start() {
  const router = new ScriptedRouter();
  router.answer = () => success(dropView({ creatorId: 'o_1' }));
  return { ...memoryStores(), router };
}

test('A10: a role allows what needs it or a lesser one, and nothing else', (t) => {
  for (const action of ACTIONS) {
    const { role: least } = ruleOf(action);
    const allowed = least === null ? [] : MEMBER_ROLES.slice(0, MEMBER_ROLES.indexOf(least) + 1);
    for (const role of MEMBER_ROLES) {
      const label = `${role} ${action}`;
      t.is(mayAct(member(role), 'o_1', action), allowed.includes(role), label);
      t.false(mayAct(member(role), 'o_2', action), label);
      t.deepEqual(
        creatorsFor(member(role), action),
        allowed.includes(role) ? ['ada', 'o_1'] : ['ada'],
        label,
      );
    }
  }
});

test('A10: everybody may do everything for themselves', (t) => {
  for (const action of ACTIONS) {
    t.true(mayAct({ userId: 'ada', roles: [] }, 'ada', action));
    t.deepEqual(creatorsFor(member('support', 'ada'), action), ['ada']);
  }
});

test('A10: a drop gets its creator as the caller where a member may act for it', async (t) => {
  const options = start();
  t.deepEqual(await actorFor(options, member('support'), 'd_1', 'orders.refund'), {
    userId: 'o_1',
    operator: false,
  });
  t.deepEqual(await actorFor(options, member('support'), 'd_1', 'drops.cancel'), {
    userId: 'ada',
    operator: false,
  });
  t.deepEqual(await actorFor(options, member('owner', 'o_2'), 'd_1', 'drops.cancel'), {
    userId: 'ada',
    operator: false,
  });
});

test('A10: nothing is read for operators, and for members of nothing', async (t) => {
  const options = start();
  const operator = { ...member('owner'), roles: ['operator'] };
  t.deepEqual(await actorFor(options, operator, 'd_1', 'drops.cancel'), {
    userId: 'ada',
    operator: true,
  });
  await actorFor(options, { userId: 'ada', roles: [] }, 'd_1', 'drops.cancel');
  t.deepEqual(options.router.commands, []);
});
