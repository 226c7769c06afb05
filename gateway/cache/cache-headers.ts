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

/**
 * Gives the value of `Cache-Status` of hits, with `Age` as a line behind it: the same string while
 * it says the same.
 */
export function hitStatusAndAge(): (read: Timed) => string {
  let ttl = NaN;
  let age = NaN;
  let text = '';
  return ({ ttlMs, ageMs }) => {
    const ttlNow = seconds(ttlMs);
    const ageNow = seconds(ageMs);
    if (ttlNow === ttl && ageNow === age) return text;
    ttl = ttlNow;
    age = ageNow;
    return (text = `${cacheStatus('hit', ttlMs)}\r\nage: ${age}`);
  };
}

function ageOf({ ageMs }: Timed): string {
  return String(seconds(ageMs));
}

function seconds(milliseconds: number): number {
  return Math.floor(milliseconds / 1_000);
}

/** `ttlMs`: until it is loaded again; negative where it is stale already. */
export function cacheStatus(served: Served, ttlMs?: number): string {
  const ttl = ttlMs === undefined ? '' : `; ttl=${seconds(ttlMs)}`;
  if (served === 'hit' || served === 'stale') return `${NAME}; hit${ttl}`;
  return `${NAME}; fwd=miss${served === 'collapsed' ? '; collapsed' : ''}${ttl}`;
}
