// Connections to Redis, one server or a Redis Cluster, as every driver here uses them: nothing
// waits in an offline queue, nothing is sent again on its own, and every command has a deadline.
// What a store could not do is a `store-unavailable`, whether or not it happened.

import { Cluster, Redis } from 'ioredis';
import type { Logger } from 'pino';
import { StoreUnavailableError } from '../../ports/journal.ts';
import { writeOnceATick } from './one-write-a-tick.ts';

export type RedisConnection = Redis | Cluster;

export interface RedisAddress {
  /** Several only for a Redis Cluster: any of its nodes will do to find the others. */
  readonly nodes: readonly { readonly host: string; readonly port: number }[];
  readonly cluster: boolean;
  readonly username?: string;
  readonly password?: string;
  readonly tls?: boolean;
}

/** A command without an answer by then has an unknown outcome. */
const COMMAND_TIMEOUT_MS = 5_000;
const CONNECT_TIMEOUT_MS = 3_000;
const RECONNECT_DELAY_FIRST_MS = 50;
const RECONNECT_DELAY_MAX_MS = 1_000;
/** How often a command of a Redis Cluster follows a slot to its new place. */
const REDIRECTIONS_MAX = 16;
const SLOTS_REFRESH_INTERVAL_MS = 2_000;

export interface ConnectOptions {
  readonly address: RedisAddress;
  /** Shown by `CLIENT LIST`. */
  readonly name: string;
  readonly log: Logger;
  readonly commandTimeoutMs?: number;
}

/** Resolves when the connection is ready. Errors: `store-unavailable`. */
export async function connectRedis(options: ConnectOptions): Promise<RedisConnection> {
  const connection = createConnection(options);
  writeOnceATick(connection);
  // Every command fails by itself while the connection is away, so this is only for people.
  connection.on('error', (error: unknown) =>
    options.log.debug({ err: error, connection: options.name }, 'a Redis connection has failed'),
  );
  try {
    await connection.connect();
    // A Redis Cluster connects to each of its servers at the first command for it: here, so that no
    // command waits for that.
    if (connection instanceof Cluster)
      await Promise.all(connection.nodes('master').map((node) => node.ping()));
  } catch (error) {
    connection.disconnect();
    throw unavailable(error);
  }
  return connection;
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
    // What was sent before a connection broke is never sent again: its outcome is unknown.
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
  return new Cluster([...address.nodes], {
    lazyConnect: true,
    enableOfflineQueue: false,
    maxRedirections: REDIRECTIONS_MAX,
    // Otherwise what was under way when a connection broke would be sent again.
    retryDelayOnFailover: 0,
    // And then nothing else would ask where the slots of a server that is gone are served now.
    slotsRefreshInterval: SLOTS_REFRESH_INTERVAL_MS,
    clusterRetryStrategy: reconnectDelayMs,
    redisOptions: shared,
  });
}

function reconnectDelayMs(attempt: number): number {
  return Math.min(
    RECONNECT_DELAY_FIRST_MS * 2 ** Math.min(attempt - 1, 10),
    RECONNECT_DELAY_MAX_MS,
  );
}

/** What went wrong with Redis, as the ports name it: refusals of the store itself pass through. */
export function unavailable(error: unknown): Error {
  if (error instanceof Error && 'code' in error && KNOWN_CODES.has(error.code)) return error;
  return new StoreUnavailableError(error instanceof Error ? error.message : String(error), {
    cause: error,
  });
}

const KNOWN_CODES = new Set<unknown>(['fenced', 'conflict', 'corrupt', 'store-unavailable']);

/** Waits for an answer of Redis. Errors: `store-unavailable` for whatever went wrong. */
export async function answerOf<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    throw unavailable(error);
  }
}
