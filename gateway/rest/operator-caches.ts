// The operators' routes to the caches of gateways (C5).

import { CacheEviction, EvictedCachesList, NodeCachesList } from '../../contracts/caches.ts';
import { jsonReply, type Route, userRoute } from '../http/route.ts';
import { operatorRoute } from './operator-route.ts';

export function operatorCacheRoutes(): Route[] {
  return [
    userRoute(
      {
        ...operatorRoute('GET', 'caches'),
        summary: 'The caches of all gateways by kind: sizes, hits, misses.',
        response: NodeCachesList,
      },
      async ({ call, caller }) => {
        const nodes = await call('operator.listCaches', { caller });
        return nodes.ok ? jsonReply(200, { items: nodes.value, nextCursor: null }) : nodes;
      },
    ),
    userRoute(
      {
        ...operatorRoute('POST', 'caches/evict'),
        keyed: false,
        summary: 'Have every gateway read anew what is of a kind, a path or a creator, or all.',
        body: CacheEviction,
        response: EvictedCachesList,
      },
      async ({ call, caller, body: eviction }) => {
        const evicted = await call('operator.evictCaches', { caller, eviction });
        return evicted.ok ? jsonReply(200, { items: evicted.value, nextCursor: null }) : evicted;
      },
    ),
  ];
}
