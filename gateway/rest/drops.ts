// The routes of drops: create, read, list, change and cancel (D1 to D4, S4). The order path sells
// them.

import { DropChange, DropChangeBody } from '../../contracts/drafts.ts';
import {
  DropBody,
  DropPage,
  DropQuery,
  NewDrop,
  NewDropBody,
  type DropCard,
  type DropFilter,
  type DropsPage,
  type DropView,
} from '../../contracts/drops.ts';
import type { Page } from '../../contracts/paging.ts';
import { reader } from '../../contracts/wire.ts';
import { success } from '../../domain/refusal.ts';
import type { RestrictionSet } from '../../events/restriction-set.ts';
import type { FeatureLevels } from '../../storage/ports/feature-level.ts';
import { cachedReply, cacheKey } from '../cache/cached-reply.ts';
import { cacheStatus } from '../cache/cache-headers.ts';
import { type PublicReads, TAGS } from '../cache/public-reads.ts';
import type { DropCards } from '../cache/drop-cards.ts';
import type { ProductPictures } from '../cache/product-pictures.ts';
import { refuseEarly, refuseEarlyAccess, refuseEarlyUnlisted } from '../http/early-fields.ts';
import { conditionOf, IfMatchHeaders } from '../http/if-match.ts';
import { contentTag } from '../http/entity-tag.ts';
import { problem } from '../http/problems.ts';
import { isOperator } from '../../app/caller.ts';
import { mayAct } from '../../app/permissions.ts';
import {
  JSON_MEDIA_TYPE,
  jsonReply,
  route,
  type Route,
  type RouteCall,
  textReply,
  userRoute,
} from '../http/route.ts';
import { dropBody, dropPageBody, pageBody, tagOf } from '../present.ts';
import { changedDrop, dropChangeRoute } from './drop-change.ts';
import { pageRequest, paramsOf } from './paging.ts';
import { pauseRoutes } from './pauses.ts';
import { unlistedOf } from './unlisted-lists.ts';

const TAG = 'drops';
/** No shared cache may have a draft. */
const PRIVATE = ['cache-control', 'private, no-store'] as const;

const newDrop = reader(NewDrop);
const dropChange = reader(DropChange);

export interface DropRoutesOptions {
  readonly cards: DropCards;
  readonly reads: PublicReads;
  readonly pictures: ProductPictures;
  readonly hidden: Pick<RestrictionSet, 'isHidden'>;
  /** The feature level of the store. */
  readonly levels: Pick<FeatureLevels, 'reached'>;
}

export function dropRoutes(options: DropRoutesOptions): Route[] {
  return [...creatorRoutes(options), ...pauseRoutes(options), ...readRoutes(options)];
}

