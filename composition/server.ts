// A whole node: the core of its profile and the gateway.

import { readFileSync } from 'node:fs';
import { Registry } from 'prom-client';
import { systemClock } from '../actors/clock.ts';
import { StoreClock } from '../actors/cluster/store-clock.ts';
import { ALARM_METRICS } from '../app/alarms/alarms.ts';
import { createGateway } from '../gateway/gateway.ts';
import { readSamples } from '../gateway/metrics/samples.ts';
import { OrderDetailsUseCases } from '../app/order-details.ts';
import { ExportDownloads } from '../app/jobs/export-downloads.ts';
import { OrderExports } from '../app/order-exports.ts';
import { OutsideStream } from '../events/outside/outside-stream.ts';
import { EndedSessions } from '../gateway/http/ended-sessions.ts';
import { GatewayAnalytics } from '../gateway/analytics/gateway-analytics.ts';
import { createGatewayMemory } from '../gateway/http/shared-memory.ts';
import type { LiveHub } from '../gateway/live/hub.ts';
import { type MetricSources, NO_STREAMS } from '../gateway/metrics/metric-sources.ts';
import { withThreads } from '../gateway/metrics/thread-metrics.ts';
import type { Config, MediaConfig } from './config.ts';
import { createEmbeddedCore } from './embedded-core.ts';
import { GatewayThreads } from './gateway-threads.ts';
import { nodeGateway } from './node-gateway.ts';
import type { OffLoopConsumer } from './off-loop-thread.ts';
import { createLog } from './log.ts';
import type { NodeCore, NodeCoreOptions } from './node-core.ts';
import { detailsCipher } from './node-services.ts';
import { LimitsFile } from './limits-file.ts';
import { openPayments } from './payments.ts';
import { openExportFiles } from './export-files.ts';
import { MediaProcess } from './media.ts';
import { metricSources } from './metric-sources.ts';
import { processThreads } from './thread-meter.ts';
import { ExportThreads } from './export-threads.ts';
import { mayOfferSample, SampleOffer } from './sample/sample-offer.ts';
import { openTracing } from './tracing.ts';
import { removeServerUrl, storeServerUrl } from './server-url.ts';
import { calledHost, urlHost } from './url-host.ts';

export interface Server {
  readonly url: string;
  /** Where operators and monitoring find it: the operators' address, or the same. */
  readonly operatorUrl: string;
  /** The process id of its media process; null where there is none now. */
  readonly mediaPid: () => number | null;
  /** Moves its shards to other nodes, answers the admitted requests, then closes everything. */
  stop(): Promise<void>;
}

/** Why a node asks for the end of its process. */
export type EndReason =
  /** An operator restarts it. */
  | 'restart'
  /** Another process runs under the node's id. */
  | 'replaced'
  /** The store has a higher feature level than this version reads. */
  | 'too-new'
  /** A gateway thread has died. */
  | 'thread-died';

/**
 * Errors: `directory-in-use`, `store-unavailable`, `weak-store`, `clock-skew`; an Error where the
 * port is taken.
 */
