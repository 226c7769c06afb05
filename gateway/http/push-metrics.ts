// The metrics of pushes, by the service that takes them.

import type { Registry } from 'prom-client';
import { addGauge, sampled } from './metric-sources.ts';

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
  const name = 'livedrops_push_messages_total';
  const help = 'Pushes by the service and the outcome of each try.';
  registry.registerMetric(
    sampled({ name, help, type: 'counter' }, () =>
      messages().map(({ service, outcome, count }) => [{ service, outcome }, count]),
    ),
  );
  addGauge(registry, 'livedrops_push_under_way', 'Pushes without a result yet.', underWay);
  const knownHelp = 'Origins that pushes go to, and of them those that are left alone for a while.';
  const servicesName = 'livedrops_push_services';
  registry.registerMetric(
    sampled({ name: servicesName, help: knownHelp, type: 'gauge' }, () => {
      const { servicesKnown: known = 0, servicesStopped: stopped = 0 } = services() ?? {};
      return [
        [{ state: 'sending' }, known - stopped],
        [{ state: 'stopped' }, stopped],
      ];
    }),
  );
}
