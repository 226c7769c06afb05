// The routes of creators' products (D1).

import {
  NewProduct,
  ProductBody,
  ProductPage,
  ProductPatch,
  ProductQuery,
} from '../../contracts/products.ts';
import { cachedReply, cacheKey } from '../cache/cached-reply.ts';
import { productRead } from '../cache/entity-reads.ts';
import { type PublicReads, TAGS } from '../cache/public-reads.ts';
import { pageBody, productBody } from '../present.ts';
import { refuseEarly } from '../http/early-fields.ts';
import { conditionOf, IfMatchHeaders } from '../http/if-match.ts';
import { jsonReply, route, type Route, userRoute } from '../http/route.ts';
import type { FeatureLevels } from '../../storage/ports/feature-level.ts';
import { pageRequest, paramsOf } from './paging.ts';

const TAG = 'products';

export interface ProductRoutesOptions {
  /** The feature level of the store. */
  readonly levels: Pick<FeatureLevels, 'reached'>;
  readonly reads: PublicReads;
}

export function productRoutes({ levels, reads }: ProductRoutesOptions): Route[] {
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
        const early = refuseEarly(levels, product.metadata, product.externalId);
        if (early !== null) return early;
        const added = await call('products.add', { caller, creatorId, product, request });
        if (!added.ok) return added;
        const location = `/v1/products/${added.value.id}`;
        return jsonReply(201, productBody(added.value), [['location', location]]);
      },
    ),
    route(
      {
        method: 'GET',
        path: '/v1/products/{id}',
        summary: 'A product.',
        tag: TAG,
        access: 'public',
        rateClass: 'reads',
        status: 200,
        response: ProductBody,
        refusals: ['not-found', 'unavailable'],
        cache: 'public, max-age=5, stale-while-revalidate=5, stale-if-error=60',
      },
      async ({ call, id }) => {
        const load = () => call('catalogue.product', { productId: id });
        return await cachedReply(reads, productRead(id, load));
      },
    ),
    route(
      {
        method: 'GET',
        path: '/v1/products',
        summary: 'Products, newest first.',
        tag: TAG,
        access: 'public',
        rateClass: 'reads',
        query: ProductQuery,
        status: 200,
        response: ProductPage,
        refusals: ['unavailable'],
        cache: 'public, max-age=5, stale-while-revalidate=5, stale-if-error=60',
      },
      async ({ call, query }) => {
        const { creator_id: creatorId, external_id: externalId } = query;
        const early = refuseEarly(levels, externalId);
        if (early !== null) return early;
        const page = pageRequest(query);
        const about = { creator_id: creatorId, external_id: externalId };
        return await cachedReply(reads, {
          kind: 'product-lists',
          key: cacheKey('/v1/products', { ...about, ...paramsOf(page) }),
          tags:
            creatorId === undefined
              ? [TAGS.products]
              : [TAGS.productsOf(creatorId), TAGS.creator(creatorId)],
          load: () =>
            call('catalogue.products', {
              ...(creatorId !== undefined && { creatorId }),
              ...(externalId !== undefined && { externalId }),
              page,
            }),
          present: (products) => pageBody(products, productBody),
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
        const early = refuseEarly(levels, body.metadata, body.externalId);
        if (early !== null) return early;
        const condition = conditionOf(header, levels);
        if (!condition.ok) return condition;
        const change = { caller, productId: id, change: body, ...condition.params, request };
        const changed = await call('products.change', change);
        return changed.ok ? jsonReply(200, productBody(changed.value)) : changed;
      },
    ),
  ];
}
