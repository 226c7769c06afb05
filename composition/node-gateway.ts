// The gateway of a node, or of one of its gateway threads, out of what the node's core gives. Both
// have the same, so that it makes no difference to clients where they are served.

import { fileURLToPath } from 'node:url';
import type { Registry } from 'prom-client';
import type { CommandRouter } from '../actors/command-router.ts';
import type { LiveBus } from '../actors/live-bus.ts';
import type { Clock } from '../actors/clock.ts';
import type { CallAction } from '../contracts/actions.ts';
import type { RestrictionSet } from '../events/restriction-set.ts';
import type { GatewayAnalytics } from '../gateway/analytics/gateway-analytics.ts';
import type { GatewayOptions } from '../gateway/gateway.ts';
import type { EndedSessions } from '../gateway/http/ended-sessions.ts';
import type { LimitsSource } from '../gateway/http/limits.ts';
import type { VerifyToken } from '../gateway/http/route.ts';
import type { MakeLive } from '../gateway/http/server.ts';
import { LiveHub } from '../gateway/live/hub.ts';
import { BuiltPages } from '../gateway/pages/built-pages.ts';
import type { Logger } from 'pino';
import type { FeatureLevels } from '../storage/ports/feature-level.ts';
import type { Config } from './config.ts';
import { URL_LIFETIME_SECONDS, urlSignerOf } from './media-urls.ts';
import { passTextsOf } from './pass-secrets.ts';
import type { Tokens } from './tokens.ts';
import type { NodeTracing } from './tracing.ts';

/** Where `scripts/pages.ts` builds the pages. */
const PAGES = fileURLToPath(new URL('../web/dist', import.meta.url));

export interface NodeGatewayParts {
  readonly config: Config;
  readonly version: string;
  readonly router: CommandRouter;
  readonly call: CallAction;
  readonly levels: Pick<FeatureLevels, 'reached'>;
  readonly bus: LiveBus;
  readonly tokens: Tokens;
  readonly ended: EndedSessions;
  readonly restrictions: RestrictionSet;
  readonly counted: GatewayAnalytics;
  readonly limits: LimitsSource;
  readonly traces: NodeTracing;
  readonly metrics: Registry;
  readonly mediaOrigin: () => string | null;
  /** Gets the hub when there is one. */
  readonly onHub: (hub: LiveHub) => void;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What both have; the rest is of the main thread, or of a gateway thread. */
export function nodeGateway(parts: NodeGatewayParts) {
  const { config, version, router, call, levels, bus, tokens, ended, restrictions } = parts;
  const { counted, limits, traces, metrics, mediaOrigin, clock, log } = parts;
  const verifyToken: VerifyToken = (token, nowMs) => tokens.verifier.verify(token, nowMs);
  const countsOf = (dropId: string) => counted.countsOf(dropId);
  const signer = urlSignerOf(config);
  const live: MakeLive = (publish, rateLimits) => {
    const hub = new LiveHub({
      bus,
      call,
      router,
      publish,
      verifyToken,
      ended,
      hidden: restrictions,
      limits: rateLimits,
      clock,
      log,
      countsOf,
      feedIdsContiguous: config.store.kind === 'redis',
    });
    parts.onHub(hub);
    return hub;
  };
  return {
    countsOf,
    host: config.host,
    port: config.port,
    operatorAddress: config.operatorAddress,
    router,
    call,
    levels,
    bus,
    verifyToken,
    onTokensReplaced: (listener) => tokens.onReplaced(listener),
    ended,
    restrictions,
    live,
    rateLimits: config.rateLimits,
    limits,
    trustProxy: config.trustProxy,
    corsOrigins: config.corsOrigins,
    introspection: config.introspection,
    clock,
    metrics,
    media: {
      origin: mediaOrigin,
      sign: (path) =>
        signer?.sign(path, Math.floor(clock.now() / 1_000), URL_LIFETIME_SECONDS) ?? null,
    },
    pages: BuiltPages.open(PAGES),
    watch: traces.watch,
    ...(traces.watch?.isTracing === true && { exemplar: traces.watch.exemplar }),
    log,
    version,
    paymentProvider: config.paymentProvider,
    passTexts: passTextsOf(config),
  } satisfies Partial<GatewayOptions>;
}
