// The demo's cluster: redis-server, nats-server and some nodes, each a process of this machine.

import { join } from 'node:path';
import { loadConfig } from '../../composition/config.ts';
import { ClusterSupervisor } from '../cluster/supervisor.ts';
import {
  type DemoServer,
  journalOrders,
  type StoppedServer,
  verifyFindings,
} from './demo-server.ts';

export class ClusterServer implements DemoServer {
  readonly name: string;
  readonly #dataDirectory: string;
  readonly #environment: Readonly<Record<string, string>>;
  readonly #supervisor: ClusterSupervisor;
  /** Of a process that did what nobody asked for. */
  readonly #reports: string[] = [];

  constructor(options: {
    readonly dataDirectory: string;
    readonly nodes: number;
    /** Further `LIVEDROPS_` variables of every node. */
    readonly environment: Readonly<Record<string, string>>;
  }) {
    const { dataDirectory, nodes, environment } = options;
    this.name = `LiveDrops, ${nodes} nodes on Redis and NATS,`;
    this.#dataDirectory = dataDirectory;
    this.#environment = environment;
    this.#supervisor = new ClusterSupervisor({
      dataDirectory,
      nodeCount: nodes,
      port: 0,
      // For the folder of blobs, where the ledger is.
      media: true,
      environment: { ...environment, LIVEDROPS_ROLES: 'gateway,actors,services' },
      report: (text) => {
        this.#reports.push(text);
        process.stderr.write(`${text}\n`);
      },
    });
  }

  get outboxes(): readonly string[] {
    const { nodes } = this.#supervisor;
    return nodes.map(({ nodeId }) => join(this.#dataDirectory, nodeId, 'outbox'));
  }

  /** Errors: a server that is not installed, by its name. */
  async start(): Promise<readonly string[]> {
    await this.#supervisor.start();
    return this.#supervisor.nodes.map(({ url }) => url);
  }

  /** `verify` asks the nodes, so it is first; the journals are read when no node runs. */
  async finish(): Promise<StoppedServer> {
    const environment = { ...this.#environment, LIVEDROPS_DATA: this.#dataDirectory };
    const verified = await verifyFindings(environment);
    const ended = await Promise.all(
      this.#supervisor.nodes.map(({ nodeId }) => this.#supervisor.stopNode(nodeId)),
    );
    const journal = await journalOrders(
      loadConfig({
        ...environment,
        LIVEDROPS_STORE: this.#supervisor.redisUrl,
        LIVEDROPS_NATS: this.#supervisor.natsUrl,
        LIVEDROPS_ARCHIVE: this.#supervisor.archiveFolder,
      }),
    );
    await this.#supervisor.stop();
    return {
      stoppedInOrder: ended.every(Boolean) && this.#reports.length === 0,
      journal,
      verified,
    };
  }

  async kill(): Promise<void> {
    await this.#supervisor.stop();
  }
}
