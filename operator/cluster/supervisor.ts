// Runs a whole cluster on this machine: redis-server with deploy/redis.conf, nats-server, and the
// nodes, each as a process. The stop order loses nothing: nodes, NATS, Redis. The supervisor prints
// nothing; `view.ts` formats its state.

import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { SigningSecret } from '../../app/signing-secrets.ts';
import { type Config, loadConfig } from '../../composition/config.ts';
import { isOfCluster, isOfOneNode, lockDirectory } from '../../composition/data-directory.ts';
import { storeServerUrl } from '../../composition/server-url.ts';
import { makeFolder } from '../../storage/make-folder.ts';
import { freePort, isFree } from './free-port.ts';
import { storeSettings } from './settings-file.ts';
import { type ProcessState, SupervisedProcess } from './supervised-process.ts';

export interface ClusterSupervisorOptions {
  /** Holds all data, the secrets too. Created if it is missing. */
  readonly dataDirectory: string;
  readonly nodeCount: number;
  /** The port of the first node; each next node has the next port. 0: free ports. */
  readonly port: number;
  /** Further `LIVEDROPS_` variables for every node: secrets, limits, the log. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Further variables for one node, such as its roles. */
  readonly nodeEnvironment?: (nodeId: string) => Readonly<Record<string, string>>;
  /** Whether each node has a media process, all of them on one folder of blobs. */
  readonly media?: boolean;
  /** Receives one sentence for people for each event that nobody requested, such as a crash. */
  readonly report?: (text: string) => void;
  /** The node program, for tests of this class. */
  readonly nodeProgram?: { readonly program: string; readonly args: readonly string[] };
  /** Servers that somebody else runs, as in `LIVEDROPS_STORE` and `LIVEDROPS_NATS`. */
  readonly servers?: { readonly redisUrl: string; readonly natsUrl: string };
  /** Where a node runs. Default: on the loopback. */
  readonly nodePlace?: (nodeId: string) => NodePlace;
}

export interface NodePlace {
  /** The address that the node listens on. */
  readonly host: string;
  /** A program and arguments that run the node's own there, such as `ip netns exec NAME`. */
  readonly within: readonly string[];
}

export interface SupervisedNode {
  readonly nodeId: string;
  /** Null while the node does not run. */
  readonly pid: number | null;
  readonly url: string;
  /** Where operators find it: an address of their own where `LIVEDROPS_ADMIN_PORT` is given. */
  readonly operatorUrl: string;
  /** Where its media process listens; null where it has none. */
  readonly mediaUrl: string | null;
  readonly state: ProcessState;
  readonly restarts: number;
}

/** Null where nodes have no media process. */
interface NodePorts {
  readonly api: number;
  /** Null: operators have no port of their own. */
  readonly admin: number | null;
  readonly media: number | null;
}

export type ServerName = 'redis' | 'nats';

const HOST = '127.0.0.1';
const ON_LOOPBACK: NodePlace = { host: HOST, within: [] };
const REDIS_CONFIGURATION = fileURLToPath(new URL('../../deploy/redis.conf', import.meta.url));
const NODE_PROGRAM = {
  program: process.execPath,
  args: [fileURLToPath(new URL('../livedrops.ts', import.meta.url)), 'start'],
};
/** A node hands its shards over before it ends. Its own stop timeout is shorter than this. */
const NODE_STOP_TIMEOUT_MS = 35_000;
const SERVER_STOP_TIMEOUT_MS = 10_000;

const SECRET_VARIABLES = [
  'LIVEDROPS_AUTH_SECRET',
  'LIVEDROPS_AUTH_SECRET_FILE',
  'LIVEDROPS_AUTH_SECRETS_VERIFY',
  'LIVEDROPS_PAYMENT_SECRET',
  'LIVEDROPS_DETAILS_SECRET',
  'LIVEDROPS_PASS_SECRET',
];

/** The same for every node: any of them may check, sign or decrypt what another one made. */
interface NodeSecrets {
  readonly authFile: string | null;
  readonly payment: string;
  readonly details: string;
  readonly passes: string;
}

export class ClusterSupervisor {
  readonly #options: ClusterSupervisorOptions;
  readonly #directory: string;
  readonly #report: (text: string) => void;
  readonly #nodes = new Map<
    string,
    { readonly process: SupervisedProcess } & Pick<
      SupervisedNode,
      'url' | 'operatorUrl' | 'mediaUrl'
    >
  >();
  readonly #servers = new Map<ServerName, { readonly process: SupervisedProcess; port: number }>();
  /** Releases the lock of the data directory. Safe to repeat. */
  #unlock: () => void = () => undefined;
  #stopping: Promise<void> | null = null;
  /** Handles `exit`: no child may outlive this process. */
  readonly #killOnExit = (): void => {
    for (const process of this.#processes()) process.killOnExit();
  };

  constructor(options: ClusterSupervisorOptions) {
    this.#options = options;
    this.#directory = resolve(options.dataDirectory);
    this.#report = options.report ?? (() => undefined);
  }

