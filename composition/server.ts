// A whole node: the core of its profile, and the gateway around it.

import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { systemClock } from '../actors/clock.ts';
import { createGateway } from '../gateway/gateway.ts';
import { OutsideStream } from '../events/outside/outside-stream.ts';
import { LiveHub } from '../gateway/live/hub.ts';
import { DevelopmentPaymentProvider } from '../events/payments/payment-provider-development.ts';
import type { Config } from './config.ts';
import { createEmbeddedCore } from './embedded-core.ts';
import type { OffLoopConsumer } from './off-loop-thread.ts';
import { createLog, type NodeCore, type NodeCoreOptions } from './node-core.ts';
import { forgetServerUrl, keepServerUrl } from './server-url.ts';

export interface Server {
  readonly url: string;
  /** Hands over its shards, answers what was admitted, then closes everything. */
  stop(): Promise<void>;
}

/** Why a node wants its process to end. */
export type EndWish =
  /** An operator wants it started again. */
  | 'restart'
  /** Another process runs under its id. */
  | 'replaced'
  /** The store went past the feature level that this version reads. */
  | 'too-new';

/**
 * Errors: `directory-in-use`, `store-unavailable`, `weak-store`; an Error that says so where the
 * port is taken.
 */
export async function startServer(
  config: Config,
  onEndWish: (wish: EndWish) => void = () => undefined,
  offLoopConsumers: readonly OffLoopConsumer[] = [],
): Promise<Server> {
  const log = createLog(config);
  let url = '';
  const provider = new DevelopmentPaymentProvider({
    webhookUrl: () => config.paymentWebhookUrl ?? `${url}/v1/payments/webhook`,
    secret: config.paymentSecrets[0]!,
    settleAfterMs: config.paymentSettleAfterMs,
    succeeds: () => config.paymentSettleAs === 'success',
    clock: systemClock,
    log,
  });
  const core = await createCore(
    { config, offLoop: offLoopConsumers, provider, restart: () => onEndWish('restart'), log },
    onEndWish,
  );
  const metrics = new Registry();
  const { host, relay, offLoop } = core;
  let hub: LiveHub | null = null;
  collectDefaultMetrics({ register: metrics });
  const gateway = createGateway({
    host: config.host,
    port: config.port,
    router: core.router,
    call: core.call,
    bus: core.bus,
    verifyToken: (token, nowMs) => core.accessTokens.verify(token, nowMs),
    stream: new OutsideStream({ ...core.stores, shardCount: core.shardCount, clock: systemClock }),
    live: (publish, limits) => {
      hub = new LiveHub({
        bus: core.bus,
        call: core.call,
        router: core.router,
        publish,
        verifyToken: (token, nowMs) => core.accessTokens.verify(token, nowMs),
        limits,
        clock: systemClock,
        log,
        feedIdsContiguous: config.store.kind === 'redis',
      });
      return hub;
    },
    rateLimits: config.rateLimits,
    trustProxy: config.trustProxy,
    clock: systemClock,
    readiness: () => {
      const reasons = core.unreadiness();
      return { ready: reasons.length === 0, reasons };
    },
    serves: config.roles.includes('gateway') ? 'everything' : 'itself',
    metrics,
    sources: {
      live: () => hub!.report(),
      relay: () => [...(relay?.lag() ?? []), ...(offLoop?.lag() ?? [])],
      ...(host === null
        ? {}
        : { shards: () => host.report(), journalAppends: () => core.journal.appends() }),
    },
    log,
    version: packageVersion(),
    paymentProvider: config.paymentProvider,
  });
  const stop = async () => {
    await core.leave();
    await gateway.stop();
    await provider.stop();
    await core.stop();
    forgetServerUrl(config.dataDirectory);
  };
  try {
    await core.start();
    const port = await gateway.start();
    url = `http://${config.host.includes(':') ? `[${config.host}]` : config.host}:${port}`;
    keepServerUrl(config.dataDirectory, url);
    await core.join(isEveryAddress(config.host) ? `http://${hostname()}:${port}` : url);
  } catch (error) {
    await stop();
    throw error;
  }
  return { url, stop };
}

/** Others cannot call such an address, so the node tells them its host's name instead. */
function isEveryAddress(host: string): boolean {
  return host === '0.0.0.0' || host === '::';
}

async function createCore(
  options: NodeCoreOptions,
  onEndWish: (wish: EndWish) => void,
): Promise<NodeCore> {
  const { natsUrl } = options.config;
  if (natsUrl === null) return await createEmbeddedCore(options);
  // One node alone need not load what talks to Redis and NATS.
  const { createClusterCore } = await import('./cluster-core.ts');
  return await createClusterCore({
    ...options,
    natsUrl,
    onSessionLost: () => onEndWish('replaced'),
    onTooNew(error) {
      options.log.fatal({ err: error }, 'this node is too old for the store');
      onEndWish('too-new');
    },
  });
}

function packageVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
