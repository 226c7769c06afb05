// The values of a gateway's caches in /metrics, by kind.

import type { Registry } from 'prom-client';
import type { CacheSample } from '../../contracts/caches.ts';
import { serve } from './serve.ts';

/** How reads were answered: the values of the label `result`, and where they are counted. */
const RESULTS = [
  ['hit', 'hits'],
  ['stale', 'stale'],
  ['miss', 'misses'],
  ['collapsed', 'collapsed'],
] as const;

export function registerCacheMetrics(
  registry: Registry,
  report: () => readonly CacheSample[],
): void {
  const ofKind = (
    name: `livedrops_cache_${'faults_total' | 'evictions_total' | 'entries' | 'bytes'}`,
    read: (sample: CacheSample) => number,
  ): void =>
    serve(registry, name, () =>
      report().map((sample) => [{ kind: sample.kind }, read(sample)] as const),
    );
  serve(registry, 'livedrops_cache_reads_total', () =>
    report().flatMap((sample) =>
      RESULTS.map(([result, counted]) => [{ kind: sample.kind, result }, sample[counted]] as const),
    ),
  );
  ofKind('livedrops_cache_faults_total', ({ faults }) => faults);
  ofKind('livedrops_cache_evictions_total', ({ evictions }) => evictions);
  serve(registry, 'livedrops_cache_drifts_total', () =>
    report().flatMap(({ kind, drifted }) =>
      drifted === undefined ? [] : [[{ kind }, drifted] as const],
    ),
  );
  ofKind('livedrops_cache_entries', ({ entries }) => entries);
  ofKind('livedrops_cache_bytes', ({ bytes }) => bytes);
}
