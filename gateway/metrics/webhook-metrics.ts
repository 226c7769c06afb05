// The values of outgoing webhooks in /metrics (R3).

import type { Registry } from 'prom-client';
import type { DurationSample } from '../../domain/duration-counts.ts';
import { serve, serveDurations, serveValue } from './serve.ts';

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
    name: 'livedrops_webhooks' | `livedrops_webhooks_${'enabled' | 'waiting' | 'behind'}`,
    read: (counts: NonNullable<WebhookMetricsSample['counts']>) => number,
  ): void =>
    serveValue(registry, name, () => {
      const { counts } = sample();
      return counts === null ? null : read(counts);
    });
  ofStore('livedrops_webhooks', ({ webhooks }) => webhooks);
  ofStore('livedrops_webhooks_enabled', ({ enabled }) => enabled);
  ofStore('livedrops_webhooks_waiting', ({ waiting }) => waiting);
  ofStore('livedrops_webhooks_behind', ({ behind }) => behind);
  serveValue(registry, 'livedrops_webhooks_sent_total', () => sample().sent);
  serve(registry, 'livedrops_webhooks_failed_total', () =>
    Object.entries(sample().failed).map(([reason, count]) => [{ reason }, count]),
  );
  serveValue(registry, 'livedrops_webhooks_oldest_seconds', () => sample().oldestMs / 1000);
  serveDurations(registry, 'livedrops_webhooks_lag_seconds', () => [
    { labels: {}, durations: sample().lag },
  ]);
}
