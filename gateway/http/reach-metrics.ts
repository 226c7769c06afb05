// The metrics of pushes and mails to people.

import type { Registry } from 'prom-client';
import { addGauge, type DurationSample, histogramValues, sampled } from './metric-sources.ts';

/** Of this node. */
export interface ReachSample {
  readonly messages: () => readonly {
    /** `push` or `mail`. */
    readonly channel: string;
    readonly outcome: string;
    readonly count: number;
  }[];
  /** From the event to when the message was taken. */
  readonly lag: () => DurationSample;
  /** Since the event of the oldest fan-out that runs here; 0 for none. */
  readonly oldestMs: () => number;
}

export function registerReachMetrics(registry: Registry, sample: ReachSample): void {
  const { messages, lag, oldestMs } = sample;
  const name = 'livedrops_reach_messages_total';
  const help = 'Messages to people by way and outcome, and people passed over as online.';
  registry.registerMetric(
    sampled({ name, help, type: 'counter' }, () =>
      messages().map(({ channel, outcome, count }) => [{ channel, outcome }, count]),
    ),
  );
  const lagName = 'livedrops_reach_lag_seconds';
  const lagHelp = 'From an event until a message of it was taken.';
  registry.registerMetric(
    sampled({ name: lagName, help: lagHelp, type: 'histogram' }, () =>
      histogramValues(lagName, {}, lag()),
    ),
  );
  const oldestHelp = 'Since the event of the oldest fan-out that this node runs.';
  addGauge(registry, 'livedrops_reach_oldest_seconds', oldestHelp, () => oldestMs() / 1_000);
}
