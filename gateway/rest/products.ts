// The routes of creators' products (D1).

import {
  NewProduct,
  ProductBody,
  type ProductFilter,
  ProductPage,
  ProductPatch,
  ProductQuery,
} from '../../contracts/products.ts';
import { cachedReply, cacheKey } from '../cache/cached-reply.ts';
import { productRead } from '../cache/entity-reads.ts';
import { type PublicReads, TAGS } from '../cache/public-reads.ts';
import { pageBody } from '../present.ts';
import type { MediaUrls } from '../media-urls.ts';
import { refuseEarly, refuseEarlyMedia, refuseEarlyUnlisted } from '../http/early-fields.ts';
import { conditionOf, IfMatchHeaders } from '../http/if-match.ts';
import { jsonReply, type Reply, route, type Route, userRoute } from '../http/route.ts';
import type { FeatureLevels } from '../../storage/ports/feature-level.ts';
import { pageRequest, paramsOf } from './paging.ts';
import { unlistedOf } from './unlisted-lists.ts';

const TAG = 'products';
const PRIVATE = ['cache-control', 'private, no-store'] as const;
const PRIVATE_MEDIA = ',"hasPrivateMedia":true';

export interface ProductRoutesOptions {
  /** The feature level of the store. */
  readonly levels: Pick<FeatureLevels, 'reached'>;
  readonly reads: PublicReads;
  readonly urls: MediaUrls;
}

export function productRoutes({ levels, reads, urls }: ProductRoutesOptions): Route[] {
  return [
    userRoute(
      {
        method: 'POST',
        path: '/v1/creators/{id}/products',
        idsOfUsers: ['id'],
        summary: 'Add a product of one’s own: the id is the caller’s.',
        tag: TAG,
        access: 'user',
        action: 'products.add',
        refusesBanned: 'everywhere',
        rateClass: 'writes',
        keyed: true,
        body: NewProduct,
        status: 201,
        response: ProductBody,
        refusals: ['forbidden', 'unavailable'],
      },
      async ({ call, caller, id: creatorId, body: product, request }) => {
        const early =
          refuseEarly(levels, product.metadata, product.externalId) ??
          refuseEarlyMedia(levels, product.mediaIds) ??
          refuseEarlyUnlisted(levels, product.unlisted);
        if (early !== null) return early;
        const added = await call('products.add', { caller, creatorId, product, request });
        if (!added.ok) return added;
        const location = `/v1/products/${added.value.id}`;
        return jsonReply(201, urls.product(added.value), [['location', location]]);
      },
    ),
    route(
      {
        method: 'GET',
        path: '/v1/products/{id}',
        summary: 'A product, with those of its media that are public, or the caller’s own.',
        tag: TAG,
        access: 'public',
        knowsUsers: true,
        action: 'media.upload',
        rateClass: 'reads',
        status: 200,
        response: ProductBody,
        refusals: ['not-found', 'unavailable'],
        cache: 'public, max-age=5, stale-while-revalidate=5, stale-if-error=60',
      },
      async ({ call, id, header, identify }) => {
        const load = () => call('catalogue.product', { productId: id });
        const reply = await cachedReply(reads, productRead(id, load, urls));
        if (!reply.ok || !hasPrivateMedia(reply)) return reply;
        // From here on it depends on who asks.
        const { source: _, ...unshared } = reply;
        if (header('authorization') === '') return unshared;
        const caller = await identify();
        if (!caller.ok) return caller;
        const own = await call('catalogue.product', { productId: id, caller });
        return own.ok ? jsonReply(200, urls.product(own.value), [PRIVATE]) : own;
      },
    ),
    route(
      {
        method: 'GET',
        path: '/v1/products',
        summary: 'Products, newest first.',
        tag: TAG,
        access: 'public',
        knowsUsers: true,
        action: 'drafts.read',
        rateClass: 'reads',
        query: ProductQuery,
        status: 200,
        response: ProductPage,
        refusals: ['not-found', 'unavailable'],
        cache: 'public, max-age=5, stale-while-revalidate=5, stale-if-error=60',
      },
      async ({ call, query, identify }) => {
        const { creator_id: creatorId, external_id: externalId, unlisted = false } = query;
        const early = refuseEarly(levels, externalId) ?? refuseEarlyUnlisted(levels, unlisted);
        if (early !== null) return early;
        const page = pageRequest(query);
        const load = (whose: Pick<ProductFilter, 'creatorId' | 'withUnlisted'>) =>
          call('catalogue.products', {
            ...whose,
            ...(externalId !== undefined && { externalId }),
            page,
          });
        if (unlisted) {
          const whose = await unlistedOf(identify, creatorId);
          if (!whose.ok) return whose;
          const found = await load(whose.value);
          return found.ok ? jsonReply(200, pageBody(found.value, urls.product), [PRIVATE]) : found;
        }
        const about = { creator_id: creatorId, external_id: externalId };
        return await cachedReply(reads, {
          kind: 'product-lists',
          key: cacheKey('/v1/products', { ...about, ...paramsOf(page) }),
          tags:
            creatorId === undefined
              ? [TAGS.products]
              : [TAGS.productsOf(creatorId), TAGS.creator(creatorId)],
          load: () => load(creatorId === undefined ? {} : { creatorId }),
          present: (products) => pageBody(products, urls.product),
        });
      },
    ),
    userRoute(
      {
        method: 'PATCH',
        path: '/v1/products/{id}',
        summary: 'Change a product of one’s own.',
        tag: TAG,
        access: 'user',
        action: 'products.change',
        refusesBanned: 'everywhere',
        rateClass: 'writes',
        keyed: true,
        headers: IfMatchHeaders,
        body: ProductPatch,
        status: 200,
        response: ProductBody,
        refusals: ['not-found', 'forbidden', 'precondition-failed', 'unavailable'],
      },
      async ({ call, caller, id, body, header, request }) => {
        const early =
          refuseEarly(levels, body.metadata, body.externalId) ??
          refuseEarlyMedia(levels, body.mediaIds);
        if (early !== null) return early;
        const condition = conditionOf(header, levels);
        if (!condition.ok) return condition;
        const change = { caller, productId: id, change: body, ...condition.params, request };
        const changed = await call('products.change', change);
        return changed.ok ? jsonReply(200, urls.product(changed.value)) : changed;
      },
    ),
  ];
}

/**
 * Whether its owner sees more of it. Texts of creators may have these characters, too, which then
 * costs a read.
 */
function hasPrivateMedia({ body }: Reply): boolean {
  return typeof body === 'string' && body.includes(PRIVATE_MEDIA);
}
