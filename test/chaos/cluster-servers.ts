// A whole cluster for the chaos test in a temporary directory, and the methods to kill, pause, stop
// and start each of its processes, to cut nodes off and to set their clocks. Redis and NATS are one
// server each, from the supervisor, or three masters of a Redis Cluster and three nats-servers.

import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { OperatorApi } from '../../operator/api-client.ts';
import { ClusterSupervisor } from '../../operator/cluster/supervisor.ts';
import { AccessTokens } from '../../app/access-tokens.ts';
import { ReachedLevel } from '../../storage/ports/feature-level.ts';
import { openRedisStores } from '../../storage/redis/stores.ts';
import { makeNamespaces, type Namespaces } from '../cluster/namespaces.ts';
import { lastLines } from './evidence.ts';
import { pause } from './final-state.ts';
import { clocksCanBeSet, NodeClocks } from '../cluster/node-clocks.ts';
import { type FaultyServer, StoreServers, supervisedServer } from './store-servers.ts';
import type { Random } from './random.ts';
import { readTruth, type Truth } from './truth.ts';

const SECRET_BYTES = 32;
const TOKEN_LIFETIME_SECONDS = 24 * 60 * 60;
/** Shorter than the API client's default, so that a hanging node is noticed soon. */
const OPERATOR_TIMEOUT_MS = 4_000;
const START_ATTEMPTS_MAX = 60;
const START_DELAY_MS = 250;

export interface ClusterServersOptions {
  readonly nodes: number;
  /** Three masters and three nats-servers instead of one of each. */
  readonly redisCluster: boolean;
  /** Whether the masters that are there serve nothing while one is away. */
  readonly fullCoverage: boolean;
  /** Threads of each node that serve clients; 1 unless given. */
  readonly threads?: number;
}

/** What a node is cut off from. */
export type CutFrom = 'redis' | 'one-master' | 'nats' | 'one-nats' | 'everything';

export class ClusterServers {
  readonly authSecret = randomBytes(SECRET_BYTES).toString('base64url');
  readonly paymentSecret = `whsec_${randomBytes(SECRET_BYTES).toString('base64')}`;
  readonly #directory = mkdtempSync(join(tmpdir(), 'livedrops-cluster-chaos-'));
  readonly #supervisor: ClusterSupervisor;
  readonly #operatorToken: string;
  readonly #paused = new Set<string>();
  readonly #namespaces: Namespaces | null;
  readonly #clocks: NodeClocks | null;
  readonly #stores: StoreServers | null;
  readonly #removeOnExit = (): void => this.#remove();

