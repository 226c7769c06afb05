// The metrics of pushes and mails to people.

import type { Registry } from 'prom-client';
import type { DurationSample } from '../../domain/duration-counts.ts';
import { serve, serveDurations, serveValue } from './serve.ts';

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
  serve(registry, 'livedrops_reach_messages_total', () =>
    messages().map(({ channel, outcome, count }) => [{ channel, outcome }, count]),
  );
  serveDurations(registry, 'livedrops_reach_lag_seconds', () => [{ labels: {}, durations: lag() }]);
  serveValue(registry, 'livedrops_reach_oldest_seconds', () => oldestMs() / 1_000);
}