function creatorRoutes({ levels }: DropRoutesOptions): Route[] {
  return [
    userRoute(
      {
        method: 'POST',
        path: '/v1/products/{id}/drops',
        summary: 'Make a drop of a product of one’s own, or a draft of one.',
        tag: TAG,
        access: 'user',
        action: 'drops.create',
        refusesBanned: 'everywhere',
        rateClass: 'writes',
        keyed: true,
        body: NewDropBody,
        status: 201,
        response: DropBody,
        refusals: ['not-found', 'forbidden', 'too-many', 'unavailable', 'overloaded'],
      },
      async ({ call, caller, id: productId, body, request }) => {
        const early =
          refuseEarly(levels, body.metadata, body.externalId, body.draft) ??
          refuseEarlyAccess(levels, body) ??
          refuseEarlyUnlisted(levels, body.unlisted);
        if (early !== null) return early;
        const action = body.draft === true ? 'drafts.add' : 'drops.create';
        const made = await call(action, {
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
          'Change a drop: times and limits before the start, afterwards its end and stock. ' +
          'Of a draft everything changes.',
        tag: TAG,
        access: 'user',
        action: 'drops.amend',
        refusesBanned: 'everywhere',
        rateClass: 'writes',
        headers: IfMatchHeaders,
        keyed: true,
        body: DropChangeBody,
        status: 200,
        response: DropBody,
        refusals: [
          'not-found',
          'forbidden',
          'drop-already-started',
          'drop-announced',
          'drop-ended',
          'insufficient-stock',
          'precondition-failed',
          'unavailable',
          'overloaded',
        ],
      },
      async ({ call, caller, id, body, header, request }) => {
        const { metadata, externalId, currency, holdSeconds, payment } = body;
        const fields = [metadata, externalId, currency, holdSeconds, payment];
        const early = refuseEarly(levels, ...fields) ?? refuseEarlyAccess(levels, body);
        if (early !== null) return early;
        const condition = conditionOf(header, levels);
        if (!condition.ok) return condition;
        const amend = {
          caller,
          dropId: id,
          change: dropChange(body),
          ...condition.params,
          request,
        };
        return changedDrop(await call('drops.amend', amend));
      },
    ),
    userRoute(
      {
        ...dropChangeRoute('cancel', 'drops.cancel', ['drop-ended']),
        summary: 'Cancel a drop: held orders are cancelled, confirmed ones refunded.',
      },
      async ({ call, caller, id, header, request }) => {
        const condition = conditionOf(header, levels);
        if (!condition.ok) return condition;
        const cancel = { caller, dropId: id, ...condition.params, request };
        return changedDrop(await call('drops.cancel', cancel));
      },
    ),
  ];
}

function readRoutes({ cards, reads, pictures, hidden, levels }: DropRoutesOptions): Route[] {
  const isHidden = (drop: DropView): boolean => hidden.isHidden(drop);
  return [
    route(
      {
        method: 'GET',
        path: '/v1/drops/{id}',
        summary: 'A drop with its stock, as of one version; a draft for its creator.',
        tag: TAG,
        access: 'public',
        knowsUsers: true,
        action: 'drafts.read',
        rateClass: 'reads',
        status: 200,
        response: DropBody,
        refusals: ['not-found', 'unavailable', 'overloaded'],
        cache: 'public, no-cache',
      },
      async ({ call, header, id, identify }) => {
        const { outcome: drop, served } = await cards.read(id);
        if (!drop.ok) {
          if (drop.code !== 'not-found' || header('authorization') === '') return drop;
          const caller = await identify();
          if (!caller.ok) return caller;
          const draft = await call('drafts.get', { caller, dropId: id });
          return draft.ok ? jsonReply(200, dropBody(draft.value), [PRIVATE]) : draft;
        }
        if (isHidden(drop.value)) {
          if (header('authorization') === '') return problem('not-found');
          const caller = await identify();
          if (!caller.ok) return caller;
          const mayRead = isOperator(caller) || mayAct(caller, drop.value.creatorId, 'drafts.read');
          if (!mayRead) return problem('not-found');
          return jsonReply(200, dropBody(drop.value), [PRIVATE]);
        }
        const { json, etag } = await cards.body(drop.value, call);
        cards.viewed(id);
        const reply = textReply(200, JSON_MEDIA_TYPE, json, [
          ['etag', etag],
          ['cache-status', cacheStatus(served)],
        ]);
        return served === 'hit' ? { ...reply, source: cards.source(drop.value, isHidden) } : reply;
      },
    ),
    route(
      {
        method: 'GET',
        path: '/v1/drops',
        summary: 'Drops, newest first. The stock shown may be a second old.',
        tag: TAG,
        access: 'public',
        knowsUsers: true,
        action: 'drafts.read',
        rateClass: 'reads',
        query: DropQuery,
        status: 200,
        response: DropPage,
        refusals: ['not-found', 'unavailable'],
        cache: 'public, max-age=1',
      },
      async ({ call, query, identify }) => {
        const { status, creator_id: creatorId, product_id: productId } = query;
        const { external_id: externalId, unlisted: withUnlisted = false } = query;
        const early = refuseEarly(levels, externalId) ?? refuseEarlyUnlisted(levels, withUnlisted);
        if (early !== null) return early;
        const page = pageRequest(query);
        const filter = {
          ...(productId !== undefined && { productId }),
          ...(externalId !== undefined && { externalId }),
        };
        if (status === 'draft') {
          const caller = await identify();
          if (!caller.ok) return caller;
          // Services of before know no organisations, and would list the caller's own.
          if (creatorId !== undefined && !mayAct(caller, creatorId, 'drafts.read'))
            return problem('not-found');
          const whose = creatorId === undefined ? {} : { creatorId };
          const drafts = await call('drafts.list', { caller, ...whose, ...filter, page });
          return drafts.ok ? jsonReply(200, pageBody(drafts.value, dropBody), [PRIVATE]) : drafts;
        }
        const load = async (whose: Pick<DropFilter, 'creatorId' | 'withUnlisted'>) => {
          const drops = await call('catalogue.drops', {
            ...(status !== undefined && { status }),
            ...whose,
            ...filter,
            page,
          });
          return drops.ok ? success(await pictured(drops.value, pictures, call)) : drops;
        };
        if (withUnlisted) {
          const whose = await unlistedOf(identify, creatorId);
          if (!whose.ok) return whose;
          const drops = await load(whose.value);
          return drops.ok ? jsonReply(200, dropPageBody(drops.value), [PRIVATE]) : drops;
        }
        const about = { status, creator_id: creatorId, product_id: productId };
        return await cachedReply(reads, {
          kind: 'drop-lists',
          key: cacheKey('/v1/drops', { ...about, external_id: externalId, ...paramsOf(page) }),
          tags: [TAGS.drops, ...(creatorId === undefined ? [] : [TAGS.creator(creatorId)])],
          load: () => load(creatorId === undefined ? {} : { creatorId }),
          present: dropPageBody,
          about: (drops) => ({
            etag: pageTag(drops),
            tags: [...productsOf(drops)].map((id) => TAGS.product(id)),
          }),
        });
      },
    ),
  ];
}

type CardsPage = Omit<DropsPage, 'items'> & Page<DropCard>;

/** With the public pictures of the products, as far as they are there in time. */
async function pictured(
  page: DropsPage,
  pictures: ProductPictures,
  call: RouteCall,
): Promise<CardsPage> {
  if (!pictures.areThere) return page;
  const shown = await pictures.of(productsOf(page), call);
  const items = page.items.map((drop) => {
    const picture = shown.get(drop.productId);
    return picture === undefined ? drop : { ...drop, picture };
  });
  return { ...page, items };
}

function productsOf({ items }: CardsPage): Set<string> {
  return new Set(items.map(({ productId }) => productId));
}

/** Not of `asOf`, which is another in each answer: a page whose drops are the same is the same. */
function pageTag({ items, nextCursor }: CardsPage): string {
  const drops = items.map(
    ({ id, version, status, picture }) => `${id} ${version} ${status}${tagOf(picture)}`,
  );
  return contentTag([...drops, nextCursor].join('\n'));
}
