// The span of a request, and of an order the span of its call to the drop's owner. HTTP attributes
// are named as OpenTelemetry's semantic conventions 1.45 say. An address as it was sent is no
// attribute: it may have ids and tokens of people. The route is.

import { markInBytes } from '../../actors/tracing/chosen-traces.ts';
import type { Held, SpanOutput } from '../../actors/tracing/span.ts';
import {
  callSpanId,
  contextOf,
  SAMPLED_AT,
  SAMPLED_CODE,
} from '../../actors/tracing/trace-context.ts';
import type { RouteCounts } from '../metrics/route-counts.ts';
import { hasOwnId, TRACEPARENT_AT, TRACEPARENT_END, traceOf } from './trace.ts';

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

/** Requests of one `RequestTraces`. */
export const REQUESTS_TOGETHER_MAX = 256;
/** `traceparent: ` and its value, at the beginning of the lines. */
const HEAD_BYTES = TRACEPARENT_END;
const TIMES = 3;

/**
 * Some requests that ended one after the other. They are held for seconds by the ten thousand, so
 * what is held of one is some numbers and bytes in arrays that are there anyway, and no object of
 * its own: objects that live that long are copied twice by the garbage collector, which cost an
 * order more than all the rest of its trace.
 */
export class RequestTraces implements Held {
  readonly #heads = Buffer.allocUnsafeSlow(REQUESTS_TOGETHER_MAX * HEAD_BYTES);
  readonly #times = new Float64Array(REQUESTS_TOGETHER_MAX * TIMES);
  readonly #statuses = new Uint16Array(REQUESTS_TOGETHER_MAX);
  readonly #counts: RouteCounts[] = [];
  /** Of requests that brought a trace or an id. */
  readonly #brought = new Map<number, Pick<WatchedRequest, 'lines' | 'client'>>();
  #count = 0;

  get isFull(): boolean {
    return this.#count === REQUESTS_TOGETHER_MAX;
  }

  /** Where it is not full. */
  add(request: WatchedRequest): void {
    const { lines, client, startedAt, endedAt, submittedAt } = request;
    const index = this.#count;
    this.#count += 1;
    this.#heads.write(lines, index * HEAD_BYTES, HEAD_BYTES, 'latin1');
    this.#times[index * TIMES] = startedAt;
    this.#times[index * TIMES + 1] = endedAt;
    this.#times[index * TIMES + 2] = submittedAt;
    this.#statuses[index] = request.status;
    this.#counts.push(request.counts);
    if (client !== null || !hasOwnId(lines)) this.#brought.set(index, { lines, client });
  }

  emit(out: SpanOutput): void {
    for (let index = 0; index < this.#count; index++) {
      const at = index * HEAD_BYTES;
      const isSampled = this.#heads[at + TRACEPARENT_AT + SAMPLED_AT] === SAMPLED_CODE;
      if (!isSampled && !out.mayHaveChosen(markInBytes(this.#heads, at + TRACEPARENT_AT))) continue;
      const traceparent = this.#heads.toString('latin1', at + TRACEPARENT_AT, at + HEAD_BYTES);
      if (out.wants(traceparent)) this.#emitOne(out, index, traceparent);
    }
  }

  #emitOne(out: SpanOutput, index: number, traceparent: string): void {
    const { traceId, spanId } = contextOf(traceparent)!;
    const status = this.#statuses[index]!;
    const { method, route } = this.#counts[index]!;
    const { client = null, lines = null } = this.#brought.get(index) ?? {};
    const parent = client === null ? null : contextOf(client.traceparent);
    const tracestate = parent === null ? '' : validTracestate(client!.tracestate);
    const [startedAt, endedAt, submittedAt] = this.#times.subarray(index * TIMES);
    const endMs = out.epochMs(endedAt!);
    const error = status >= 500 ? String(status) : null;
    out.add({
      traceId,
      spanId,
      parentId: parent?.spanId ?? null,
      name: `${method} ${route}`,
      kind: 'server',
      startMs: out.epochMs(startedAt!),
      endMs,
      attributes: {
        'http.request.method': method,
        'http.route': route,
        'http.response.status_code': status,
        'url.scheme': 'http',
        'livedrops.request_id': lines === null ? spanId : traceOf(lines).requestId,
      },
      links: [],
      error,
      ...(tracestate !== '' && { tracestate }),
    });
    if (submittedAt === 0) return;
    out.add({
      traceId,
      spanId: callSpanId(spanId),
      parentId: spanId,
      name: 'shard.call place-order',
      kind: 'client',
      startMs: out.epochMs(submittedAt!),
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
