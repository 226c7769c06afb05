// Connections to Redis, one server or a Redis Cluster, for all drivers here. There is no offline
// queue, no command is resent, and every command has a deadline. A failed command is
// `store-unavailable`, whether or not it was executed.

import { Cluster, Redis } from 'ioredis';
import type { Logger } from 'pino';
import { StoreUnavailableError } from '../../ports/journal.ts';
import { writeOnceATick } from './one-write-a-tick.ts';

export type RedisConnection = Redis | Cluster;

export interface RedisAddress {
  /** Several only for a Redis Cluster. Any of its nodes is enough to find the others. */
  readonly nodes: readonly { readonly host: string; readonly port: number }[];
  readonly cluster: boolean;
  readonly username?: string;
  readonly password?: string;
  readonly tls?: boolean;
}

/** A command without an answer in this time has an unknown outcome. */
const COMMAND_TIMEOUT_MS = 5_000;
const CONNECT_TIMEOUT_MS = 3_000;
const RECONNECT_DELAY_FIRST_MS = 50;
const RECONNECT_DELAY_MAX_MS = 1_000;
/** How often a command of a Redis Cluster follows a slot to its new place. */
const REDIRECTIONS_MAX = 16;
const SLOTS_REFRESH_INTERVAL_MS = 2_000;

export interface ConnectOptions {
  readonly address: RedisAddress;
  /** The name of the connection in `CLIENT LIST`. */
  readonly name: string;
  readonly log: Logger;
  readonly commandTimeoutMs?: number;
}

/** Resolves when the connection is ready. Errors: `store-unavailable`, with the addresses. */
export async function connectRedis(options: ConnectOptions): Promise<RedisConnection> {
  const connection = createConnection(options);
  writeOnceATick(connection);
  // Every command fails by itself while the connection is away, so this is for the log only.
  let lastFailure: unknown = null;
  connection.on('error', (error: unknown) => {
    lastFailure = error;
    options.log.debug({ err: error, connection: options.name }, 'a Redis connection has failed');
  });
  try {
    await connection.connect();
    // The client connects to a server of a Redis Cluster at the first command for it. It does so
    // here, so that no later command waits for it.
    if (connection instanceof Cluster)
      await Promise.all(connection.nodes('master').map((node) => node.ping()));
  } catch (error) {
    connection.disconnect();
    throw unreachable(options.address, lastFailure ?? error);
  }
  return connection;
}

/** The client itself says only that the connection is closed, or that it found no server. */
function unreachable({ nodes }: RedisAddress, failure: unknown): StoreUnavailableError {
  const hosts = nodes.map(({ host, port }) => `${host.includes(':') ? `[${host}]` : host}:${port}`);
  const { message, lastNodeError } = failure as Error & { readonly lastNodeError?: Error };
  const reason = lastNodeError?.message ?? message;
  return new StoreUnavailableError(`Redis at ${hosts.join(', ')} cannot be used: ${reason}`, {
    cause: failure,
  });
}

function createConnection(options: ConnectOptions): RedisConnection {
  const { address, name } = options;
  const shared = {
    connectionName: name,
    username: address.username,
    password: address.password,
    ...(address.tls === true ? { tls: {} } : {}),
    connectTimeout: CONNECT_TIMEOUT_MS,
    commandTimeout: options.commandTimeoutMs ?? COMMAND_TIMEOUT_MS,
    // A command that was sent before the connection broke is not resent: its outcome is unknown.
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    enableAutoPipelining: false,
  };
  if (!address.cluster) {
    return new Redis({
      ...shared,
      ...address.nodes[0]!,
      lazyConnect: true,
      enableOfflineQueue: false,
      retryStrategy: reconnectDelayMs,
    });
  }
  return refreshSlots(
    new Cluster([...address.nodes], {
      lazyConnect: true,
      enableOfflineQueue: false,
      maxRedirections: REDIRECTIONS_MAX,
      // Otherwise commands in flight would be resent when a connection breaks.
      retryDelayOnFailover: 0,
      clusterRetryStrategy: reconnectDelayMs,
      redisOptions: shared,
    }),
  );
}

/**
 * As commands are not retried, only this finds the new server of a lost server's slots. The
 * client's own `slotsRefreshInterval` never ends when the connection is closed during a refresh,
 * and then keeps the process alive for ever.
 */
function refreshSlots(cluster: Cluster): Cluster {
  const timer = setInterval(() => {
    if (cluster.status === 'ready') cluster.refreshSlotsCache();
  }, SLOTS_REFRESH_INTERVAL_MS);
  timer.unref();
  cluster.once('end', () => clearInterval(timer));
  return cluster;
}

function reconnectDelayMs(attempt: number): number {
  return Math.min(
    RECONNECT_DELAY_FIRST_MS * 2 ** Math.min(attempt - 1, 10),
    RECONNECT_DELAY_MAX_MS,
  );
}

/** An error of Redis as `store-unavailable`. Errors of the ports pass unchanged. */
export function unavailable(error: unknown): Error {
  if (error instanceof Error && 'code' in error && KNOWN_CODES.has(error.code)) return error;
  return new StoreUnavailableError(error instanceof Error ? error.message : String(error), {
    cause: error,
  });
}

const KNOWN_CODES = new Set<unknown>(['fenced', 'conflict', 'corrupt', 'store-unavailable']);

/** Waits for an answer of Redis. Every error becomes `store-unavailable`. */
export async function answerOf<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    throw unavailable(error);
  }
}
