// The reply of a route whose body is cached: the body and its tag, how the cache served it
// (`Cache-Status`, RFC 9211) and how old it is (`Age`, RFC 9111), for caches in front.

import type { Outcome } from '../../contracts/refusals.ts';
import { contentTag } from '../http/entity-tag.ts';
import { JSON_MEDIA_TYPE, type RouteResult, textReply } from '../http/route.ts';
import type { CachedBody, PublicReads } from './public-reads.ts';
import type { Fill, Served } from './read-cache.ts';

/** How this cache is named in `Cache-Status`. */
const NAME = 'livedrops';

export interface CachedReply<T> {
  readonly kind: Parameters<PublicReads['read']>[0];
  readonly key: string;
  readonly tags: readonly string[];
  readonly load: () => Promise<Outcome<T>>;
  readonly present: (value: T) => object;
  /** What is known of the value only once it is loaded. */
  readonly about?: (value: T) => Pick<Fill<CachedBody>, 'tags' | 'version'> & { etag?: string };
}

export async function cachedReply<T>(
  reads: PublicReads,
  { kind, key, tags, load, present, about }: CachedReply<T>,
): Promise<RouteResult> {
  const { outcome, served, ageMs, ttlMs } = await reads.read(kind, {
    key,
    tags,
    load: async () => {
      const loaded = await load();
      if (!loaded.ok) return loaded;
      const json = JSON.stringify(present(loaded.value));
      const { etag = contentTag(json), ...more } = about?.(loaded.value) ?? {};
      return { ok: true, value: { value: { json, etag }, bytes: 2 * json.length, ...more } };
    },
  });
  if (!outcome.ok) return outcome;
  const headers = [
    ['etag', outcome.value.etag],
    ['cache-status', cacheStatus(served, ttlMs)],
    ['age', String(Math.floor(ageMs / 1_000))],
  ] as const;
  return textReply(200, JSON_MEDIA_TYPE, outcome.value.json, headers);
}

/** `ttlMs`: until it is loaded again; negative where it is stale already. */
export function cacheStatus(served: Served, ttlMs?: number): string {
  const ttl = ttlMs === undefined ? '' : `; ttl=${Math.floor(ttlMs / 1_000)}`;
  if (served === 'hit' || served === 'stale') return `${NAME}; hit${ttl}`;
  return `${NAME}; fwd=miss${served === 'collapsed' ? '; collapsed' : ''}${ttl}`;
}

/** The path with those of the parameters that are given, in their order here. */
export function cacheKey(
  path: string,
  query: Readonly<Record<string, string | number | undefined>>,
): string {
  const given = new URLSearchParams();
  for (const [name, value] of Object.entries(query))
    if (value !== undefined) given.append(name, String(value));
  return given.size === 0 ? path : `${path}?${given.toString()}`;
}
