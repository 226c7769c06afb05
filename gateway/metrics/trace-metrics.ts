// The metrics of traces and of the access log: what was sent, and what each bound left out.

import type { Registry } from 'prom-client';
import type { SpanQueueSample } from '../../actors/tracing/span-queue.ts';
import type { TracingSample } from '../../actors/tracing/tracing.ts';
import { serve, serveValue } from './serve.ts';

export interface TraceSample extends TracingSample {
  readonly spans: SpanQueueSample;
}

export function registerTraceMetrics(registry: Registry, sample: () => TraceSample): void {
  serve(registry, 'livedrops_trace_spans_total', () => {
    const { sent, failed, dropped } = sample().spans;
    return [
      [{ outcome: 'sent' }, sent],
      [{ outcome: 'failed' }, failed],
      [{ outcome: 'dropped' }, dropped],
    ];
  });
  serveValue(registry, 'livedrops_trace_spans_waiting', () => sample().spans.waiting);
  serveValue(registry, 'livedrops_trace_held', () => sample().held);
  serve(registry, 'livedrops_traces_chosen_total', () => {
    const { slow, failed } = sample().chosen;
    return [
      [{ reason: 'slow' }, slow],
      [{ reason: 'failed' }, failed],
    ];
  });
  serve(registry, 'livedrops_traces_left_out_total', () => {
    const { passedOver, noRoom, notAnnounced, hurried } = sample();
    return [
      [{ bound: 'slow-per-second' }, passedOver.slow],
      [{ bound: 'failed-per-second' }, passedOver.failed],
      [{ bound: 'queue' }, noRoom],
      [{ bound: 'announcement' }, notAnnounced],
      [{ bound: 'held' }, hurried],
    ];
  });
}
