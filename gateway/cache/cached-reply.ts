// The reply of a route whose body is cached: the body and its tag, and how the cache served it.

import type { Outcome } from '../../contracts/refusals.ts';
import { JSON_MEDIA_TYPE, type RouteResult, textReply } from '../http/route.ts';
import { type SharedBody, sharedBody } from '../http/shared-replies.ts';
import { cacheHeaders } from './cache-headers.ts';
import type { PublicReads } from './public-reads.ts';
import type { CachedRead, Fill } from './read-cache.ts';

export interface CachedReply<T> {
  readonly kind: Parameters<PublicReads['read']>[0];
  readonly key: string;
  readonly tags: readonly string[];
  readonly load: () => Promise<Outcome<T>>;
  readonly present: (value: T) => object;
  /** What is known of the value only once it is loaded. */
  readonly about?: (
    value: T,
  ) => Pick<Fill<SharedBody>, 'tags' | 'version'> &
    Partial<Pick<SharedBody, 'etag' | 'lagMs' | 'picture'>>;
}

/** The body alone, for whoever makes something else of it. */
export async function cachedBody<T>(
  reads: PublicReads,
  { kind, key, tags, load, present, about }: CachedReply<T>,
): Promise<CachedRead<SharedBody>> {
  return await reads.read(kind, {
    key,
    tags,
    load: async () => {
      const loaded = await load();
      if (!loaded.ok) return loaded;
      const json = JSON.stringify(present(loaded.value));
      const { etag, lagMs, picture, ...more } = about?.(loaded.value) ?? {};
      const value = { ...sharedBody(json, etag), lagMs, picture };
      const pictureBytes = 2 * (picture?.preview?.length ?? 0);
      const bytes = 2 * json.length + value.bytes.byteLength + pictureBytes;
      return { ok: true, value: { value, bytes, ...more } };
    },
  });
}

export async function cachedReply<T>(
  reads: PublicReads,
  cached: CachedReply<T>,
): Promise<RouteResult> {
  const read = await cachedBody(reads, cached);
  const { outcome, served } = read;
  if (!outcome.ok) return outcome;
  const headers = [['etag', outcome.value.etag], ...cacheHeaders(read)] as const;
  const reply = textReply(200, JSON_MEDIA_TYPE, outcome.value.json, headers);
  return served === 'hit' ? { ...reply, source: reads.source(cached.kind, cached.key) } : reply;
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
