// The servers behind a cluster under test, each of which can be killed, stopped and paused by
// itself: three masters of a Redis Cluster without replicas, and three nats-servers with routes.

import { rmSync } from 'node:fs';
import type { ClusterSupervisor, ServerName } from '../../operator/cluster/supervisor.ts';
import type { RedisAddress } from '../../storage/redis/connection/connection.ts';
import type { Namespaces } from '../cluster/namespaces.ts';
import type { DisturbedServer } from '../servers/child-server.ts';
import { NatsClusterServers } from '../servers/nats-server.ts';
import { RedisClusterServers } from '../servers/redis-server.ts';

export interface FaultyServer {
  readonly name: string;
  stop(signal: NodeJS.Signals): Promise<void>;
  /** Starts the server on the same port with its stored data. */
  start(): Promise<void>;
  pause(): void;
  continue(): void;
}

const NATS_SERVERS = 3;
const LOOPBACK = '127.0.0.1';

export class StoreServers {
  readonly redis: readonly FaultyServer[];
  readonly nats: readonly FaultyServer[];
  readonly #redis: RedisClusterServers;
  readonly #nats: NatsClusterServers;

  private constructor(redis: RedisClusterServers, nats: NatsClusterServers) {
    this.#redis = redis;
    this.#nats = nats;
    this.redis = redis.nodes.map((server, i) => faulty(`redis-${i + 1}`, server));
    this.nats = nats.servers.map((server, i) => faulty(`nats-${i + 1}`, server));
  }

  static async start(options: {
    /** Addresses for the servers. Null: all are on the loopback. */
    readonly namespaces: Namespaces | null;
    readonly fullCoverage: boolean;
  }): Promise<StoreServers> {
    const { namespaces, fullCoverage } = options;
    const redis = await RedisClusterServers.start({
      settings: { 'cluster-require-full-coverage': fullCoverage ? 'yes' : 'no' },
      ...(namespaces !== null && { hosts: namespaces.redis }),
    });
    const natsHosts = namespaces?.nats ?? new Array<string>(NATS_SERVERS).fill(LOOPBACK);
    try {
      return new StoreServers(redis, await NatsClusterServers.start(natsHosts));
    } catch (error) {
      await redis.stop();
      throw error;
    }
  }

  get redisUrl(): string {
    return this.#redis.url;
  }
  get redisAddress(): RedisAddress {
    return this.#redis.address;
  }
  get natsUrl(): string {
    return this.#nats.url;
  }

  async stop(): Promise<void> {
    await Promise.all([this.#redis.stop(), this.#nats.stop()]);
  }

  /** Synchronous, for the `exit` event of this process, with which the servers end. */
  removeFiles(): void {
    for (const { directory } of this.#redis.nodes) {
      rmSync(directory, { recursive: true, force: true });
    }
  }
}

function faulty(name: string, server: DisturbedServer): FaultyServer {
  return {
    name,
    stop: (signal) => server.halt(signal),
    start: () => server.resume(),
    pause: () => server.signal('SIGSTOP'),
    continue: () => server.signal('SIGCONT'),
  };
}

/** The only server of its kind, which the supervisor runs. */
export function supervisedServer(supervisor: ClusterSupervisor, name: ServerName): FaultyServer {
  const signal = (which: NodeJS.Signals): void => {
    const pid = supervisor.serverPid(name);
    if (pid !== null) process.kill(pid, which);
  };
  return {
    name,
    stop: (which) => supervisor.stopServer(name, which),
    start: () => supervisor.startServer(name),
    pause: () => signal('SIGSTOP'),
    continue: () => signal('SIGCONT'),
  };
}
