// The span of a request, and of an order the span of its call to the drop's owner. HTTP attributes
// are named as OpenTelemetry's semantic conventions 1.45 say. An address as it was sent is no
// attribute: it may have ids and tokens of people. The route is.

import type { Held, SpanOutput } from '../../actors/tracing/span.ts';
import { callSpanId, contextOf } from '../../actors/tracing/trace-context.ts';
import type { RouteCounts } from '../metrics/route-counts.ts';
import { traceOf } from './trace.ts';

/** The longest tracestate that is kept, as W3C Trace Context recommends; its members at most. */
const TRACESTATE_LENGTH_MAX = 512;
const TRACESTATE_MEMBERS_MAX = 32;
const TRACESTATE_MEMBER = /^[a-z0-9][a-z0-9_*/@-]{0,255}=(?:(?![,=])[ -~]){0,255}(?![,=])[!-~]$/;

/** What a client sent of its trace; `tracestate` is empty where it sent none. */
export interface ClientTrace {
  readonly traceparent: string;
  readonly tracestate: string;
}

export interface WatchedRequest {
  /** Of the reply, as `traceHeaderLines` makes them. */
  readonly lines: string;
  /** Null: the client began no trace. */
  readonly client: ClientTrace | null;
  /** Of its route. */
  readonly counts: RouteCounts;
  readonly status: number;
  /** All times are monotonic. */
  readonly startedAt: number;
  readonly endedAt: number;
  /** When an order's command was sent to its owner; 0: this is no order, or it was not sent. */
  readonly submittedAt: number;
  /** Of the reply's body, or the text itself; 0 where that is not known, or there is none. */
  readonly body: number | string;
  /** It was refused because the server is overloaded. */
  readonly isShed: boolean;
}

export class RequestTrace implements Held {
  readonly #lines: string;
  readonly #client: ClientTrace | null;
  readonly #counts: RouteCounts;
  readonly #status: number;
  readonly #startedAt: number;
  readonly #endedAt: number;
  readonly #submittedAt: number;

  constructor(request: WatchedRequest) {
    this.#lines = request.lines;
    this.#client = request.client;
    this.#counts = request.counts;
    this.#status = request.status;
    this.#startedAt = request.startedAt;
    this.#endedAt = request.endedAt;
    this.#submittedAt = request.submittedAt;
  }

  emit(out: SpanOutput): void {
    const { traceparent, requestId } = traceOf(this.#lines);
    if (!out.wants(traceparent)) return;
    const { traceId, spanId } = contextOf(traceparent)!;
    const status = this.#status;
    const { method, route } = this.#counts;
    const parent = this.#client === null ? null : contextOf(this.#client.traceparent);
    const tracestate = parent === null ? '' : validTracestate(this.#client!.tracestate);
    const endMs = out.epochMs(this.#endedAt);
    const error = status >= 500 ? String(status) : null;
    out.add({
      traceId,
      spanId,
      parentId: parent?.spanId ?? null,
      name: `${method} ${route}`,
      kind: 'server',
      startMs: out.epochMs(this.#startedAt),
      endMs,
      attributes: {
        'http.request.method': method,
        'http.route': route,
        'http.response.status_code': status,
        'url.scheme': 'http',
        'livedrops.request_id': requestId,
      },
      links: [],
      error,
      ...(tracestate !== '' && { tracestate }),
    });
    if (this.#submittedAt === 0) return;
    out.add({
      traceId,
      spanId: callSpanId(spanId),
      parentId: spanId,
      name: 'shard.call place-order',
      kind: 'client',
      startMs: out.epochMs(this.#submittedAt),
      endMs,
      attributes: {},
      links: [],
      error,
    });
  }
}

/** Empty where any part of it is not valid: clients are not trusted. */
export function validTracestate(text: string): string {
  if (text.length > TRACESTATE_LENGTH_MAX) return '';
  const members = text
    .split(',')
    .map((member) => member.trim())
    .filter((member) => member !== '');
  const isValid =
    members.length <= TRACESTATE_MEMBERS_MAX &&
    members.every((member) => TRACESTATE_MEMBER.test(member));
  return isValid ? members.join(',') : '';
}
