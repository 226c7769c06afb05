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
 * Gives the value of `Cache-Status` of hits, and behind it `Age` and, where there is a lag, that of
 * a search as lines: the same string while it says the same.
 */
export function hitLines(): (read: Timed, lagMs: number | null | undefined) => string {
  let ttl = NaN;
  let age = NaN;
  let lag: string | undefined;
  let lines = '';
  return ({ ttlMs, ageMs }, lagMs) => {
    const ttlNow = seconds(ttlMs);
    const ageNow = seconds(ageMs);
    const lagNow = lagMs === undefined ? undefined : searchLag(lagMs, ageMs);
    if (ttlNow === ttl && ageNow === age && lagNow === lag) return lines;
    ttl = ttlNow;
    age = ageNow;
    lag = lagNow;
    const lagLine = lag === undefined ? '' : `\r\n${SEARCH_LAG}: ${lag}`;
    return (lines = `${cacheStatus('hit', ttlMs)}\r\nage: ${age}${lagLine}`);
  };
}

/** Seconds that what is found may be behind what is; `building`: a part is missing. */
export const SEARCH_LAG = 'search-lag';

/** `lagMs`: of the index when it was asked, `ageMs` ago; null while it is built. */
export function searchLag(lagMs: number | null, ageMs = 0): string {
  return lagMs === null ? 'building' : ((lagMs + ageMs) / 1000).toFixed(1);
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
