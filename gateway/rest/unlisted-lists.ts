// Lists that also show what is unlisted (D10): only to those whom it belongs to.

import { maySeeOperations } from '../../app/caller.ts';
import { mayAct } from '../../app/permissions.ts';
import type { Outcome } from '../../contracts/refusals.ts';
import { success } from '../../domain/refusal.ts';
import { type Problem, problem } from '../http/problems.ts';
import type { Identified } from '../http/route.ts';

interface Whose {
  readonly creatorId?: string;
  readonly withUnlisted: true;
}

/**
 * The caller's own unless given, or those of a creator for whom the caller may act; for who sees
 * operations, those of any creator, or of all.
 */
export async function unlistedOf(
  identify: () => Promise<Identified | Problem>,
  creatorId: string | undefined,
): Promise<Outcome<Whose> | Problem> {
  const caller = await identify();
  if (!caller.ok) return caller;
  const seesAll = maySeeOperations(caller);
  if (creatorId === undefined && seesAll) return success({ withUnlisted: true });
  const whose = creatorId ?? caller.userId;
  if (!seesAll && !mayAct(caller, whose, 'drafts.read')) return problem('not-found');
  return success({ creatorId: whose, withUnlisted: true });
}
