// A span that is under way, for work off the order path.

import { activeTrace, withTrace } from './active-trace.ts';
import type { Attributes, Held, SpanKind, SpanOutput } from './span.ts';
import {
  contextOf,
  newSpanId,
  newTraceId,
  type SpanPlace,
  type TraceContext,
  traceparentOf,
} from './trace-context.ts';
import type { Tracing } from './tracing.ts';

export interface SpanStart {
  readonly name: string;
  readonly kind: SpanKind;
  /** A `traceparent`, or a place in an entry's trace. Absent, or not valid: it begins a trace. */
  readonly parent?: string | SpanPlace | TraceContext | undefined;
  readonly attributes?: Attributes;
  readonly links?: readonly SpanPlace[];
  /**
   * The one order that it is about. Where the trace of the command is sent that changed the order
   * in the entry whose trace this is, the span is in that one, and linked with its parent. Not for
   * spans whose context is passed on: who gets it could not find them.
   */
  readonly orderId?: string | undefined;
}

export class OpenSpan implements Held {
  /** The span's own, for what it calls. */
  readonly traceparent: string;
  readonly #traceId: string;
  readonly #spanId: string;
  readonly #tracing: Tracing;
  readonly #start: SpanStart;
  readonly #parentId: string | null;
  readonly #startedAt: number;
  #attributes: Attributes;
  #endedAt = 0;
  #error: string | null = null;

  /** `startedAt`: monotonic. */
  constructor(tracing: Tracing, start: SpanStart, startedAt: number) {
    const { parent: given } = start;
    const parent: (SpanPlace & Partial<TraceContext>) | null | undefined =
      typeof given === 'string' ? contextOf(given) : given;
    this.#tracing = tracing;
    this.#start = start;
    this.#startedAt = startedAt;
    this.#attributes = start.attributes ?? {};
    this.#parentId = parent?.spanId ?? null;
    const traceId = parent?.traceId ?? newTraceId();
    const isSampled = parent?.isSampled ?? tracing.samples(traceId);
    this.#traceId = traceId;
    this.#spanId = newSpanId();
    this.traceparent = traceparentOf({ traceId, spanId: this.#spanId, isSampled });
  }

  /**
   * To be called once. `error`: in a word, of what failed; then the whole trace is sent. `more`:
   * attributes that were not known before.
   */
  end(error: string | null = null, more: Attributes = {}): void {
    this.#endedAt = this.#tracing.now();
    this.#error = error;
    this.#attributes = { ...this.#attributes, ...more };
    if (error !== null) this.#tracing.choose(this.#traceId, 'failed');
    this.#tracing.holdFollower(this);
  }

  emit(out: SpanOutput): void {
    const { name, kind, orderId, links = [] } = this.#start;
    const traceId = this.#traceId;
    const command = orderId === undefined ? null : out.commandOf(traceId, orderId);
    if (command === null ? !out.wants(this.traceparent) : !out.hasRoom()) return;
    const parentId = this.#parentId;
    const place =
      command === null || parentId === null
        ? { traceId, parentId, links }
        : {
            traceId: command.traceId,
            parentId: command.spanId,
            links: [...links, { traceId, spanId: parentId }],
          };
    out.add({
      ...place,
      spanId: this.#spanId,
      name,
      kind,
      startMs: out.epochMs(this.#startedAt),
      endMs: out.epochMs(this.#endedAt),
      attributes: this.#attributes,
      error: this.#error,
    });
  }
}

/**
 * Runs within a span: what it begins is part of it. Without tracing it is the mere call. A
 * rejection fails the span, by its code where it has one.
 */
export async function inSpan<T>(
  tracing: Tracing | null,
  start: SpanStart,
  run: () => Promise<T>,
): Promise<T> {
  if (tracing === null) return await run();
  const span = tracing.begin(start);
  const trace = { ...activeTrace(), traceparent: span.traceparent };
  try {
    const result = await withTrace(trace, run);
    span.end();
    return result;
  } catch (error) {
    span.end(wordOf(error));
    throw error;
  }
}

function wordOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : 'fault';
}
