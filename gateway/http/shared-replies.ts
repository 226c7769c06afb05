// Replies that many clients get with the same bytes, by the address that they asked for: what the
// hot path of reads (`read-path.ts`) answers without a route, a check or a promise. Nothing is
// shown from here for longer than its cache allows: an entry knows where its body comes from, and
// asks there each time. Routes offer such a source with a reply that came from a cache, so an
// address is here once it was read twice.

import { LRUCache } from 'lru-cache';
import type { Picture } from '../../contracts/media.ts';
import { assert } from '../../domain/assert.ts';
import { contentTag } from './entity-tag.ts';
import type { RouteCounts } from '../metrics/route-counts.ts';
import type { HeaderPairs, Route } from './route.ts';
import { SECURITY_LINES } from './security-headers.ts';
import { StampedHead } from './trace.ts';

/** The body of a success, as text and as the bytes that the server sends. */
export interface SharedBody {
  readonly json: string;
  readonly bytes: ArrayBuffer;
  readonly etag: string;
  /**
   * Of what a search found: how far its index was behind; null while it is built. Undefined in all
   * other bodies.
   */
  readonly lagMs?: number | null;
  /** Of a product that has a public one, for lists that show it. */
  readonly picture?: Picture | undefined;
}

/** A body that may be shown now, and what tells how it was served. */
export interface SharedHit {
  readonly body: SharedBody;
  /** The value of `Cache-Status`, and the lines that follow it, each after a line break. */
  readonly cacheStatus: string;
}

export interface SharedSource {
  /**
   * The body, where it may be shown at this time of the monotonic clock without a load and to
   * everybody; else null. Counts nothing.
   */
  find(monotonicMs: number): SharedHit | null;
  /** It was shown. */
  noteHit(): void;
}

/** Of all entries, roughly. Bodies are in their caches. */
const BYTES_MAX = 16 * 1024 * 1024;
/** Of an entry without its address: most of it are its heads. */
const ENTRY_BYTES = 2_048;
/** Headers of a request, a body or a hit; the others are the same in every reply of an address. */
const VARYING: ReadonlySet<string> = new Set([
  'traceparent',
  'x-request-id',
  'etag',
  'cache-status',
  'age',
  'search-lag',
]);

const encoder = new TextEncoder();

export function sharedBody(json: string, etag = contentTag(json)): SharedBody {
  return { json, etag, bytes: encoder.encode(json).buffer };
}

/** Status line and headers, with everything but what is a request's own. */
export interface SharedHeads {
  readonly etag: string;
  readonly cacheStatus: string;
  readonly found: StampedHead;
  readonly notModified: StampedHead;
}

type Shared = Pick<SharedReply, 'route' | 'counts' | 'source'>;

/** One address. */
export class SharedReply {
  readonly route: Route;
  readonly counts: RouteCounts;
  readonly source: SharedSource;
  /** That clients may ask for here, and then get no bytes of this. */
  readonly otherMediaTypes: readonly string[];
  readonly #lines: string;
  #heads: SharedHeads | null = null;

  constructor({ route, counts, source, lines }: Shared & { lines: string }) {
    this.route = route;
    this.counts = counts;
    this.source = source;
    this.otherMediaTypes = Object.keys(route.definition.otherMediaTypes ?? {});
    this.#lines = lines;
  }

  /** Made once a fill, and where it is served otherwise, such as with an age of a second more. */
  headsOf({ body: { etag }, cacheStatus }: SharedHit): SharedHeads {
    const made = this.#heads;
    if (made !== null && made.etag === etag && made.cacheStatus === cacheStatus) return made;
    const lines = `${this.#lines}\r\netag: ${etag}\r\ncache-status: ${cacheStatus}`;
    const found = new StampedHead(`200 OK\r\n${lines}`);
    const notModified = new StampedHead(`304 Not Modified\r\n${lines}`);
    return (this.#heads = { etag, cacheStatus, found, notModified });
  }
}

export class SharedReplies {
  readonly #byAddress = new LRUCache<string, SharedReply>({
    maxSize: BYTES_MAX,
    sizeCalculation: (_reply, address) => 2 * address.length + ENTRY_BYTES,
  });

  /** `query`: as sent, without the question mark; empty or undefined where there is none. */
  find(path: string, query: string | undefined): SharedReply | undefined {
    return this.#byAddress.get(query ? `${path}?${query}` : path);
  }

  /** `headers`: all of a reply to a read of this address, be it 200 or 304. */
  add(
    { path, query }: { readonly path: string; readonly query: string },
    { route, counts, source, headers }: Shared & { headers: HeaderPairs },
  ): void {
    assert(route.definition.access === 'public', 'what is shared is for everybody');
    let lines = SECURITY_LINES;
    for (const [name, value] of headers) if (!VARYING.has(name)) lines += `\r\n${name}: ${value}`;
    this.#byAddress.set(
      query ? `${path}?${query}` : path,
      new SharedReply({ route, counts, source, lines }),
    );
  }
}
