// The values of a node's search index in /metrics.

import type { Registry } from 'prom-client';
import type { DurationSample } from '../../domain/duration-counts.ts';
import { serveDurations, serveValue } from './serve.ts';

export interface IndexSample {
  readonly isBuilding: boolean;
  readonly lagMs: number;
  readonly recordsBehind: number;
  readonly documents: number;
  readonly bytes: number;
}

export interface SearchSample {
  /** Null while the index is being opened. */
  readonly status: () => IndexSample | null;
  /** How far behind the index is where `status` does not tell; null: not for long. */
  readonly lateMs: () => number | null;
  /** Searches that are not answered yet. */
  readonly waiting: () => number;
  readonly durations: () => DurationSample;
}

type IndexValue = 'building' | 'records_behind' | 'documents' | 'index_bytes';

export function registerSearchMetrics(registry: Registry, sample: SearchSample): void {
  const { status, lateMs, waiting, durations } = sample;
  const ofIndex = (
    name: `livedrops_search_${IndexValue}`,
    read: (index: IndexSample) => number,
  ): void =>
    serveValue(registry, name, () => {
      const index = status();
      return index === null ? null : read(index);
    });
  serveValue(registry, 'livedrops_search_lag_seconds', () => {
    const ms = status()?.lagMs ?? lateMs();
    return ms === null ? null : ms / 1000;
  });
  ofIndex('livedrops_search_building', ({ isBuilding }) => Number(isBuilding));
  ofIndex('livedrops_search_records_behind', ({ recordsBehind }) => recordsBehind);
  ofIndex('livedrops_search_documents', (index) => index.documents);
  ofIndex('livedrops_search_index_bytes', ({ bytes }) => bytes);
  serveValue(registry, 'livedrops_search_waiting', waiting);
  serveDurations(registry, 'livedrops_search_duration_seconds', () => [
    { labels: {}, durations: durations() },
  ]);
}