  private constructor(
    options: ClusterServersOptions,
    stores: StoreServers | null,
    namespaces: Namespaces | null,
  ) {
    this.#stores = stores;
    this.#namespaces = namespaces;
    this.#operatorToken = new AccessTokens({ secret: this.authSecret }).sign({
      userId: 'chaos',
      roles: ['operator'],
      lifetimeSeconds: TOKEN_LIFETIME_SECONDS,
    });
    const clocks = clocksCanBeSet() ? new NodeClocks({ directory: this.#directory }) : null;
    this.#clocks = clocks;
    this.#supervisor = new ClusterSupervisor({
      dataDirectory: this.#directory,
      nodeCount: options.nodes,
      port: 0,
      environment: {
        LIVEDROPS_RATE_LIMITS: 'off',
        LIVEDROPS_ROLES: 'gateway,actors,services',
        LIVEDROPS_THREADS: String(options.threads ?? 1),
        LIVEDROPS_AUTH_SECRET: this.authSecret,
        LIVEDROPS_PAYMENT_SECRET: this.paymentSecret,
      },
      ...(clocks !== null && { nodeEnvironment: (nodeId) => clocks.environmentOf(nodeId) }),
      ...(stores !== null && { servers: stores }),
      ...(namespaces !== null && {
        nodePlace: (nodeId) => {
          const index = indexOf(nodeId);
          return { host: namespaces.node(index), within: namespaces.within(index) };
        },
      }),
    });
  }

  /** Resolves when every node is ready. */
  static async start(options: ClusterServersOptions): Promise<ClusterServers> {
    const namespaces = options.redisCluster ? makeNamespaces(options.nodes) : null;
    let servers: ClusterServers | null = null;
    try {
      const { fullCoverage, redisCluster } = options;
      const stores = redisCluster ? await StoreServers.start({ namespaces, fullCoverage }) : null;
      servers = new ClusterServers(options, stores, namespaces);
      await servers.#supervisor.start();
      // The supervisor's own listener, which is called first, ends the processes.
      process.on('exit', servers.#removeOnExit);
    } catch (error) {
      if (servers === null) namespaces?.remove();
      await servers?.stop();
      throw error;
    }
    return servers;
  }

  /** Whether `cut` works here: only in network namespaces. */
  get canCut(): boolean {
    return this.#namespaces !== null;
  }
  /** Whether `setClock` works here: only where libfaketime is installed. */
  get canSetClocks(): boolean {
    return this.#clocks !== null;
  }
  /** The servers of a kind. */
  servers(kind: 'redis' | 'nats'): readonly FaultyServer[] {
    return this.#stores?.[kind] ?? [supervisedServer(this.#supervisor, kind)];
  }

  get nodeIds(): readonly string[] {
    return this.#supervisor.nodes.map(({ nodeId }) => nodeId);
  }
  get urls(): readonly string[] {
    return this.#supervisor.nodes.map(({ url }) => url);
  }

  /** A client of the operator API at a node that is running. */
  operator(): OperatorApi {
    const { nodes } = this.#supervisor;
    const answering = nodes.find(
      ({ nodeId, state }) => state === 'running' && !this.#paused.has(nodeId),
    );
    const token = this.#operatorToken;
    const { url } = answering ?? nodes[0]!;
    return new OperatorApi({ url, token: () => token, timeoutMs: OPERATOR_TIMEOUT_MS });
  }

  /** Sends SIGKILL before it returns. The node stays down until `startNode`. */
  async killNode(nodeId: string): Promise<void> {
    await this.#supervisor.kill(nodeId);
    await this.stopNode(nodeId);
  }

  async stopNode(nodeId: string): Promise<void> {
    await this.#supervisor.stopNode(nodeId);
  }

  /** Retries until the node is ready, since Redis or NATS may be down. */
  async startNode(nodeId: string): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#supervisor.startNode(nodeId);
        return;
      } catch (error) {
        if (attempt === START_ATTEMPTS_MAX) throw error;
        await pause(START_DELAY_MS);
      }
    }
  }

  pauseNode(nodeId: string): void {
    this.#paused.add(nodeId);
    this.#supervisor.signal(nodeId, 'SIGSTOP');
  }
  continueNode(nodeId: string): void {
    this.#paused.delete(nodeId);
    this.#supervisor.signal(nodeId, 'SIGCONT');
  }

  /** Drops all packets between the node and the servers, until `mend`. */
  cut(nodeId: string, from: CutFrom, random: Random): void {
    const { redis, nats } = this.#namespaces!;
    const addresses: Record<CutFrom, readonly string[]> = {
      redis,
      'one-master': [random.pick(redis)!],
      nats,
      'one-nats': [random.pick(nats)!],
      everything: [...redis, ...nats],
    };
    this.#namespaces!.cut(indexOf(nodeId), addresses[from]);
  }
  mend(nodeId: string): void {
    this.#namespaces!.mend(indexOf(nodeId));
  }

  /** Sets the wall clock of the node's process alone. It sees it within a second. */
  setClock(nodeId: string, aheadMs: number): void {
    this.#clocks!.set(nodeId, aheadMs);
  }

  /** Reads the journals. No node may write during the read. */
  async readTruth(): Promise<Truth> {
    const { hostname: host, port } = new URL(this.#supervisor.redisUrl.split(',', 1)[0]!);
    const stores = await openRedisStores({
      address: this.#stores?.redisAddress ?? {
        nodes: [{ host, port: Number(port) }],
        cluster: false,
      },
      name: 'chaos',
      replicas: 0,
      acceptWeak: false,
      levels: new ReachedLevel(0),
      now: () => Date.now(),
      log: pino({ level: 'silent' }),
    });
    try {
      return await readTruth(stores.journal);
    } finally {
      await stores.close();
    }
  }

  /** The last lines of each log, for the diagnosis of a failure. */
  logs(): string[] {
    const folder = join(this.#directory, 'logs');
    return readdirSync(folder).flatMap((file) => lastLines(file, join(folder, file)));
  }

  /** Stops all processes and removes the directory. */
  async stop(): Promise<void> {
    await this.#supervisor.stop();
    await this.#stores?.stop();
    process.off('exit', this.#removeOnExit);
    this.#remove();
  }

  #remove(): void {
    rmSync(this.#directory, { recursive: true, force: true });
    this.#stores?.removeFiles();
    this.#namespaces?.remove();
  }
}

/** `node-1` is 0. */
function indexOf(nodeId: string): number {
  return Number(nodeId.replace('node-', '')) - 1;
}
