// The metrics of the process that `prom-client` makes, and that are served: those whose names
// follow the rules of Prometheus.

import { counter, gauge, histogram, open } from './metric-definition.ts';

const SPACE = { space: open('spaces of V8’s heap', 20) } as const;

export const PROCESS_METRICS = {
  process_cpu_user_seconds_total: counter('CPU time in user mode.'),
  process_cpu_system_seconds_total: counter('CPU time in the kernel.'),
  process_cpu_seconds_total: counter('CPU time.'),
  process_start_time_seconds: gauge('When the process was started.'),
  process_resident_memory_bytes: gauge('Resident memory.'),
  process_virtual_memory_bytes: gauge('Virtual memory.'),
  process_heap_bytes: gauge('The size of the data segment.'),
  process_open_fds: gauge('Open file descriptors.'),
  process_max_fds: gauge('File descriptors that may be open.'),
  nodejs_eventloop_lag_seconds: gauge('Lag of the main event loop, at the scrape.'),
  nodejs_eventloop_lag_max_seconds: gauge('The longest in the last whole 15 s.'),
  nodejs_eventloop_lag_mean_seconds: gauge('The mean in the last whole 15 s.'),
  nodejs_eventloop_lag_p50_seconds: gauge('The median in the last whole 15 s.'),
  nodejs_eventloop_lag_p90_seconds: gauge('The 90th percentile in the last whole 15 s.'),
  nodejs_eventloop_lag_p99_seconds: gauge('The 99th percentile in the last whole 15 s.'),
  nodejs_heap_size_total_bytes: gauge('The heap of the main thread.'),
  nodejs_heap_size_used_bytes: gauge('What is used of it.'),
  nodejs_external_memory_bytes: gauge('Memory of objects outside of the heap.'),
  nodejs_heap_space_size_total_bytes: gauge('The heap by space.', { labels: SPACE }),
  nodejs_heap_space_size_used_bytes: gauge('What is used of a space.', { labels: SPACE }),
  nodejs_heap_space_size_available_bytes: gauge('What is free in a space.', { labels: SPACE }),
  nodejs_gc_duration_seconds: histogram('Collections of garbage.', {
    labels: { kind: ['major', 'minor', 'incremental', 'weakcb'] },
  }),
  nodejs_version_info: gauge('Always 1.', {
    labels: {
      version: open('the version of Node', 1),
      major: open('its first number', 1),
      minor: open('its second number', 1),
      patch: open('its third number', 1),
    },
  }),
} as const;
