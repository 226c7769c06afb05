// The metrics of a node's media process: it has no address that Prometheus could ask.

import type { Registry } from 'prom-client';
import { serveValue } from './serve.ts';

export interface MediaSample {
  /** It listens. */
  readonly isRunning: boolean;
  /** Uploads that wait for their variants, or are being processed, as of the last seconds. */
  readonly waiting: number;
  /** For how long the oldest of them has waited, in milliseconds; 0 for none. */
  readonly oldestMs: number;
}

export function registerMediaMetrics(registry: Registry, sample: () => MediaSample): void {
  serveValue(registry, 'livedrops_media_running', () => Number(sample().isRunning));
  serveValue(registry, 'livedrops_media_waiting', () => sample().waiting);
  serveValue(registry, 'livedrops_media_oldest_seconds', () => sample().oldestMs / 1000);
}
