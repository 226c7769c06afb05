// The routes of drafts: announce and remove (D7). A draft is made, read, changed and listed by the
// routes of drops, where its creator asks.

import type { FeatureLevels } from '../../storage/ports/feature-level.ts';
import { conditionOf, IfMatchHeaders } from '../http/if-match.ts';
import { emptyReply, type Route, userRoute } from '../http/route.ts';
import { changedDrop, dropChangeRoute } from './drop-change.ts';

export interface DraftRoutesOptions {
  /** The feature level of the store. */
  readonly levels: Pick<FeatureLevels, 'reached'>;
}

export function draftRoutes({ levels }: DraftRoutesOptions): Route[] {
  return [
    userRoute(
      {
        ...dropChangeRoute('announce', 'drafts.announce', ['invalid-request']),
        refusesBanned: 'everywhere',
        summary: 'Announce a draft of one’s own: it becomes a drop, and followers hear of it.',
      },
      async ({ call, caller, id, header, request }) => {
        const condition = conditionOf(header, levels);
        if (!condition.ok) return condition;
        const announced = await call('drafts.announce', {
          caller,
          dropId: id,
          ...condition.params,
          request,
        });
        // What the draft says can be no drop, whatever the request.
        return !announced.ok && announced.code === 'invalid-request'
          ? { ...announced, status: 422 }
          : changedDrop(announced);
      },
    ),
    userRoute(
      {
        method: 'DELETE',
        path: '/v1/drops/{id}',
        summary: 'Remove a draft of one’s own.',
        tag: 'drops',
        access: 'user',
        rateClass: 'writes',
        action: 'drafts.remove',
        headers: IfMatchHeaders,
        status: 204,
        refusals: [
          'not-found',
          'forbidden',
          'drop-announced',
          'precondition-failed',
          'unavailable',
          'overloaded',
        ],
      },
      async ({ call, caller, id, header }) => {
        const condition = conditionOf(header, levels);
        if (!condition.ok) return condition;
        const removed = await call('drafts.remove', { caller, dropId: id, ...condition.params });
        return removed.ok ? emptyReply(204) : removed;
      },
    ),
  ];
}
