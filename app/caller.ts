// The caller that the drops' actors get for a requester.

import { OPERATOR_ROLE, type Requester } from '../contracts/accounts.ts';
import type { Caller } from '../contracts/commands.ts';

export function isOperator({ roles }: Requester): boolean {
  return roles.includes(OPERATOR_ROLE);
}

export function callerOf(requester: Requester): Caller {
  return { userId: requester.userId, operator: isOperator(requester) };
}
