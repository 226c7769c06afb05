// Sends spans by OTLP over HTTP, with OpenTelemetry's exporter. This module, and with it the SDK,
// is loaded only where traces are on.

import { type Link, SpanKind, SpanStatusCode, TraceFlags } from '@opentelemetry/api';
import { ExportResultCode, TraceState } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { type Resource, resourceFromAttributes } from '@opentelemetry/resources';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import { ATTR_SERVICE_NAME, ATTR_SERVICE_VERSION } from '@opentelemetry/semantic-conventions';
import type { FinishedSpan, SpanKind as OurKind } from '../actors/tracing/span.ts';
import type { SpanExporter } from '../actors/tracing/span-queue.ts';
import type { SpanPlace } from '../actors/tracing/trace-context.ts';

/** Of one request with its repetitions. */
const TIMEOUT_MS = 5_000;
/** Of the semantic conventions, where it is not among the stable names yet. */
const ATTR_SERVICE_INSTANCE_ID = 'service.instance.id';

const KINDS: Readonly<Record<OurKind, SpanKind>> = {
  internal: SpanKind.INTERNAL,
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
};

export interface OtlpExporterOptions {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly nodeId: string;
  readonly version: string;
}

export class OtlpExporter implements SpanExporter {
  readonly #exporter: OTLPTraceExporter;
  readonly #resource: Resource;
  readonly #scope: { readonly name: string; readonly version: string };

  constructor({ url, headers, nodeId, version }: OtlpExporterOptions) {
    this.#exporter = new OTLPTraceExporter({
      url,
      headers: { ...headers },
      timeoutMillis: TIMEOUT_MS,
      concurrencyLimit: 1,
    });
    this.#resource = resourceFromAttributes({
      [ATTR_SERVICE_NAME]: 'livedrops',
      [ATTR_SERVICE_VERSION]: version,
      [ATTR_SERVICE_INSTANCE_ID]: nodeId,
    });
    this.#scope = { name: 'livedrops', version };
  }

  send(spans: readonly FinishedSpan[]): Promise<void> {
    const readable = spans.map((span) => this.#readable(span));
    return new Promise((resolve, reject) => {
      this.#exporter.export(readable, ({ code, error }) => {
        if (code === ExportResultCode.SUCCESS) resolve();
        else reject(error ?? new Error('the receiver took no spans'));
      });
    });
  }

  stop(): Promise<void> {
    return this.#exporter.shutdown();
  }

  #readable(span: FinishedSpan): ReadableSpan {
    const { traceId, parentId, name, kind, startMs, endMs, attributes, error } = span;
    const context = { ...contextOf(span), ...tracestateOf(span) };
    return {
      name,
      kind: KINDS[kind],
      spanContext: () => context,
      ...(parentId !== null && { parentSpanContext: contextOf({ traceId, spanId: parentId }) }),
      startTime: timeOf(startMs),
      endTime: timeOf(endMs),
      duration: timeOf(Math.max(0, endMs - startMs)),
      status:
        error === null
          ? { code: SpanStatusCode.UNSET }
          : { code: SpanStatusCode.ERROR, message: error },
      attributes: error === null ? attributes : { ...attributes, 'error.type': error },
      links: span.links.map((place): Link => ({ context: contextOf(place) })),
      events: [],
      ended: true,
      resource: this.#resource,
      instrumentationScope: this.#scope,
      droppedAttributesCount: 0,
      droppedEventsCount: 0,
      droppedLinksCount: 0,
    };
  }
}

function contextOf({ traceId, spanId }: SpanPlace) {
  return { traceId, spanId, traceFlags: TraceFlags.SAMPLED };
}

function tracestateOf({ tracestate }: FinishedSpan): { traceState?: TraceState } {
  return tracestate === undefined ? {} : { traceState: new TraceState(tracestate) };
}

/** Seconds and nanoseconds. */
function timeOf(ms: number): [number, number] {
  const seconds = Math.floor(ms / 1_000);
  return [seconds, Math.round((ms - seconds * 1_000) * 1e6)];
}
