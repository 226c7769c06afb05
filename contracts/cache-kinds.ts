// The kinds of what gateways cache. Apart from the shapes, so that commands start without TypeBox.

/** Drop cards, and what `gateway/cache/public-reads.ts` has. */
export const CACHE_KINDS = [
  'drops',
  'drop-lists',
  'products',
  'product-lists',
  'profiles',
  'follows',
  'searches',
] as const;
export type CacheKind = (typeof CACHE_KINDS)[number];
