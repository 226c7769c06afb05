// What the one who is logged in may do here; the server has the last word.

import { AUDITOR_ROLE, OPERATOR_ROLE } from '../../contracts/role-names.ts';
import { user } from '../shared/server.ts';

export function mayLook(): boolean {
  return has(OPERATOR_ROLE) || has(AUDITOR_ROLE);
}

export function mayChange(): boolean {
  return has(OPERATOR_ROLE);
}

function has(role: string): boolean {
  return user.value?.roles.includes(role) === true;
}
