// A cluster as an order server of a comparison: a gateway node, the owner of the drop, Redis and
// NATS, each pinned to a core and with its own CPU time.

import type { RequestPlan } from '../load/request-plan.ts';
import { LOAD_CORE, SERVER_CORE } from '../pinned-process.ts';
import { residentBytesOf } from '../process-usage.ts';
import { ClusterServers } from './cluster-servers.ts';
import type { OrderServer } from './order-server.ts';
import { buyerTokens } from './sale-client.ts';

/** The processes that an order passes. */
const PROCESSES = {
  gateway: 'node-1',
  owner: 'node-2',
  redis: 'redis',
  nats: 'nats',
} as const;
export type ProcessName = keyof typeof PROCESSES;
export const PROCESS_NAMES = Object.keys(PROCESSES) as ProcessName[];

/** The gateway is nearly half of the work, so it shares a core with Redis and NATS. */
export const CORES: Readonly<Record<ProcessName, number>> = {
  gateway: SERVER_CORE,
  owner: LOAD_CORE,
  redis: SERVER_CORE,
  nats: SERVER_CORE,
};

export interface ClusterOrderServerOptions {
  /** Let the kernel choose the core of each process. */
  readonly unpinned: boolean;
  /** The directory for CPU profiles of both nodes, written at their stop; null: no profiles. */
  readonly profileDirectory: string | null;
}

export class ClusterOrderServer implements OrderServer {
  readonly key = 'cluster';
  readonly label = 'cluster';
  readonly role = 'livedrops';
  readonly about =
    'A gateway node and the node that owns the drop, each a process, with nats-server between ' +
    'them; redis-server appends the journal and fsyncs before each answer.';
  readonly #servers: ClusterServers;
  readonly #unpinned: boolean;

  constructor({ unpinned, profileDirectory: directory }: ClusterOrderServerOptions) {
    this.#unpinned = unpinned;
    this.#servers = new ClusterServers({
      roles: ['gateway,services', 'actors'],
      profiles: directory === null ? null : { directory, names: ['gateway', 'owner'] },
    });
  }

  async start(): Promise<void> {
    await this.#servers.start();
    if (this.#unpinned) return;
    for (const name of PROCESS_NAMES) this.#servers.pinToCore(PROCESSES[name], CORES[name]);
  }

  async drop(stock: number): Promise<RequestPlan> {
    const { host, port } = this.#servers;
    const paths = [`/v1/drops/${await this.#servers.drop(stock)}/orders`];
    return { host, port, paths, tokens: buyerTokens(), body: '{"quantity":1}' };
  }

  cpuMicros(): number {
    return PROCESS_NAMES.reduce((all, name) => all + this.cpuMicrosOf(name), 0);
  }

  cpuMicrosOf(name: ProcessName): number {
    return this.#servers.cpuMicros(PROCESSES[name]);
  }

  residentBytes(): number {
    const pids = PROCESS_NAMES.map((name) => this.#servers.pid(PROCESSES[name]));
    return pids.reduce((all, pid) => all + residentBytesOf(pid), 0);
  }

  /** Journal entries since the owner started. */
  journalEntries(): Promise<number> {
    return this.#servers.journalEntries(PROCESSES.owner);
  }

  /** The last log lines of each node. */
  logs(): string {
    return this.#servers.logs();
  }

  stop(): Promise<void> {
    return this.#servers.stop();
  }
}
