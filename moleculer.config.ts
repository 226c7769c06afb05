// The options of the broker on every node, whatever its roles. With a transporter the same services
// and calls span machines. Retries, balancing by load, tracking and circuit breaking are off,
// because callers decide what may be sent again.

import { type BrokerOptions, Loggers } from 'moleculer';
import type { Logger } from 'pino';
import { natsOptions } from './actors/cluster/nats-options.ts';
import type { Tracing } from './actors/tracing/tracing.ts';
import { amountNamesBetweenNodes } from './services/moleculer/amount-names-between-nodes.ts';
import { MsgpackrSerializer } from './services/moleculer/msgpackr-serializer.ts';
import { NatsTransporter } from './services/moleculer/nats-transporter.ts';
import { tracedActions } from './services/moleculer/traced-actions.ts';
import { FEATURE_LEVEL } from './storage/ports/feature-level.ts';

/** A call without a reply after this time is refused as `unavailable`. */
const REQUEST_TIMEOUT_MS = 10_000;
const TRANSIT = {
  /** Calls to other nodes without a reply yet. Past this bound calls fail at once. */
  maxQueueSize: 10_000,
  /** Services that start together are announced together. (Missing in Moleculer's types.) */
  serviceChangedDebounceTime: 50,
};
/**
 * In seconds. A node without a heartbeat for the second time gets no calls. Owners of shards are
 * found by their sessions, which expire sooner; this is for the other services.
 */
const HEARTBEAT_INTERVAL_S = 2;
const HEARTBEAT_TIMEOUT_S = 8;
/** The time that a leaving node waits until other nodes know of it. */
const LEAVE_DELAY_MS = 100;

type LogLevel = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace';

/** Moleculer logs its start as `info` and each call as `debug`: here these are detail. */
const LEVELS = {
  fatal: 'fatal',
  error: 'error',
  warn: 'warn',
  info: 'debug',
  debug: 'trace',
  trace: 'trace',
} as const satisfies Record<LogLevel, LogLevel>;

/**
 * Log lines of failed calls. Moleculer throws the same error at the caller, which logs it where
 * that is useful. While NATS or an owner of shards is away there are as many such lines as orders.
 */
const THROWN_AT_CALLER =
  /^(?:Unable to send '|Service '[^']*' is not (?:found|available|registered))/;

/** Forwards Moleculer's log lines to the process's logger, with the name of their module. */
class PinoForwarder extends Loggers.Base<{ level: 'trace' }> {
  readonly #log: Logger;

  constructor(log: Logger) {
    super({ level: 'trace' });
    this.#log = log;
  }

  override getLogHandler(bindings: { mod: string }): (level: LogLevel, parts: unknown[]) => void {
    const log = this.#log.child({ module: bindings.mod });
    return (moleculerLevel, parts) => {
      if (!log.isLevelEnabled(LEVELS[moleculerLevel])) return;
      const error = parts.find((part) => part instanceof Error);
      const text = parts.filter((part) => typeof part === 'string').join(' ');
      const level = THROWN_AT_CALLER.test(text) ? 'debug' : LEVELS[moleculerLevel];
      if (error === undefined) log[level](text);
      else log[level]({ err: error }, text);
    };
  }
}

/** `natsUrl` null: one node, no network. `natsCaFile`: see `NatsAddress`. `log` null: no log. */
export function brokerOptions(options: {
  readonly nodeId: string;
  readonly natsUrl: string | null;
  readonly natsCaFile?: string | null;
  readonly log: Logger | null;
  /** Null, or absent: actions have no spans. */
  readonly tracing?: Tracing | null;
}): BrokerOptions {
  const { tracing = null } = options;
  return {
    namespace: 'livedrops',
    nodeID: options.nodeId,
    // A node without this reads level 0 (`actors/cluster/feature-level.ts`).
    metadata: { level: FEATURE_LEVEL },
    logger: options.log === null ? false : new PinoForwarder(options.log),
    transporter:
      options.natsUrl === null
        ? null
        : new NatsTransporter(
            natsOptions({
              url: options.natsUrl,
              caFile: options.natsCaFile ?? null,
              name: options.nodeId,
            }),
          ),
    serializer: new MsgpackrSerializer(),
    requestTimeout: REQUEST_TIMEOUT_MS,
    transit: TRANSIT,
    heartbeatInterval: HEARTBEAT_INTERVAL_S,
    heartbeatTimeout: HEARTBEAT_TIMEOUT_S,
    registry: {
      strategy: 'RoundRobin',
      preferLocal: true,
      stopDelay: options.natsUrl === null ? 0 : LEAVE_DELAY_MS,
    },
    // Of the built-in middlewares only these two do something here; each of the others would cost a
    // wrapper on every call.
    internalMiddlewares: false,
    middlewares: [
      'Timeout',
      'ErrorHandler',
      amountNamesBetweenNodes,
      ...(tracing === null ? [] : [tracedActions(tracing)]),
    ],
    internalServices: false,
    validator: false,
    cacher: false,
    metrics: false,
    tracing: false,
    retryPolicy: { enabled: false },
    circuitBreaker: { enabled: false },
    bulkhead: { enabled: false },
    tracking: { enabled: false },
    contextParamsCloning: false,
    hotReload: false,
    // Signals are the composition's business: it drains in the order that loses nothing.
    skipProcessEventRegistration: true,
  };
}
