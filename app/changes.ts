// Who may read the outside stream, and what of it (C1): operators all of it, creators what is about
// their own drops, products and followers, and members what is about their organisation's.

import type { Requester } from '../contracts/accounts.ts';
import { CREATOR_ROLE } from '../contracts/role-names.ts';
import type { StreamQuery } from '../contracts/changes.ts';
import type { Outcome } from '../contracts/refusals.ts';
import { refusal, success } from '../domain/refusal.ts';
import type { ReadOptions } from '../events/outside/outside-stream.ts';
import { isOperator } from './caller.ts';
import { mayAct } from './permissions.ts';

/** What the caller is to read; without a position, from the start, and to what is the end now. */
export function changesFor(
  caller: Requester,
  { from = 'start', follow = false, creator_id: creatorId }: StreamQuery,
): Outcome<Omit<ReadOptions, 'forMs'>> {
  if (isOperator(caller)) return success({ from, follow, creatorId: creatorId ?? null });
  if (creatorId !== undefined && creatorId !== caller.userId) {
    return mayAct(caller, creatorId, 'changes.read')
      ? success({ from, follow, creatorId })
      : refusal('forbidden', 'These changes are of another organisation.');
  }
  if (caller.roles.includes(CREATOR_ROLE))
    return success({ from, follow, creatorId: caller.userId });
  return refusal('forbidden', 'Only creators and operators may read the changes.');
}
