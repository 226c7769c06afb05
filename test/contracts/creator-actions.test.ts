// The table of what members and API keys may do, and the page that shows it (A5, A10).

import { readFileSync } from 'node:fs';
import test from 'ava';
import {
  CREATOR_ACTIONS,
  type CreatorAction,
  MEMBER_ROLES,
  roleAllows,
  ruleOf,
} from '../../contracts/creator-actions.ts';

const ACTIONS = Object.keys(CREATOR_ACTIONS) as CreatorAction[];

test('A10: the page for sellers has the table, row by row', (t) => {
  const page = readFileSync(new URL('../../docs/SELLING.md', import.meta.url), 'utf8');
  const shown = page.split('\n').filter((line) => /^\| `\w+\.\w+` \|/.test(line));
  const rows = ACTIONS.map((action) => {
    const { scope } = ruleOf(action);
    const roles = MEMBER_ROLES.filter((role) => roleAllows(role, action)).join(', ');
    return `| \`${action}\` | ${roles || 'none'} | ${scope === null ? 'none' : `\`${scope}\``} |`;
  });
  t.deepEqual(shown, rows);
});

test('A10: each role may do what the one after it may', (t) => {
  for (const action of ACTIONS) {
    const allowed = MEMBER_ROLES.map((role) => roleAllows(role, action));
    t.false(
      allowed.some((isAllowed, i) => isAllowed && allowed.slice(0, i).includes(false)),
      action,
    );
  }
});
