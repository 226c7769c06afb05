// The routes of drops: create, read, list, change and cancel (D1 to D4, S4). The order path sells
// them.

import {
  DropBody,
  DropPage,
  DropPatch,
  DropPatchBody,
  DropQuery,
  NewDrop,
  NewDropBody,
  type DropsPage,
} from '../../contracts/drops.ts';
import { reader } from '../../contracts/wire.ts';
import type { FeatureLevels } from '../../storage/ports/feature-level.ts';
import type { DropViews } from '../drop-views.ts';
import { refuseEarly } from '../http/early-fields.ts';
import { conditionOf, IfMatchHeaders } from '../http/if-match.ts';
import { contentTag } from '../http/entity-tag.ts';
import { jsonReply, route, type Route, userRoute } from '../http/route.ts';
import { dropBody, dropPageBody } from '../present.ts';
import { pageRequest } from './paging.ts';

const TAG = 'drops';

const newDrop = reader(NewDrop);
const dropPatch = reader(DropPatch);

export interface DropRoutesOptions {
  readonly views: DropViews;
  /** The feature level of the store. */
  readonly levels: Pick<FeatureLevels, 'reached'>;
}

export function dropRoutes(options: DropRoutesOptions): Route[] {
  return [...creatorRoutes(options), ...readRoutes(options)];
}

function creatorRoutes({ levels }: DropRoutesOptions): Route[] {
  return [
    userRoute(
      {
        method: 'POST',
        path: '/v1/products/{id}/drops',
        summary: 'Make a drop of a product of one’s own.',
        tag: TAG,
        access: 'user',
        keyUse: 'drops.create',
        rateClass: 'writes',
        keyed: true,
        body: NewDropBody,
        status: 201,
        response: DropBody,
        refusals: ['not-found', 'forbidden', 'unavailable', 'overloaded'],
      },
      async ({ call, caller, id: productId, body, request }) => {
        const early = refuseEarly(levels, body.metadata, body.externalId);
        if (early !== null) return early;
        const made = await call('drops.create', {
          caller,
          productId,
          drop: newDrop(body),
          request,
        });
        if (!made.ok) return made;
        return jsonReply(201, dropBody(made.value), [['location', `/v1/drops/${made.value.id}`]]);
      },
    ),
    userRoute(
      {
        method: 'PATCH',
        path: '/v1/drops/{id}',
        summary:
          'Change a drop: times and limits before the start, afterwards an earlier end and stock.',
        tag: TAG,
        access: 'user',
        keyUse: 'drops.amend',
        rateClass: 'writes',
        headers: IfMatchHeaders,
        keyed: true,
        body: DropPatchBody,
        status: 200,
        response: DropBody,
        refusals: [
          'not-found',
          'forbidden',
          'drop-already-started',
          'drop-ended',
          'insufficient-stock',
          'precondition-failed',
          'unavailable',
          'overloaded',
        ],
      },
      async ({ call, caller, id, body, header, request }) => {
        const early = refuseEarly(levels, body.metadata, body.externalId);
        if (early !== null) return early;
        const condition = conditionOf(header, levels);
        if (!condition.ok) return condition;
        const amend = { caller, dropId: id, change: dropPatch(body), ...condition.params, request };
        const changed = await call('drops.amend', amend);
        return changed.ok ? jsonReply(200, dropBody(changed.value)) : changed;
      },
    ),
    userRoute(
      {
        method: 'POST',
        path: '/v1/drops/{id}/cancel',
        summary: 'Cancel a drop: held orders are cancelled, confirmed ones refunded.',
        tag: TAG,
        access: 'user',
        keyUse: 'drops.cancel',
        rateClass: 'writes',
        headers: IfMatchHeaders,
        keyed: true,
        status: 200,
        response: DropBody,
        refusals: [
          'not-found',
          'forbidden',
          'drop-ended',
          'precondition-failed',
          'unavailable',
          'overloaded',
        ],
      },
      async ({ call, caller, id, header, request }) => {
        const condition = conditionOf(header, levels);
        if (!condition.ok) return condition;
        const cancel = { caller, dropId: id, ...condition.params, request };
        const cancelled = await call('drops.cancel', cancel);
        return cancelled.ok ? jsonReply(200, dropBody(cancelled.value)) : cancelled;
      },
    ),
  ];
}

function readRoutes({ views, levels }: DropRoutesOptions): Route[] {
  return [
    route(
      {
        method: 'GET',
        path: '/v1/drops/{id}',
        summary: 'A drop with its stock, as of one version.',
        tag: TAG,
        access: 'public',
        rateClass: 'reads',
        status: 200,
        response: DropBody,
        refusals: ['not-found', 'unavailable', 'overloaded'],
        cache: 'public, no-cache',
      },
      async ({ id }) => {
        const drop = await views.get(id);
        if (!drop.ok) return drop;
        const { version, status } = drop.value;
        return jsonReply(200, dropBody(drop.value), [['etag', `W/"${version}-${status}"`]]);
      },
    ),
    route(
      {
        method: 'GET',
        path: '/v1/drops',
        summary: 'Drops, newest first. The stock shown may be a second old.',
        tag: TAG,
        access: 'public',
        rateClass: 'reads',
        query: DropQuery,
        status: 200,
        response: DropPage,
        refusals: ['unavailable'],
        cache: 'public, max-age=1',
      },
      async ({ call, query }) => {
        const { status, creator_id: creatorId, product_id: productId } = query;
        const { external_id: externalId } = query;
        const early = refuseEarly(levels, externalId);
        if (early !== null) return early;
        const page = await call('catalogue.drops', {
          ...(status !== undefined && { status }),
          ...(creatorId !== undefined && { creatorId }),
          ...(productId !== undefined && { productId }),
          ...(externalId !== undefined && { externalId }),
          page: pageRequest(query),
        });
        if (!page.ok) return page;
        return jsonReply(200, dropPageBody(page.value), [['etag', pageTag(page.value)]]);
      },
    ),
  ];
}

/** Not of `asOf`, which is another in each answer: a page whose drops are the same is the same. */
function pageTag({ items, nextCursor }: DropsPage): string {
  const drops = items.map(({ id, version, status }) => `${id} ${version} ${status}`);
  return contentTag([...drops, nextCursor].join('\n'));
}
