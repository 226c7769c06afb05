// Puts the drop that an action replies with into the gateway's cache, so that this gateway does not
// show an older view after it.

import type { ActionName, CallAction } from '../contracts/actions.ts';
import type { DraftView } from '../contracts/drafts.ts';
import type { DropView } from '../contracts/drops.ts';
import type { Outcome } from '../contracts/refusals.ts';
import type { DropViews } from './drop-views.ts';

/** The actions that change one drop and reply with it. */
const ANSWERED_WITH_DROP: ReadonlySet<ActionName> = new Set<ActionName>([
  'drops.create',
  'drops.amend',
  'drops.cancel',
  'drops.pause',
  'drops.resume',
  'drafts.announce',
]);

export function cacheDrops(call: CallAction, views: DropViews): CallAction {
  return async (action, params, traceparent) => {
    const outcome = await call(action, params, traceparent);
    if (ANSWERED_WITH_DROP.has(action)) {
      const changed = outcome as Outcome<DropView | DraftView>;
      // A first answer that is given again is old, and a draft is for its creator alone.
      if (changed.ok && changed.replayed !== true && changed.value.status !== 'draft')
        views.accept(changed.value);
    }
    return outcome;
  };
}
