// What routes have in common that change a drop or a draft as a whole: a POST below it, for a
// revision (H12) and once for a key (H11), answered with the drop as it is then.

import type { CreatorAction } from '../../contracts/creator-actions.ts';
import type { DraftView } from '../../contracts/drafts.ts';
import { DropBody, type DropView } from '../../contracts/drops.ts';
import type { Outcome, RefusalCode } from '../../contracts/refusals.ts';
import { IfMatchHeaders } from '../http/if-match.ts';
import { jsonReply, type RouteResult } from '../http/route.ts';
import { dropBody } from '../present.ts';

/** The common part of their definitions. */
export function dropChangeRoute<const C extends string>(
  change: C,
  action: CreatorAction,
  refusals: readonly RefusalCode[],
) {
  return {
    method: 'POST',
    path: `/v1/drops/{id}/${change}`,
    tag: 'drops',
    access: 'user',
    action,
    rateClass: 'writes',
    headers: IfMatchHeaders,
    keyed: true,
    status: 200,
    response: DropBody,
    refusals: [
      'not-found',
      'forbidden',
      ...refusals,
      'precondition-failed',
      'unavailable',
      'overloaded',
    ],
  } as const;
}

export function changedDrop(changed: Outcome<DropView | DraftView>): RouteResult {
  return changed.ok ? jsonReply(200, dropBody(changed.value)) : changed;
}
