// A real redis-server with LiveDrops' settings (append-only file, fsync always, no eviction), or a
// real Redis Cluster of three nodes, in temporary directories.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import type { RedisAddress } from '../../storage/redis/connection/connection.ts';
import { canListen, ChildServer, DisturbedServer, findProgram, freePort } from './child-server.ts';

export const redisInstalled = findProgram('redis-server') !== null;

const SLOTS = 16_384;
const CLUSTER_NODES = 3;
const CLUSTER_READY_TIMEOUT_MS = 60_000;
const CLUSTER_POLL_INTERVAL_MS = 50;
/** The bus port of a Redis Cluster node is its port plus this. */
const CLUSTER_BUS_OFFSET = 10_000;

export interface RedisServerOptions {
  /** Settings that replace or extend the usual ones, such as `{appendonly: 'no'}`. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Default: a free port. */
  readonly port?: number;
  /** An address of this machine to listen on. Default: the loopback's. */
  readonly host?: string;
}

const LOOPBACK = '127.0.0.1';

export class RedisServer extends DisturbedServer {
  readonly directory: string;

  private constructor(host: string, port: number, directory: string, child: ChildServer) {
    super(host, port, child);
    this.directory = directory;
  }

  static async start(options: RedisServerOptions = {}): Promise<RedisServer> {
    const port = options.port ?? (await freePort());
    const directory = mkdtempSync(join(tmpdir(), 'livedrops-redis-'));
    const host = options.host ?? LOOPBACK;
    const settings = {
      port: String(port),
      bind: host,
      // Outside the loopback Redis would accept no connections without a password.
      'protected-mode': 'no',
      dir: directory,
      save: '',
      appendonly: 'yes',
      appendfsync: 'always',
      'maxmemory-policy': 'noeviction',
      ...options.settings,
    };
    const child = new ChildServer({
      command: 'redis-server',
      args: Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]),
      ready: /Ready to accept connections/,
    });
    const server = new RedisServer(host, port, directory, child);
    await server.resume();
    return server;
  }

  get address(): RedisAddress {
    return { nodes: [{ host: this.host, port: this.port }], cluster: false };
  }
  get url(): string {
    return `redis://${this.host}:${this.port}`;
  }

  override async stop(): Promise<void> {
    await super.stop();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

export interface RedisClusterOptions {
  /** Settings that replace or extend the usual ones. */
  readonly settings?: Readonly<Record<string, string>>;
  /** An address of this machine for each of the three masters. */
  readonly hosts?: readonly string[];
}

export class RedisClusterServers {
  readonly nodes: readonly RedisServer[];

  private constructor(nodes: readonly RedisServer[]) {
    this.nodes = nodes;
  }

  /** Resolves when all slots are served. The masters' hosts are the loopback's by default. */
  static async start(options: RedisClusterOptions = {}): Promise<RedisClusterServers> {
    const nodes: RedisServer[] = [];
    const { hosts = new Array<string>(CLUSTER_NODES).fill(LOOPBACK) } = options;
    const settings = {
      'cluster-enabled': 'yes',
      'cluster-node-timeout': '2000',
      ...options.settings,
    };
    for (const host of hosts) {
      const port = await freeClusterPort();
      // Between two addresses of one machine the peer's address of a connection says nothing.
      const announced = { ...settings, 'cluster-announce-ip': host };
      nodes.push(await RedisServer.start({ host, port, settings: announced }));
    }
    const servers = new RedisClusterServers(nodes);
    const clients = nodes.map(({ host, port }) => new Redis({ host, port }));
    try {
      for (const [i, client] of clients.entries()) {
        const first = Math.ceil((SLOTS * i) / CLUSTER_NODES);
        const last = Math.ceil((SLOTS * (i + 1)) / CLUSTER_NODES) - 1;
        await client.call('CLUSTER', 'ADDSLOTSRANGE', first, last);
        await client.call('CLUSTER', 'SET-CONFIG-EPOCH', i + 1);
        if (i > 0) await client.call('CLUSTER', 'MEET', nodes[0]!.host, nodes[0]!.port);
      }
      await agreed(clients);
    } catch (error) {
      await servers.stop();
      throw error;
    } finally {
      for (const client of clients) client.disconnect();
    }
    return servers;
  }

  get address(): RedisAddress {
    return { nodes: this.nodes.flatMap((node) => node.address.nodes), cluster: true };
  }
  get url(): string {
    return `redis-cluster://${this.nodes.map(({ host, port }) => `${host}:${port}`).join(',')}`;
  }

  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.stop()));
  }
}

async function agreed(clients: readonly Redis[]): Promise<void> {
  const deadline = Date.now() + CLUSTER_READY_TIMEOUT_MS;
  for (;;) {
    const states = await Promise.all(clients.map((client) => client.call('CLUSTER', 'INFO')));
    const ready = states.every(
      (state) =>
        String(state).includes('cluster_state:ok') &&
        String(state).includes(`cluster_known_nodes:${CLUSTER_NODES}`),
    );
    if (ready) return;
    if (Date.now() > deadline) throw new Error('the Redis Cluster did not come together');
    await delay(CLUSTER_POLL_INTERVAL_MS);
  }
}

async function freeClusterPort(): Promise<number> {
  for (;;) {
    const port = await freePort();
    if (await canListen(port + CLUSTER_BUS_OFFSET)) return port;
  }
}
