// The values of outgoing webhooks in /metrics (R3).

import type { Registry } from 'prom-client';
import { addGauge, type DurationSample, histogramValues, sampled } from './metric-sources.ts';

export interface WebhookMetricsSample {
  /** Of the whole store; null while unknown. */
  readonly counts: {
    readonly webhooks: number;
    readonly enabled: number;
    readonly waiting: number;
    readonly behind: number;
  } | null;
  readonly sent: number;
  readonly failed: Readonly<Record<string, number>>;
  readonly oldestMs: number;
  readonly lag: DurationSample;
}

export function registerWebhookMetrics(
  registry: Registry,
  sample: () => WebhookMetricsSample,
): void {
  const ofStore = (
    name: string,
    help: string,
    read: (counts: NonNullable<WebhookMetricsSample['counts']>) => number,
  ) =>
    registry.registerMetric(
      sampled({ name, help, type: 'gauge' }, () => {
        const { counts } = sample();
        return counts === null ? [] : [[{}, read(counts)]];
      }),
    );
  ofStore('livedrops_webhooks', 'Webhooks of the whole store.', ({ webhooks }) => webhooks);
  ofStore('livedrops_webhooks_enabled', 'Webhooks that are called.', ({ enabled }) => enabled);
  ofStore('livedrops_webhooks_waiting', 'Calls that wait.', ({ waiting }) => waiting);
  const help = 'Webhooks with so much to send that they are fed from the journals.';
  ofStore('livedrops_webhooks_behind', help, ({ behind }) => behind);
  registry.registerMetric(
    sampled(
      {
        name: 'livedrops_webhooks_sent_total',
        help: 'Calls of this node that were taken.',
        type: 'counter',
      },
      () => [[{}, sample().sent]],
    ),
  );
  registry.registerMetric(
    sampled(
      {
        name: 'livedrops_webhooks_failed_total',
        help: 'Calls of this node that failed, by reason.',
        type: 'counter',
      },
      () => Object.entries(sample().failed).map(([reason, count]) => [{ reason }, count]),
    ),
  );
  addGauge(
    registry,
    'livedrops_webhooks_oldest_seconds',
    'The age of the oldest event that this node has yet to send.',
    () => sample().oldestMs / 1000,
  );
  const name = 'livedrops_webhooks_lag_seconds';
  registry.registerMetric(
    sampled({ name, help: 'From an event to the call that was taken.', type: 'histogram' }, () =>
      histogramValues(name, {}, sample().lag),
    ),
  );
}
