// The values of a gateway's caches in /metrics, by kind.

import type { Registry } from 'prom-client';
import type { CacheSample } from '../../contracts/caches.ts';
import { sampled } from './metric-sources.ts';

/** How reads were answered: the words of the label `result`. */
const RESULTS = ['hits', 'stale', 'misses', 'collapsed'] as const;

export function registerCacheMetrics(
  registry: Registry,
  report: () => readonly CacheSample[],
): void {
  const ofKind = (
    name: string,
    help: string,
    type: 'gauge' | 'counter',
    read: (sample: CacheSample) => number,
  ): void =>
    registry.registerMetric(
      sampled({ name, help, type }, () =>
        report().map((sample) => [{ kind: sample.kind }, read(sample)] as const),
      ),
    );
  const reads = 'livedrops_cache_reads_total';
  registry.registerMetric(
    sampled(
      { name: reads, help: 'Cached reads, by how they were answered.', type: 'counter' },
      () =>
        report().flatMap((sample) =>
          RESULTS.map((result) => [{ kind: sample.kind, result }, sample[result]] as const),
        ),
    ),
  );
  ofKind('livedrops_cache_faults_total', 'Loads that failed.', 'counter', ({ faults }) => faults);
  const evictions = 'Entries that went for want of room.';
  ofKind('livedrops_cache_evictions_total', evictions, 'counter', (sample) => sample.evictions);
  const drifts = 'Changes of cached bodies that a load found and no message had told.';
  registry.registerMetric(
    sampled({ name: 'livedrops_cache_drifts_total', help: drifts, type: 'counter' }, () =>
      report().flatMap(({ kind, drifted }) =>
        drifted === undefined ? [] : [[{ kind }, drifted] as const],
      ),
    ),
  );
  ofKind('livedrops_cache_entries', 'Entries.', 'gauge', ({ entries }) => entries);
  ofKind('livedrops_cache_bytes', 'Estimated size.', 'gauge', ({ bytes }) => bytes);
}
