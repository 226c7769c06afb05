// GET of what caches have already, the hot path of reads: answered in the server's callback, from
// bytes that were made once a fill (`shared-replies.ts`), with one native call for the head and one
// for the body. There is no route, no promise, no JSON and no map of headers. Whatever is not such
// a read, from a body in the request to an entry that is no longer fresh, is left to the
// dispatcher, which gives the same replies: `test/gateway/read-path.test.ts` compares the two.
//
// A request costs about 2 µs beyond what the bare server needs (`npm run bench -- browse`). Headers
// are read one by one: most requests have none of them, and a pass over all lines of a browser
// costs more than five of these calls (`bench/probes/order-headers.ts`).

import type { Clock } from '../../actors/clock.ts';
import { addressLimitKey } from './address.ts';
import type { Dispatcher } from './dispatcher.ts';
import { matchesTag } from './entity-tag.ts';
import { Exchange, type ServerRequest, type ServerResponse } from './exchange.ts';
import type { Flight } from './flight.ts';
import type { Origins } from './origins.ts';
import type { RateLimits } from './rate-limits.ts';
import type { SharedReplies } from './shared-replies.ts';
import type { RequestWatch } from './request-watch.ts';
import { traceHeaderLines } from './trace.ts';

/** The used part of the server's request. Valid only during the callback. */
export interface ReadRequest extends ServerRequest {
  getHeader(name: ArrayBuffer): string;
}

/** The used part of the server's response, corked. */
export interface ReadResponse extends ServerResponse {
  writeStatus(status: string | ArrayBuffer): unknown;
  end(body: string | ArrayBuffer | Uint8Array, closeConnection?: boolean): unknown;
}

export interface ReadPathOptions {
  readonly shared: SharedReplies;
  readonly dispatcher: Dispatcher;
  readonly limits: RateLimits;
  readonly flight: Flight;
  readonly origins: Origins;
  /** Null: traces and the access log are off. */
  readonly watch: RequestWatch | null;
  readonly clock: Clock;
  /** Gets defects in the code. The request is already answered. */
  readonly onFault: (fault: unknown) => void;
}

/** The server takes bytes as they are, and would encode a string on each call. */
const CONTENT_LENGTH = new TextEncoder().encode('content-length').buffer;
const TRANSFER_ENCODING = new TextEncoder().encode('transfer-encoding').buffer;
const IF_NONE_MATCH = new TextEncoder().encode('if-none-match').buffer;
const TRACEPARENT = new TextEncoder().encode('traceparent').buffer;
const X_REQUEST_ID = new TextEncoder().encode('x-request-id').buffer;
const ACCEPT = new TextEncoder().encode('accept').buffer;
const ORIGIN = new TextEncoder().encode('origin').buffer;

export class ReadPath {
  readonly #options: ReadPathOptions;

  constructor(options: ReadPathOptions) {
    this.#options = options;
  }

  /**
   * Whether the request is answered. `addressOf` gives the client's address, and is called only
   * where it is needed.
   */
  serve<Q extends ReadRequest, S extends ReadResponse>(
    response: S,
    request: Q,
    addressOf: (response: S, request: Q) => string,
  ): boolean {
    const { shared, dispatcher, limits, flight, origins, watch, clock, onFault } = this.#options;
    const reply = shared.find(request.getUrl(), request.getQuery());
    if (reply === undefined || !flight.mayBegin || hasBody(request)) return false;
    if (mayWant(reply.otherMediaTypes, request)) return false;
    const startedAt = clock.monotonic();
    const hit = reply.source.find(startedAt);
    if (hit === null) return false;
    const { rateClass } = reply.route.definition;
    if (limits.enabled && rateClass !== null) {
      const address = addressOf(response, request);
      const limited = limits.check(rateClass, addressLimitKey(address), null, startedAt);
      if (limited !== null) {
        const exchange = new Exchange(response, request, address, flight);
        exchange.write(dispatcher.refuse(exchange, limited, reply.route)).catch(onFault);
        return true;
      }
    }
    reply.source.noteHit();
    const traceparent = request.getHeader(TRACEPARENT);
    const requestId = request.getHeader(X_REQUEST_ID);
    const isKnown = hasTag(request, hit.body.etag);
    const heads = reply.headsOf(hit);
    const head = isKnown ? heads.notModified : heads.found;
    const isPlain = traceparent === '' && requestId === '' && origins.isEmpty;
    let trace = '';
    if (isPlain && !dispatcher.notesTraces) response.writeStatus(head.stamped());
    else {
      trace = traceHeaderLines(traceparent, requestId);
      if (watch !== null) trace = watch.linesOf(trace);
      const origin = origins.isEmpty ? '' : origins.linesFor(request.getHeader(ORIGIN));
      response.writeStatus(`${head.text}\r\n${trace}${origin}`);
    }
    if (isKnown) response.endWithoutBody();
    else response.end(hit.body.bytes, false);
    const status = isKnown ? 304 : 200;
    dispatcher.noteRead(reply.counts, status, startedAt, trace);
    watch?.hotReadEnded({
      lines: trace,
      client: traceparent === '' ? null : { traceparent, tracestate: '' },
      counts: reply.counts,
      status,
      startedAt,
      endedAt: clock.monotonic(),
      submittedAt: 0,
      body: isKnown ? 0 : hit.body.bytes.byteLength,
      isShed: false,
    });
    return true;
  }
}

function hasBody(request: ReadRequest): boolean {
  return request.getHeader(CONTENT_LENGTH) !== '' || request.getHeader(TRANSFER_ENCODING) !== '';
}

/** Whether one of these is named in a line of `Accept`, however: the route knows how. */
function mayWant(mediaTypes: readonly string[], request: ReadRequest): boolean {
  if (mediaTypes.length === 0 || request.getHeader(ACCEPT) === '') return false;
  let isNamed = false;
  request.forEach((name, value) => {
    if (name !== 'accept') return;
    const accepted = value.toLowerCase();
    isNamed ||= mediaTypes.some((mediaType) => accepted.includes(mediaType));
  });
  return isNamed;
}

/** The server gives the first line of a header; only where that does not match, all are read. */
function hasTag(request: ReadRequest, etag: string): boolean {
  const first = request.getHeader(IF_NONE_MATCH);
  if (first === '') return false;
  if (matchesTag(first, etag)) return true;
  let hasMatch = false;
  request.forEach((name, value) => {
    if (name === 'if-none-match' && matchesTag(value, etag)) hasMatch = true;
  });
  return hasMatch;
}
