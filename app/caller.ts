// What a requester's roles allow, and the caller that the drops' actors get for a requester.

import type { Requester } from '../contracts/accounts.ts';
import { AUDITOR_ROLE, OPERATOR_ROLE } from '../contracts/role-names.ts';
import type { Caller } from '../contracts/commands.ts';

export function isOperator({ roles }: Requester): boolean {
  return roles.includes(OPERATOR_ROLE);
}

/** Whether the requester may see all that operators see, and perhaps change nothing of it. */
export function maySeeOperations(requester: Requester): boolean {
  return isOperator(requester) || requester.roles.includes(AUDITOR_ROLE);
}

export function callerOf(requester: Requester): Caller {
  return { userId: requester.userId, operator: isOperator(requester) };
}
