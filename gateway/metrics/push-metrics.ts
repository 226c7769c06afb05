// The metrics of pushes, by the service that takes them.

import type { Registry } from 'prom-client';
import { serve, serveValue } from './serve.ts';

/** Of this node. */
export interface PushSample {
  /** Since the start. */
  readonly messages: () => readonly {
    /** `google`, `mozilla`, `apple`, `microsoft` or `other`. */
    readonly service: string;
    /** `sent`, `gone`, `too-large`, `rate-limited`, or why it failed. */
    readonly outcome: string;
    readonly count: number;
  }[];
  /** Messages without a result yet. */
  readonly underWay: () => number;
  /** Null while the thread that sends does not run. */
  readonly services: () => {
    readonly servicesKnown: number;
    readonly servicesStopped: number;
  } | null;
}

export function registerPushMetrics(registry: Registry, sample: PushSample): void {
  const { messages, underWay, services } = sample;
  serve(registry, 'livedrops_push_messages_total', () =>
    messages().map(({ service, outcome, count }) => [{ service, outcome }, count]),
  );
  serveValue(registry, 'livedrops_push_under_way', underWay);
  serve(registry, 'livedrops_push_services', () => {
    const { servicesKnown: known = 0, servicesStopped: stopped = 0 } = services() ?? {};
    return [
      [{ state: 'sending' }, known - stopped],
      [{ state: 'stopped' }, stopped],
    ];
  });
}