export async function startServer(
  config: Config,
  onEndRequest: (reason: EndReason) => void = () => undefined,
  offLoopConsumers: readonly OffLoopConsumer[] = [],
): Promise<Server> {
  const log = createLog(config);
  // First, since it measures only what is started later.
  const threads = processThreads();
  const clock = new StoreClock({ clock: systemClock });
  const version = packageVersion();
  const traces = await openTracing({ config, version, clock: systemClock, log });
  const { tracing } = traces;
  let url = '';
  let operatorUrl = '';
  let nodes = () => 1;
  const payments = await openPayments({
    config,
    url: () => url,
    nodes: () => nodes(),
    clock,
    log,
  });
  const core = await createCore(
    {
      config,
      clock,
      offLoop: offLoopConsumers,
      provider: payments.provider,
      stripeEvents: payments.stripeEvents,
      restart: () => onEndRequest('restart'),
      tracing,
      log,
    },
    onEndRequest,
  );
  const ended = new EndedSessions({ ...core.stores, bus: core.bus, clock, log });
  nodes = core.actorNodes;
  const metrics = new Registry();
  let hub: LiveHub | null = null;
  const cipher = detailsCipher(config);
  const orderDetails = new OrderDetailsUseCases({ ...core, ...core.stores, cipher });
  const exportThreads = new ExportThreads({
    config,
    shardCount: core.shardCount,
    readDetails: (orderIds) => orderDetails.read(orderIds),
  });
  const limitsFile = new LimitsFile({
    path: config.limitsFile,
    limits: config.limits,
    clock: systemClock,
    log,
  });
  const counted = new GatewayAnalytics({ store: core.stores.analytics, clock, log });
  const mediaOrigin = () => media?.origin ?? config.mediaUrl;
  const memory = config.threads > 1 ? createGatewayMemory(config.threads) : null;
  const children =
    memory === null
      ? null
      : new GatewayThreads({
          config,
          version,
          memory,
          core,
          traces,
          gateway: () => gateway,
          limits: limitsFile,
          onDied: () => onEndRequest('thread-died'),
          clock,
          log,
        });
  const own = nodeGateway({
    ...core,
    config,
    version,
    ended,
    counted,
    limits: limitsFile,
    traces,
    metrics,
    mediaOrigin,
    onHub: (made) => {
      hub = made;
    },
    clock,
    log,
  });
  const sources: MetricSources = {
    ...metricSources({
      config,
      version,
      core,
      threads,
      traces,
      live: () => hub?.report() ?? NO_STREAMS,
      media: hasMedia(config) ? () => media!.sample : null,
    }),
    ...(children !== null && { gatewayThreads: () => children.metrics() }),
  };
  const gateway = createGateway({
    ...own,
    live: children === null ? own.live : null,
    memory,
    children,
    stream: new OutsideStream({ ...core.stores, shardCount: core.shardCount, clock }),
    downloads: new ExportDownloads({
      ...core.stores,
      router: core.router,
      files: openExportFiles(config),
    }),
    exports: new OrderExports({ ...core.stores, router: core.router, open: exportThreads.open }),
    readiness: () => {
      const reasons = core.unreadiness();
      const ready = reasons.length === 0;
      const index = core.search?.status() ?? null;
      if (core.search === null) return { ready, reasons };
      const search = index && { isBuilding: index.isBuilding, lagMs: index.lagMs };
      return { ready, reasons, search };
    },
    serves: config.roles.includes('gateway') ? 'everything' : 'itself',
    sources,
    sampleShops: mayOfferSample(config)
      ? new SampleOffer({ call: core.call, url: () => url, log })
      : null,
  });
  const media = hasMedia(config)
    ? new MediaProcess({
        config,
        media: config.media,
        gateway,
        call: core.call,
        onListening: () => children?.tellMediaOrigin(mediaOrigin()),
        log,
      })
    : null;
  const { gatewayThreads } = sources;
  core.serveMeasures(async () =>
    readSamples(await withThreads(metrics, gatewayThreads), ALARM_METRICS),
  );
  if (config.roles.includes('gateway')) {
    core.serveCaches(children ?? gateway.caches);
    const isOnline = (userId: string) => hub!.isOnline(userId);
    core.servePresence(async (userIds) =>
      children === null ? userIds.filter(isOnline) : await children.online(userIds),
    );
  }
  const stop = async () => {
    await core.leave();
    limitsFile.stop();
    exportThreads.stop();
    // Side by side: each may take seconds, and all together have fewer than the supervisor gives.
    await Promise.all([media?.stop(), gateway.stop(), core.stopThreads()]);
    // Threads that were started, and never listened, have not been stopped with the gateway.
    await children?.stop();
    ended.stop();
    await counted.stop();
    await payments.stop();
    await core.stop();
    removeServerUrl(config.dataDirectory);
    await traces.stop();
  };
  try {
    await core.start();
    await ended.start();
    limitsFile.start();
    counted.start();
    await children?.start();
    const port = await gateway.start();
    url = `http://${urlHost(config.host)}:${port}`;
    operatorUrl = operatorUrlOf(config, gateway.operatorPort(), urlHost) ?? url;
    storeServerUrl(config.dataDirectory, operatorUrl);
    media?.start();
    const called = `http://${calledHost(config.host)}:${port}`;
    const operatorPort = gateway.operatorPort();
    await core.join(called, operatorUrlOf(config, operatorPort, calledHost) ?? called);
  } catch (error) {
    await stop();
    throw error;
  }
  return { url, operatorUrl, mediaPid: () => media?.pid ?? null, stop };
}

/** `nameOf`: how the host is called. Null where operators have no address of their own. */
function operatorUrlOf(
  { operatorAddress }: Config,
  port: number | null,
  nameOf: (host: string) => string,
): string | null {
  if (operatorAddress === null || port === null) return null;
  return `http://${nameOf(operatorAddress.host)}:${port}`;
}

function hasMedia(config: Config): config is Config & { readonly media: MediaConfig } {
  return config.media !== null && config.roles.includes('media');
}

async function createCore(
  options: NodeCoreOptions,
  onEndRequest: (reason: EndReason) => void,
): Promise<NodeCore> {
  const { natsUrl } = options.config;
  if (natsUrl === null) return await createEmbeddedCore(options);
  // Loaded only in a cluster: one node alone needs neither Redis nor NATS.
  const { createClusterCore } = await import('./cluster-core.ts');
  return await createClusterCore({
    ...options,
    natsUrl,
    onSessionLost: () => onEndRequest('replaced'),
    onTooNew(error) {
      options.log.fatal({ err: error }, 'this node is too old for the store');
      onEndRequest('too-new');
    },
  });
}

function packageVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
