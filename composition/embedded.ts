// The embedded profile: one process with every role, SQLite in the data directory, no servers beside it.

import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { systemClock } from '../actors/clock.ts';
import { createGateway } from '../gateway/gateway.ts';
import { LiveHub } from '../gateway/live/hub.ts';
import type { ReadinessReport } from '../gateway/rest/system.ts';
import { DevelopmentPaymentProvider } from '../services/payment-provider-development.ts';
import type { Config } from './config.ts';
import { createLog, createNodeCore, type NodeCore } from './node-core.ts';

export interface EmbeddedServer {
  readonly url: string;
  /** Answers what was admitted, then closes everything. */
  stop(): Promise<void>;
}

/** Holds the address of the server that runs on a data directory, for commands that want to ask it. */
export const URL_FILE = 'server-url';

/** Errors: `directory-in-use`; an Error that says so where the port is taken. */
export async function startEmbedded(config: Config): Promise<EmbeddedServer> {
  const log = createLog(config);
  let url = '';
  const provider = new DevelopmentPaymentProvider({
    webhookUrl: () => `${url}/v1/payments/webhook`,
    secret: config.paymentSecrets[0]!,
    settleAfterMs: config.paymentSettleAfterMs,
    succeeds: () => config.paymentSettleAs === 'success',
    clock: systemClock,
    log,
  });
  const core = await createNodeCore(config, provider, log);
  const metrics = new Registry();
  collectDefaultMetrics({ register: metrics });
  const gateway = createGateway({
    host: config.host,
    port: config.port,
    router: core.router,
    call: core.call,
    bus: core.bus,
    verifyToken: (token, nowMs) => core.accessTokens.verify(token, nowMs),
    live: (publish) =>
      new LiveHub({
        bus: core.bus,
        call: core.call,
        router: core.router,
        publish,
        verifyToken: (token, nowMs) => core.accessTokens.verify(token, nowMs),
        clock: systemClock,
        log,
      }),
    rateLimits: config.rateLimits,
    now: () => systemClock.now(),
    readiness: () => readinessOf(core),
    metrics,
    log,
    version: packageVersion(),
    paymentProvider: config.paymentProvider,
  });
  const urlFile = join(config.dataDirectory, URL_FILE);
  const stop = async () => {
    await gateway.stop();
    await provider.stop();
    await core.stop();
    rmSync(urlFile, { force: true });
  };
  try {
    await core.start();
    const port = await gateway.start();
    url = `http://${config.host.includes(':') ? `[${config.host}]` : config.host}:${port}`;
    writeFileSync(urlFile, url);
  } catch (error) {
    await stop();
    throw error;
  }
  return { url, stop };
}

function readinessOf(core: NodeCore): ReadinessReport {
  const reasons = core.host
    .report()
    .filter((shard) => shard.status !== 'serving')
    .map(
      (shard) =>
        `shard ${shard.shard} is ${shard.status}${shard.fault === null ? '' : `: ${shard.fault}`}`,
    );
  return { ready: reasons.length === 0, reasons };
}

function packageVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
