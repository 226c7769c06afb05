// A whole cluster on this machine: redis-server with our own configuration file, nats-server, and
// nodes, each a process of its own, ended in the order in which nothing is lost: nodes, NATS, Redis.
// It shows nothing: that is `view.ts`.

import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadConfig } from '../../composition/config.ts';
import { isOfCluster, isOfOneNode, lockDirectory } from '../../composition/data-directory.ts';
import { keepServerUrl } from '../../composition/server-url.ts';
import { freePort, isFree } from './free-port.ts';
import { type ProcessState, SupervisedProcess } from './supervised-process.ts';

export interface ClusterSupervisorOptions {
  /** Everything is kept below it, the secrets too. Made where it is missing. */
  readonly dataDirectory: string;
  readonly nodeCount: number;
  /** Of the first node, the others follow; 0: free ones. */
  readonly port: number;
  /** Further `LIVEDROPS_` variables for every node: secrets, limits, the log. */
  readonly environment?: Readonly<Record<string, string>>;
  /** The same for one node, such as its roles. */
  readonly nodeEnvironment?: (nodeId: string) => Readonly<Record<string, string>>;
  /** One sentence for people, whenever something happened that was not asked for. */
  readonly tell?: (text: string) => void;
  /** The node program, for tests of this class. */
  readonly nodeProgram?: { readonly program: string; readonly args: readonly string[] };
}

export interface SupervisedNode {
  readonly nodeId: string;
  /** Null while it does not run. */
  readonly pid: number | null;
  readonly url: string;
  readonly state: ProcessState;
  readonly restarts: number;
}

export type ServerName = 'redis' | 'nats';

const HOST = '127.0.0.1';
const REDIS_CONFIGURATION = fileURLToPath(new URL('../../deploy/redis.conf', import.meta.url));
const NODE_PROGRAM = {
  program: process.execPath,
  args: [fileURLToPath(new URL('../livedrops.ts', import.meta.url)), 'start'],
};
/** A node hands its shards over before it ends, and gives up by itself before this. */
const NODE_STOP_TIMEOUT_MS = 35_000;
const SERVER_STOP_TIMEOUT_MS = 10_000;

export class ClusterSupervisor {
  readonly #options: ClusterSupervisorOptions;
  readonly #directory: string;
  readonly #tell: (text: string) => void;
  readonly #nodes = new Map<
    string,
    { readonly process: SupervisedProcess; readonly url: string }
  >();
  readonly #servers = new Map<ServerName, { readonly process: SupervisedProcess; port: number }>();
  #authSecret = '';
  /** Gives the data directory free; harmless when repeated. */
  #unlock: () => void = () => undefined;
  #stopping: Promise<void> | null = null;
  /** However this process ends, nothing is left behind. */
  readonly #abandon = (): void => {
    for (const process of this.#processes()) process.abandon();
  };

  constructor(options: ClusterSupervisorOptions) {
    this.#options = options;
    this.#directory = resolve(options.dataDirectory);
    this.#tell = options.tell ?? (() => undefined);
  }

  get nodes(): readonly SupervisedNode[] {
    return [...this.#nodes].map(
      ([
        nodeId,
        {
          process: { pid, state, restarts },
          url,
        },
      ]) => ({
        nodeId,
        pid,
        url,
        state,
        restarts,
      }),
    );
  }

  get redisUrl(): string {
    return `redis://${HOST}:${this.#servers.get('redis')?.port ?? 0}`;
  }
  get natsUrl(): string {
    return `nats://${HOST}:${this.#servers.get('nats')?.port ?? 0}`;
  }
  /** Signs tokens that every node takes. */
  get authSecret(): string {
    return this.#authSecret;
  }
  serverPid(name: ServerName): number | null {
    return this.#servers.get(name)?.process.pid ?? null;
  }

