// Which pages of other origins may use the API from a browser (CORS, Fetch standard), and which may
// open a live stream. Credentials in the sense of CORS are never allowed: the API takes tokens in
// headers and no cookies, so a page can send only what it holds itself. All lines of headers are
// made once.

import type { Reply } from './route.ts';

/** In a list of origins: all of them. */
export const ANY_ORIGIN = '*';

/** Chromium keeps the answer to a preflight no longer than this, Firefox for a day. */
const PREFLIGHT_SECONDS = 7_200;
/** Request headers of the API that a browser asks about first. */
const REQUEST_HEADERS = [
  'authorization',
  'content-type',
  'idempotency-key',
  'if-match',
  'if-none-match',
  'traceparent',
  'x-request-id',
];
/** Reply headers of the API that a page could not read otherwise. */
const EXPOSED_HEADERS = [
  'age',
  'cache-status',
  'content-disposition',
  'drop-version',
  'etag',
  'idempotency-replayed',
  'location',
  'order-count',
  'pass-count',
  'ratelimit',
  'ratelimit-policy',
  'retry-after',
  'search-lag',
  'traceparent',
  'www-authenticate',
  'x-request-id',
];

export class Origins {
  readonly #any: boolean;
  /** Of each listed origin, the lines that let its pages read a reply. */
  readonly #lines = new Map<string, string>();
  readonly #linesOfOthers: string;

  /** Each as browsers write them, such as `https://shop.example`, or `*`. Empty: no others. */
  constructor(listed: readonly string[]) {
    this.#any = listed.includes(ANY_ORIGIN);
    for (const origin of listed) this.#lines.set(origin, linesOf(origin));
    if (this.#any) this.#linesOfOthers = linesOf(ANY_ORIGIN);
    else this.#linesOfOthers = listed.length === 0 ? '' : '\r\nvary: origin';
  }

  /** Whether there are any: else no request is asked for its origin. */
  get isEmpty(): boolean {
    return this.#lines.size === 0;
  }

  /**
   * Header lines of a reply to a request with this `Origin`, each after a line break. A reply that
   * a cache may have must have them whoever asks, so they are there without an origin too.
   */
  linesFor(origin: string): string {
    if (this.#any) return this.#linesOfOthers;
    return this.#lines.get(origin) ?? this.#linesOfOthers;
  }

  /** Whether its pages may read replies. */
  has(origin: string): boolean {
    return this.#any || this.#lines.has(origin);
  }

  /**
   * Whether a page of this origin may open a live stream at `host`. Clients that are no pages have
   * no origin. Without a list every page may: it gets nothing there but by a token of its own.
   */
  mayStream(origin: string, host: string): boolean {
    if (origin === '' || this.isEmpty || this.has(origin)) return true;
    return origin === `https://${host}` || origin === `http://${host}`;
  }

  /** The answer to a preflight. `methods`: those of the address, with commas between. */
  preflight(methods: string): Reply {
    return {
      ok: true,
      status: 204,
      mediaType: '',
      body: '',
      headers: [
        ['access-control-allow-methods', methods],
        ['access-control-allow-headers', REQUEST_HEADERS.join(', ')],
        ['access-control-max-age', String(PREFLIGHT_SECONDS)],
      ],
    };
  }
}

function linesOf(origin: string): string {
  const vary = origin === ANY_ORIGIN ? '' : '\r\nvary: origin';
  return (
    `\r\naccess-control-allow-origin: ${origin}` +
    `\r\naccess-control-expose-headers: ${EXPOSED_HEADERS.join(', ')}${vary}`
  );
}
