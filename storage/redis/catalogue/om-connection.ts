// The connection for redis-om's entities: a node-redis client, because redis-om supports no other.
// The client never reconnects by itself, because node-redis would not notice that a Redis Cluster
// has changed meanwhile. A failed client is closed, and the next use opens a new one. There is no
// offline queue, every use has a deadline, and every failure is `store-unavailable`.

import type { Logger } from 'pino';
import { ClientClosedError, createClient, createCluster, ErrorReply } from 'redis';
import { type Entity, type RedisConnection, RedisOmError, Repository, type Schema } from 'redis-om';
import pTimeout from 'p-timeout';
import { type RedisAddress, unavailable } from '../connection/connection.ts';

/** A use without an answer in this time has an unknown outcome. */
const COMMAND_TIMEOUT_MS = 5_000;
const CONNECT_TIMEOUT_MS = 3_000;
/** Commands in flight on one connection; past it commands are refused at once. */
const QUEUE_LENGTH_MAX = 10_000;
/**
 * The shortest life of a client of a Redis Cluster, so that while one node is away not every use
 * discovers the other nodes again.
 */
const CLUSTER_CLIENT_AGE_MIN_MS = 1_000;
/** How often a command of a Redis Cluster follows a slot to its new place. */
const REDIRECTIONS_MAX = 16;

export interface OmConnectionOptions {
  readonly address: RedisAddress;
  /** The name of the connection in `CLIENT LIST`. */
  readonly name: string;
  readonly log: Logger;
  readonly commandTimeoutMs?: number;
}

interface OmClient {
  readonly opening: Promise<RedisConnection>;
  /** Monotonic time in milliseconds. */
  readonly openedAt: number;
  /** Uses in progress: they may finish, on working nodes, before the client is closed. */
  uses: number;
  isGivenUp: boolean;
}

export class OmConnection {
  readonly #options: OmConnectionOptions;
  readonly #commandTimeoutMs: number;
  #client: OmClient | null = null;
  #closed = false;

  /** Use `connect`. */
  private constructor(options: OmConnectionOptions) {
    this.#options = options;
    this.#commandTimeoutMs = options.commandTimeoutMs ?? COMMAND_TIMEOUT_MS;
  }

  /** Resolves when the first client is ready. Errors: `store-unavailable`. */
  static async connect(options: OmConnectionOptions): Promise<OmConnection> {
    const connection = new OmConnection(options);
    try {
      await connection.#current().opening;
    } catch (error) {
      throw unavailable(error);
    }
    return connection;
  }

  /**
   * Writes the whole entity in one step; it expires after `lifetimeSeconds`. Errors:
   * `store-unavailable`, and then the entity may have been written.
   */
  async saveForAWhile<T extends Entity>(
    schema: Schema<T>,
    id: string,
    entity: T,
    lifetimeSeconds: number,
  ): Promise<void> {
    await this.#run(async (client) => {
      const repository = new Repository(schema, client);
      // Both commands are sent before either is answered.
      await Promise.all([repository.save(id, entity), repository.expire(id, lifetimeSeconds)]);
    });
  }

  /** In the order of the ids, null for a missing entity. Errors: `store-unavailable`. */
  fetch<T extends Entity>(schema: Schema<T>, ids: readonly string[]): Promise<(T | null)[]> {
    return this.#run(async (client) => {
      const entities = await new Repository(schema, client).fetch([...ids]);
      return entities.map((entity) => {
        // redis-om marks entities with symbols, and returns one without fields if none is stored.
        const fields = Object.entries(entity);
        return fields.length === 0 ? null : (Object.fromEntries(fields) as T);
      });
    });
  }

  /** Uses in progress fail. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true;
    const client = this.#client;
    this.#client = null;
    if (client !== null) await close(client);
  }

  async #run<T>(work: (client: RedisConnection) => Promise<T>): Promise<T> {
    try {
      try {
        return await this.#attempt(work);
      } catch (error) {
        if (!(error instanceof ClientClosedError)) throw error;
        // The client had lost its server before this use: no command was sent.
        return await this.#attempt(work);
      }
    } catch (error) {
      throw unavailable(error);
    }
  }

  async #attempt<T>(work: (client: RedisConnection) => Promise<T>): Promise<T> {
    if (this.#closed) throw new Error('the connection is closed');
    const client = this.#current();
    client.uses += 1;
    try {
      return await withDeadline(work(await client.opening), this.#commandTimeoutMs);
    } catch (error) {
      // An error answer, or an entity that cannot be read, is no failure of the client.
      const isAnswered = error instanceof ErrorReply || error instanceof RedisOmError;
      if (!isAnswered) this.#giveUp(client);
      throw error;
    } finally {
      client.uses -= 1;
      if (client.isGivenUp && client.uses === 0) {
        close(client).catch((error: unknown) => this.#logError(error));
      }
    }
  }

  #current(): OmClient {
    this.#client ??= {
      opening: this.#open(),
      openedAt: performance.now(),
      uses: 0,
      isGivenUp: false,
    };
    return this.#client;
  }

  #giveUp(client: OmClient): void {
    const ageMs = performance.now() - client.openedAt;
    if (this.#options.address.cluster && ageMs < CLUSTER_CLIENT_AGE_MIN_MS) return;
    client.isGivenUp = true;
    if (this.#client === client) this.#client = null;
  }

  async #open(): Promise<RedisConnection> {
    const client = createConnection(this.#options);
    client.on('error', (error: unknown) => this.#logError(error));
    try {
      await withDeadline<unknown>(client.connect(), CONNECT_TIMEOUT_MS);
    } catch (error) {
      await disconnect(client);
      throw error;
    }
    return client;
  }

  /** Every use fails by itself while Redis is away, so this is for the log only. */
  #logError(error: unknown): void {
    const { log, name } = this.#options;
    log.debug({ err: error, connection: name }, 'a Redis connection has failed');
  }
}

function createConnection({ address, name }: OmConnectionOptions): RedisConnection {
  const socket = { connectTimeout: CONNECT_TIMEOUT_MS, reconnectStrategy: false as const };
  const shared = {
    name,
    ...(address.username === undefined ? {} : { username: address.username }),
    ...(address.password === undefined ? {} : { password: address.password }),
    disableOfflineQueue: true,
    commandsQueueMaxLength: QUEUE_LENGTH_MAX,
    socket: address.tls === true ? { ...socket, tls: true as const } : socket,
  };
  if (!address.cluster) {
    return createClient({ ...shared, socket: { ...shared.socket, ...address.nodes[0]! } });
  }
  return createCluster({
    rootNodes: address.nodes.map((node) => ({ socket: { ...node } })),
    defaults: shared,
    // A node that is away must not prevent the use of the others.
    minimizeConnections: true,
    maxCommandRedirections: REDIRECTIONS_MAX,
  });
}

async function close({ opening }: OmClient): Promise<void> {
  let client: RedisConnection;
  try {
    client = await opening;
  } catch {
    return; // The waiting uses have the error, and there is no client to close.
  }
  await disconnect(client);
}

async function disconnect(client: RedisConnection): Promise<void> {
  try {
    await client.disconnect();
  } catch (error) {
    if (!(error instanceof ClientClosedError)) throw error;
  }
}

function withDeadline<T>(work: Promise<T>, milliseconds: number): Promise<T> {
  return pTimeout(work, { milliseconds, message: `no answer within ${milliseconds} ms` });
}