  /**
   * Resolves when every node is ready. Rejects, with nothing left running, where a port is taken, a
   * server is not installed, the directory is that of a node alone, or something does not become
   * ready: the message says which and why.
   * Errors: `directory-in-use`, since two Redis on one directory would write into one journal.
   */
  async start(): Promise<void> {
    const ports = await this.#nodePorts();
    mkdirSync(join(this.#directory, 'logs'), { recursive: true, mode: 0o700 });
    this.#unlock = lockDirectory(this.#directory);
    process.on('exit', this.#abandon);
    try {
      if (isOfOneNode(this.#directory) && !isOfCluster(this.#directory))
        throw new Error(`${this.#directory} belongs to one node alone: use npm start`);
      const given = this.#options.environment ?? {};
      const { authSecret, paymentSecrets } = loadConfig({
        LIVEDROPS_AUTH_SECRET: given['LIVEDROPS_AUTH_SECRET'],
        LIVEDROPS_PAYMENT_SECRET: given['LIVEDROPS_PAYMENT_SECRET'],
        LIVEDROPS_DATA: this.#directory,
      });
      this.#authSecret = authSecret;
      await this.#startRedis();
      await this.#startNats();
      this.#checkWanted();
      const secrets = { auth: authSecret, payment: paymentSecrets.join(' ') };
      for (const [index, port] of ports.entries()) this.#addNode(index, port, secrets);
      await Promise.all([...this.#nodes.values()].map(({ process }) => process.start()));
      keepServerUrl(this.#directory, this.nodes[0]!.url);
    } catch (error) {
      await this.stop();
      // A stop that came before the lock was taken has not given it free.
      this.#unlock();
      throw error;
    }
  }

  /** Ends everything in order. Harmless when repeated: all wait for the same end. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  /** False where the node does not run. What ends by it is started again. */
  signal(nodeId: string, signal: NodeJS.Signals): boolean {
    return this.#node(nodeId).signal(signal);
  }

  /** Resolves when the node is gone; it is started again a moment later. */
  async kill(nodeId: string, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    await this.#node(nodeId).kill(signal);
  }

  /** Ends the node, in good order unless told otherwise; it stays ended until `startNode`. */
  async stopNode(nodeId: string, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await this.#node(nodeId).stop(signal);
  }

  /** Resolves when it is ready. */
  async startNode(nodeId: string): Promise<void> {
    await this.#node(nodeId).start();
  }

  /** Ends the node in good order and starts it again; resolves when it is ready. */
  async restart(nodeId: string): Promise<void> {
    await this.stopNode(nodeId);
    await this.startNode(nodeId);
  }

  signalServer(name: ServerName, signal: NodeJS.Signals): boolean {
    return this.#server(name).signal(signal);
  }
  async stopServer(name: ServerName, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await this.#server(name).stop(signal);
  }
  /** On the port it had, with what it kept. */
  async startServer(name: ServerName): Promise<void> {
    await this.#server(name).start();
  }

  async #stop(): Promise<void> {
    const nodes = [...this.#nodes.values()];
    await Promise.all(nodes.map(({ process }) => process.stop()));
    await this.#servers.get('nats')?.process.stop();
    await this.#servers.get('redis')?.process.stop();
    process.off('exit', this.#abandon);
    this.#unlock();
  }

  /** A stop that came meanwhile has ended only what there was then. */
  #checkWanted(): void {
    if (this.#stopping !== null) throw new Error('the cluster was stopped while it started');
  }

  async #nodePorts(): Promise<number[]> {
    const { nodeCount, port: first } = this.#options;
    const ports: number[] = [];
    for (let i = 0; i < nodeCount; i++) {
      const port = first === 0 ? await freePort() : first + i;
      if (first !== 0 && !(await isFree(port)))
        throw new Error(`port ${port} of node-${i + 1} is taken; --port names another first one`);
      ports.push(port);
    }
    return ports;
  }

  async #startRedis(): Promise<void> {
    const directory = join(this.#directory, 'redis');
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    await this.#startServer('redis', 'redis-server', /Ready to accept connections/, (port) => [
      REDIS_CONFIGURATION,
      '--bind',
      HOST,
      '--port',
      String(port),
      '--dir',
      directory,
    ]);
  }

  async #startNats(): Promise<void> {
    await this.#startServer('nats', 'nats-server', /Server is ready/, (port) => [
      '--addr',
      HOST,
      '--port',
      String(port),
    ]);
  }

  async #startServer(
    name: ServerName,
    program: string,
    ready: RegExp,
    args: (port: number) => string[],
  ): Promise<void> {
    const port = await freePort();
    this.#checkWanted();
    const server = new SupervisedProcess({
      name: program,
      program,
      args: args(port),
      environment: {},
      ready,
      logFile: join(this.#directory, 'logs', `${name}.log`),
      stopTimeoutMs: SERVER_STOP_TIMEOUT_MS,
      tell: this.#tell,
    });
    this.#servers.set(name, { process: server, port });
    await server.start();
  }

  #addNode(index: number, port: number, secrets: { auth: string; payment: string }): void {
    const nodeId = `node-${index + 1}`;
    const dataDirectory = join(this.#directory, nodeId);
    const node = new SupervisedProcess({
      name: nodeId,
      ...(this.#options.nodeProgram ?? NODE_PROGRAM),
      environment: {
        LIVEDROPS_LOG: 'warn',
        ...this.#options.environment,
        ...this.#options.nodeEnvironment?.(nodeId),
        LIVEDROPS_HOST: HOST,
        LIVEDROPS_PORT: String(port),
        LIVEDROPS_DATA: dataDirectory,
        LIVEDROPS_STORE: this.redisUrl,
        LIVEDROPS_NATS: this.natsUrl,
        LIVEDROPS_NODE_ID: nodeId,
        LIVEDROPS_AUTH_SECRET: secrets.auth,
        LIVEDROPS_PAYMENT_SECRET: secrets.payment,
      },
      ready: /LiveDrops ready on /,
      logFile: join(this.#directory, 'logs', `${nodeId}.log`),
      stopTimeoutMs: NODE_STOP_TIMEOUT_MS,
      tell: this.#tell,
    });
    this.#nodes.set(nodeId, { process: node, url: `http://${HOST}:${port}` });
  }

  #node(nodeId: string): SupervisedProcess {
    const node = this.#nodes.get(nodeId);
    if (node === undefined) throw new Error(`there is no ${nodeId}`);
    return node.process;
  }

  #server(name: ServerName): SupervisedProcess {
    const server = this.#servers.get(name);
    if (server === undefined) throw new Error(`${name} was not started`);
    return server.process;
  }

  *#processes(): Generator<SupervisedProcess> {
    for (const { process } of this.#nodes.values()) yield process;
    for (const { process } of this.#servers.values()) yield process;
  }
}
