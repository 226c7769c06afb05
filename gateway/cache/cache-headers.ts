// How a cache served a body (`Cache-Status`, RFC 9211) and how old it is (`Age`, RFC 9111), for
// caches in front.

import type { HeaderPairs } from '../http/route.ts';
import type { CachedRead, Served } from './read-cache.ts';

/** How this cache is named in `Cache-Status`. */
const NAME = 'livedrops';

type Timed = Omit<CachedRead<unknown>, 'outcome'>;

export function cacheHeaders(read: Timed): HeaderPairs {
  return [
    ['cache-status', cacheStatus(read.served, read.ttlMs)],
    ['age', ageOf(read)],
  ];
}

/** The value of `Cache-Status`, with `Age` as a line behind it. */
export function cacheStatusAndAge(read: Timed): string {
  return `${cacheStatus(read.served, read.ttlMs)}\r\nage: ${ageOf(read)}`;
}

function ageOf({ ageMs }: Timed): string {
  return String(Math.floor(ageMs / 1_000));
}

/** `ttlMs`: until it is loaded again; negative where it is stale already. */
export function cacheStatus(served: Served, ttlMs?: number): string {
  const ttl = ttlMs === undefined ? '' : `; ttl=${Math.floor(ttlMs / 1_000)}`;
  if (served === 'hit' || served === 'stale') return `${NAME}; hit${ttl}`;
  return `${NAME}; fwd=miss${served === 'collapsed' ? '; collapsed' : ''}${ttl}`;
}
