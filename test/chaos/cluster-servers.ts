// A whole cluster for the chaos test: the supervisor's redis-server, nats-server and nodes in a
// temporary directory, and the methods to kill, pause, stop and start each of them.

import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { OperatorApi } from '../../operator/api-client.ts';
import { ClusterSupervisor, type ServerName } from '../../operator/cluster/supervisor.ts';
import { AccessTokens } from '../../app/access-tokens.ts';
import { ReachedLevel } from '../../storage/ports/feature-level.ts';
import { openRedisStores } from '../../storage/redis/stores.ts';
import { pause } from './final-state.ts';
import { readTruth, type Truth } from './truth.ts';

const SECRET_BYTES = 32;
const TOKEN_LIFETIME_SECONDS = 24 * 60 * 60;
/** Shorter than the API client's default, so that a hanging node is noticed soon. */
const OPERATOR_TIMEOUT_MS = 4_000;
const START_ATTEMPTS_MAX = 60;
const START_DELAY_MS = 250;
const LOG_LINES_SHOWN = 60;

export class ClusterServers {
  readonly authSecret = randomBytes(SECRET_BYTES).toString('base64url');
  readonly paymentSecret = `whsec_${randomBytes(SECRET_BYTES).toString('base64')}`;
  readonly #directory = mkdtempSync(join(tmpdir(), 'livedrops-cluster-chaos-'));
  readonly #supervisor: ClusterSupervisor;
  readonly #operatorToken: string;
  readonly #paused = new Set<string>();

  private constructor(nodeCount: number) {
    this.#operatorToken = new AccessTokens({ secret: this.authSecret }).sign({
      userId: 'chaos',
      roles: ['operator'],
      lifetimeSeconds: TOKEN_LIFETIME_SECONDS,
    });
    this.#supervisor = new ClusterSupervisor({
      dataDirectory: this.#directory,
      nodeCount,
      port: 0,
      environment: {
        LIVEDROPS_RATE_LIMITS: 'off',
        LIVEDROPS_AUTH_SECRET: this.authSecret,
        LIVEDROPS_PAYMENT_SECRET: this.paymentSecret,
      },
    });
  }

  /** Resolves when every node is ready. */
  static async start(nodeCount: number): Promise<ClusterServers> {
    const servers = new ClusterServers(nodeCount);
    try {
      await servers.#supervisor.start();
    } catch (error) {
      await servers.stop();
      throw error;
    }
    return servers;
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

  async stopServer(name: ServerName, signal: NodeJS.Signals): Promise<void> {
    await this.#supervisor.stopServer(name, signal);
  }
  /** Starts the server with its stored data. */
  async startServer(name: ServerName): Promise<void> {
    await this.#supervisor.startServer(name);
  }

  /** Reads the journals. No node may write during the read. */
  async readTruth(): Promise<Truth> {
    const { hostname: host, port } = new URL(this.#supervisor.redisUrl);
    const stores = await openRedisStores({
      address: { nodes: [{ host, port: Number(port) }], cluster: false },
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
    return readdirSync(folder).flatMap((file) => {
      const lines = readFileSync(join(folder, file), 'utf8').trimEnd().split('\n');
      return lines.slice(-LOG_LINES_SHOWN).map((line) => `${file}: ${line}`);
    });
  }

  /** Stops all processes and removes the directory. */
  async stop(): Promise<void> {
    await this.#supervisor.stop();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
