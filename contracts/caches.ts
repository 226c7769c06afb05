// What operators see and evict of the caches of gateways (C5).

import { Type } from 'typebox';
import { CACHE_KINDS } from './cache-kinds.ts';
import { list } from './paging.ts';
import type { Plain } from './plain.ts';
import { count, STRICT, userId } from './scalars.ts';
import { wire } from './wire.ts';

const cacheKind = Type.Enum([...CACHE_KINDS], { type: 'string' });

/** Of one kind, in one gateway. */
export const CacheSample = Type.Object({
  kind: cacheKind,
  entries: count,
  bytes: Type.Integer({ minimum: 0, description: 'estimated' }),
  /** The others are since the start of the gateway. */
  hits: count,
  stale: Type.Integer({
    minimum: 0,
    description: 'reads that were shown what was being loaded again, or could not be',
  }),
  misses: count,
  collapsed: Type.Integer({ minimum: 0, description: 'reads that waited for the load of another' }),
  faults: Type.Integer({ minimum: 0, description: 'loads that failed' }),
  evictions: Type.Integer({ minimum: 0, description: 'entries that went for want of room' }),
  drifted: Type.Optional(
    Type.Integer({ minimum: 0, description: 'changes that a load found and no message had told' }),
  ),
});
export type CacheSample = Plain<typeof CacheSample>;

export const NodeCaches = Type.Object(
  {
    node: Type.String(),
    /** Null where the node did not answer. */
    caches: Type.Union([Type.Array(CacheSample), Type.Null()]),
  },
  { title: 'NodeCaches' },
);
export type NodeCaches = Plain<typeof NodeCaches>;

/** What goes: exactly one of them is given. */
export const CacheEviction = Type.Object(
  {
    kind: Type.Optional(cacheKind),
    key: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 2_048,
        pattern: '^/v1/[!-~]*$',
        description: 'the path of a read, such as /v1/products/p_1',
      }),
    ),
    creatorId: Type.Optional(userId),
    all: Type.Optional(Type.Literal(true)),
  },
  { ...STRICT, minProperties: 1, maxProperties: 1, title: 'CacheEviction' },
);
export type CacheEviction = Plain<typeof CacheEviction>;

export const EvictedCaches = Type.Object(
  {
    node: Type.String(),
    evicted: Type.Union([count, Type.Null()], {
      description: 'entries; null where the node did not answer',
    }),
  },
  { title: 'EvictedCaches' },
);
export type EvictedCaches = Plain<typeof EvictedCaches>;

export const NodeCachesList = list(wire(NodeCaches), 'NodeCachesList');
export const EvictedCachesList = list(wire(EvictedCaches), 'EvictedCachesList');
