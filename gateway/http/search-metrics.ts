// The values of a node's search index in /metrics.

import type { Registry } from 'prom-client';
import { addGauge, type DurationSample, histogramValues, sampled } from './metric-sources.ts';

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
  /** Searches that are not answered yet. */
  readonly waiting: () => number;
  readonly durations: () => DurationSample;
}

export function registerSearchMetrics(registry: Registry, sample: SearchSample): void {
  const { status, waiting, durations } = sample;
  const ofIndex = (name: string, help: string, read: (index: IndexSample) => number) =>
    registry.registerMetric(
      sampled({ name, help, type: 'gauge' }, () => {
        const index = status();
        return index === null ? [] : [[{}, read(index)]];
      }),
    );
  ofIndex(
    'livedrops_search_lag_seconds',
    'For how long the oldest change that is not in the index waits.',
    ({ lagMs }) => lagMs / 1000,
  );
  ofIndex('livedrops_search_building', '1: the index was never complete.', ({ isBuilding }) =>
    Number(isBuilding),
  );
  ofIndex(
    'livedrops_search_records_behind',
    'Changes of accounts, products, drops and follows that are not in the index.',
    ({ recordsBehind }) => recordsBehind,
  );
  ofIndex('livedrops_search_documents', 'Documents that can be found.', (index) => index.documents);
  ofIndex('livedrops_search_index_bytes', 'The size of the index.', ({ bytes }) => bytes);
  addGauge(registry, 'livedrops_search_waiting', 'Searches that are not answered yet.', waiting);
  const name = 'livedrops_search_duration_seconds';
  const help = 'Time of searches and suggestions in this node, their wait included.';
  registry.registerMetric(
    sampled({ name, help, type: 'histogram' }, () => histogramValues(name, {}, durations())),
  );
}
