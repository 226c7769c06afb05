// Puts the drop that an action replies with into the gateway's cache, so that this gateway does not
// show an older view after it.

import type { ActionName, CallAction } from '../contracts/actions.ts';
import type { DropView } from '../contracts/drops.ts';
import type { DropViews } from './drop-views.ts';

/** The actions that change one drop and reply with it. */
const ANSWERED_WITH_DROP: ReadonlySet<ActionName> = new Set<ActionName>([
  'drops.create',
  'drops.amend',
  'drops.cancel',
]);

export function cacheDrops(call: CallAction, views: DropViews): CallAction {
  return async (action, params, traceparent) => {
    const outcome = await call(action, params, traceparent);
    if (ANSWERED_WITH_DROP.has(action)) {
      const { ok, value } = outcome as { ok: boolean; value?: DropView };
      if (ok) views.accept(value!);
    }
    return outcome;
  };
}