  get nodes(): readonly SupervisedNode[] {
    return [...this.#nodes].map(([nodeId, { process, url, operatorUrl, mediaUrl }]) => {
      const { pid, state, restarts } = process;
      return { nodeId, pid, url, operatorUrl, mediaUrl, state, restarts };
    });
  }

  get redisUrl(): string {
    const port = this.#servers.get('redis')?.port ?? 0;
    return this.#options.servers?.redisUrl ?? `redis://${HOST}:${port}`;
  }
  get natsUrl(): string {
    const port = this.#servers.get('nats')?.port ?? 0;
    return this.#options.servers?.natsUrl ?? `nats://${HOST}:${port}`;
  }
  /** All nodes are on this machine, so they share a folder. */
  get archiveFolder(): string {
    return join(this.#directory, 'archive');
  }
  /** Sign tokens that every node accepts. Read anew, since a stored secret may be rotated. */
  authSecrets(): readonly SigningSecret[] {
    return this.#loadSecrets().authSecrets;
  }
  serverPid(name: ServerName): number | null {
    return this.#servers.get(name)?.process.pid ?? null;
  }

  /**
   * Resolves when every node is ready. Otherwise stops all processes and rejects; the message names
   * the cause: a port is taken, a server is not installed, the directory belongs to a single node,
   * or a process does not become ready. Errors: `directory-in-use`, since two Redis servers on one
   * directory would write one journal.
   */
  async start(): Promise<void> {
    const ports = await this.#nodePorts();
    makeFolder(join(this.#directory, 'logs'), 0o700);
    makeFolder(this.archiveFolder, 0o700);
    makeFolder(this.#exportsFolder, 0o700);
    if (this.#options.media === true) makeFolder(this.#blobsFolder, 0o700);
    this.#unlock = lockDirectory(this.#directory);
    process.on('exit', this.#killOnExit);
    try {
      if (isOfOneNode(this.#directory) && !isOfCluster(this.#directory))
        throw new Error(`${this.#directory} belongs to a single node: use npm start`);
      const { authSecretFile, paymentSecrets, detailsSecrets, passSecrets } = this.#loadSecrets();
      if (this.#options.servers === undefined) {
        await this.#startRedis();
        await this.#startNats();
      }
      this.#throwIfStopping();
      const secrets = {
        authFile: authSecretFile,
        payment: paymentSecrets.join(' '),
        details: detailsSecrets.join(' '),
        passes: passSecrets.join(' '),
      };
      for (const [index, own] of ports.entries()) this.#addNode(index, own, secrets);
      const given = { ...this.#folderSettings, ...this.#options.environment };
      const settings = { ...given, ...this.#sharedSettings(secrets) };
      storeSettings(this.#directory, { ...settings, LIVEDROPS_DATA: this.#directory });
      await Promise.all([...this.#nodes.values()].map(({ process }) => process.start()));
      storeServerUrl(this.#directory, this.nodes[0]!.operatorUrl);
    } catch (error) {
      await this.stop();
      // A stop that ran before the lock was taken has not released it.
      this.#unlock();
      throw error;
    }
  }

  /** Stops all processes in order. Safe to repeat: every call waits for the same stop. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  /** Returns false if the node does not run. A node that ends by the signal is restarted. */
  signal(nodeId: string, signal: NodeJS.Signals): boolean {
    return this.#node(nodeId).signal(signal);
  }

  /** Resolves when the node has ended. The supervisor restarts it a moment later. */
  async kill(nodeId: string, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    await this.#node(nodeId).kill(signal);
  }

  /**
   * Stops the node, by default in order. It stays stopped until `startNode`. Resolves to whether it
   * ended with exit code 0.
   */
  async stopNode(nodeId: string, signal: NodeJS.Signals = 'SIGTERM'): Promise<boolean> {
    return await this.#node(nodeId).stop(signal);
  }

  /** Resolves when the node is ready. */
  async startNode(nodeId: string): Promise<void> {
    await this.#node(nodeId).start();
  }

  /** Stops the node in order and starts it again. Resolves when it is ready. */
  async restart(nodeId: string): Promise<void> {
    await this.stopNode(nodeId);
    await this.startNode(nodeId);
  }

  async stopServer(name: ServerName, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await this.#server(name).stop(signal);
  }
  /** Starts the server on the same port with the same data. */
  async startServer(name: ServerName): Promise<void> {
    await this.#server(name).start();
  }

  async #stop(): Promise<void> {
    const nodes = [...this.#nodes.values()];
    await Promise.all(nodes.map(({ process }) => process.stop()));
    await this.#servers.get('nats')?.process.stop();
    await this.#servers.get('redis')?.process.stop();
    process.off('exit', this.#killOnExit);
    this.#unlock();
  }

  /**
   * A concurrent `stop` ended only the processes that existed then, so the start must not go on.
   */
  #throwIfStopping(): void {
    if (this.#stopping !== null) throw new Error('the cluster was stopped while it started');
  }

  /** Those of the media processes follow on those of the nodes. */
  async #nodePorts(): Promise<NodePorts[]> {
    const { nodeCount, port: first, media = false } = this.#options;
    const firstAdmin = this.#options.environment?.['LIVEDROPS_ADMIN_PORT'] ?? '';
    const free = async (index: number, what: string) => {
      if (first === 0) return await freePort();
      const port = first + index;
      if (await isFree(port)) return port;
      throw new Error(`port ${port} of ${what} is taken; --port sets another first port`);
    };
    const freeAdmin = async (index: number) => {
      if (firstAdmin === '') return null;
      return firstAdmin === '0' ? await freePort() : Number(firstAdmin) + index;
    };
    const ports: NodePorts[] = [];
    for (let i = 0; i < nodeCount; i++) {
      const name = `node-${i + 1}`;
      const api = await free(i, name);
      const admin = await freeAdmin(i);
      const ofMedia = media ? await free(nodeCount + i, `${name}'s media`) : null;
      ports.push({ api, admin, media: ofMedia });
    }
    return ports;
  }

  async #startRedis(): Promise<void> {
    const directory = join(this.#directory, 'redis');
    makeFolder(directory, 0o700);
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
    this.#throwIfStopping();
    const server = new SupervisedProcess({
      name: program,
      program,
      args: args(port),
      environment: {},
      ready,
      logFile: join(this.#directory, 'logs', `${name}.log`),
      stopTimeoutMs: SERVER_STOP_TIMEOUT_MS,
      report: this.#report,
    });
    this.#servers.set(name, { process: server, port });
    await server.start();
  }

  get #exportsFolder(): string {
    return join(this.#directory, 'exports');
  }

  get #blobsFolder(): string {
    return join(this.#directory, 'blobs');
  }

  #addNode(index: number, ports: NodePorts, secrets: NodeSecrets): void {
    const nodeId = `node-${index + 1}`;
    const dataDirectory = join(this.#directory, nodeId);
    const { host, within } = this.#options.nodePlace?.(nodeId) ?? ON_LOOPBACK;
    const { program: nodeProgram, args: nodeArgs } = this.#options.nodeProgram ?? NODE_PROGRAM;
    const [program = nodeProgram, ...args] = [...within, nodeProgram, ...nodeArgs];
    const node = new SupervisedProcess({
      name: nodeId,
      program,
      args,
      environment: {
        LIVEDROPS_LOG: 'warn',
        // Its nodes share the cores of the machine.
        LIVEDROPS_THREADS: '1',
        ...this.#folderSettings,
        ...this.#options.environment,
        ...this.#options.nodeEnvironment?.(nodeId),
        LIVEDROPS_HOST: host,
        LIVEDROPS_PORT: String(ports.api),
        ...(ports.admin !== null && { LIVEDROPS_ADMIN_PORT: String(ports.admin) }),
        ...(ports.media !== null && { LIVEDROPS_MEDIA_PORT: String(ports.media) }),
        LIVEDROPS_DATA: dataDirectory,
        LIVEDROPS_NODE_ID: nodeId,
        ...this.#sharedSettings(secrets),
      },
      ready: /LiveDrops ready on /,
      logFile: join(this.#directory, 'logs', `${nodeId}.log`),
      stopTimeoutMs: NODE_STOP_TIMEOUT_MS,
      report: this.#report,
    });
    const urlOf = (port: number) => `http://${host}:${port}`;
    const url = urlOf(ports.api);
    const adminHost = this.#options.environment?.['LIVEDROPS_ADMIN_HOST'] ?? HOST;
    const operatorUrl = ports.admin === null ? url : `http://${adminHost}:${ports.admin}`;
    const mediaUrl = ports.media === null ? null : urlOf(ports.media);
    this.#nodes.set(nodeId, { process: node, url, operatorUrl, mediaUrl });
  }

  /** All nodes are on this machine, so they share folders. Settings that are given win. */
  get #folderSettings(): Record<string, string> {
    return {
      LIVEDROPS_ARCHIVE: this.archiveFolder,
      LIVEDROPS_EXPORTS: this.#exportsFolder,
      ...(this.#options.media === true && { LIVEDROPS_BLOBS: `file:${this.#blobsFolder}` }),
    };
  }

  #sharedSettings({ authFile, payment, details, passes }: NodeSecrets): Record<string, string> {
    return {
      LIVEDROPS_STORE: this.redisUrl,
      LIVEDROPS_NATS: this.natsUrl,
      ...(authFile !== null && { LIVEDROPS_AUTH_SECRET_FILE: authFile }),
      LIVEDROPS_PAYMENT_SECRET: payment,
      LIVEDROPS_DETAILS_SECRET: details,
      LIVEDROPS_PASS_SECRET: passes,
    };
  }

  /** Makes those that are neither given nor stored. */
  #loadSecrets(): Config {
    const environment = this.#options.environment ?? {};
    const given = SECRET_VARIABLES.map((name) => [name, environment[name]]);
    return loadConfig({ ...Object.fromEntries(given), LIVEDROPS_DATA: this.#directory });
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
