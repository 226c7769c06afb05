// The metrics of a node's process, its threads and its disk, and of what it sees of its cluster.

import { collectDefaultMetrics, Registry } from 'prom-client';
import { PROCESS_METRICS } from '../../contracts/process-metrics.ts';
import { registerEventLoopLag } from './event-loop-lag.ts';
import type { ClusterSample, NodeSample } from './metric-sources.ts';
import { serve, serveValue } from './serve.ts';

const NEVER_MS = 2 ** 31 - 1;

export function registerNodeMetrics(registry: Registry, node: NodeSample): void {
  const { version, profile, nodeId, threads, disk } = node;
  serve(registry, 'livedrops_build_info', () => [[{ version, profile, node: nodeId }, 1]]);
  serve(registry, 'livedrops_thread_cpu_seconds_total', async () =>
    (await threads()).map(({ thread, cpuSeconds }) => [{ thread }, cpuSeconds]),
  );
  serve(registry, 'livedrops_thread_active_seconds_total', async () =>
    (await threads()).flatMap(({ thread, activeSeconds }) =>
      activeSeconds === null ? [] : [[{ thread }, activeSeconds] as const],
    ),
  );
  const ofDisk = (name: 'free' | 'size') =>
    serveValue(registry, `livedrops_disk_${name}_bytes`, async () => {
      const sample = await disk();
      return sample === null ? null : sample[`${name}Bytes`];
    });
  ofDisk('free');
  ofDisk('size');
}

/** What `prom-client` knows of the process, as far as the table has it. */
export function registerProcessMetrics(registry: Registry): void {
  registerEventLoopLag(registry);
  const all = new Registry();
  // Its own measuring of the event loop, which each reader would reset, is not used.
  collectDefaultMetrics({ register: all, eventLoopMonitoringPrecision: NEVER_MS });
  for (const name of Object.keys(PROCESS_METRICS)) {
    const metric = all.getSingleMetric(name);
    const isServed = registry.getSingleMetric(name) !== undefined;
    // Some are of Linux only.
    if (metric !== undefined && !isServed) registry.registerMetric(metric);
  }
}

export function registerClusterMetrics(
  registry: Registry,
  sample: () => ClusterSample,
  routerWaiting: () => number,
): void {
  serveValue(registry, 'livedrops_clock_skew_seconds', () => {
    const { clockSkewMs } = sample();
    return clockSkewMs === null ? null : clockSkewMs / 1000;
  });
  serveValue(registry, 'livedrops_nodes', () => sample().nodes);
  serveValue(registry, 'livedrops_shards_without_owner', () => sample().shardsWithoutOwner);
  serveValue(registry, 'livedrops_router_commands_waiting', routerWaiting);
  serveValue(registry, 'livedrops_nats_connected', () => Number(sample().natsConnected));
  serveValue(registry, 'livedrops_redis_weak', () => Number(sample().redisWeak));
  if (sample().leaseValid !== null)
    serveValue(registry, 'livedrops_lease_valid', () => Number(sample().leaseValid));
}
