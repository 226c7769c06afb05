// The cluster floor as an order server of a comparison: the least that the processes of a cluster
// can do for an order. Each has the core that it has in `ClusterOrderServer`.

import { rmSync } from 'node:fs';
import type { RequestPlan } from '../load/request-plan.ts';
import type { MeasuredServer } from '../measure.ts';
import { PinnedProcess } from '../pinned-process.ts';
import { CORES, PROCESS_NAMES, type ProcessName } from './cluster-order-server.ts';
import { makeDataDirectory } from './livedrops-server.ts';
import { JOURNAL_BYTES_PER_ORDER, type OrderServer } from './order-server.ts';
import { RawOrderServer, type RawOrderServerOptions } from './raw-order-server.ts';
import { HOST, startNats, startRedis } from './store-programs.ts';

const OWNER = new URL('raw-cluster-owner.ts', import.meta.url).pathname;

export interface RawClusterOptions extends RawOrderServerOptions {
  /** Let the kernel choose the core of each process. */
  readonly unpinned: boolean;
}

interface Process extends MeasuredServer {
  stop(): Promise<void>;
}

export class RawClusterOrderServer implements OrderServer {
  readonly key = 'floor';
  readonly label = 'cluster floor';
  readonly role = 'ceiling';
  readonly about =
    'The bare server as a gateway: the orders of one turn of its event loop are one message of ' +
    `NATS, ${JOURNAL_BYTES_PER_ORDER} bytes each, as many as in LiveDrops' journal. An owner ` +
    'appends messages to a Redis stream, those that came during the last append together, and ' +
    'replies; then the gateway answers. The same redis-server and nats-server as in the cluster, ' +
    'and nothing else.';
  readonly #options: RawClusterOptions;
  readonly #directory: string;
  readonly #processes = new Map<ProcessName, Process>();
  #gateway: RawOrderServer | null = null;

  constructor(options: RawClusterOptions, directory = makeDataDirectory()) {
    this.#options = options;
    this.#directory = directory;
  }

  async start(): Promise<void> {
    const core = (name: ProcessName) => (this.#options.unpinned ? null : CORES[name]);
    const redis = await startRedis(this.#directory, core('redis'));
    this.#processes.set('redis', redis.program);
    const nats = await startNats(core('nats'));
    this.#processes.set('nats', nats.program);
    const natsUrl = `nats://${HOST}:${nats.port}`;
    const args = [OWNER, String(redis.port), natsUrl];
    const owner = new PinnedProcess({ core: core('owner'), args });
    this.#processes.set('owner', owner);
    await owner.line();
    const options = { ...this.#options, core: core('gateway') };
    this.#gateway = new RawOrderServer(options, 'raw-cluster-gateway.ts', [natsUrl]);
    this.#processes.set('gateway', this.#gateway);
    await this.#gateway.start();
  }

  drop(): Promise<RequestPlan> {
    return this.#gateway!.drop();
  }

  cpuMicros(): number {
    return PROCESS_NAMES.reduce((all, name) => all + this.cpuMicrosOf(name), 0);
  }

  cpuMicrosOf(name: ProcessName): number {
    return this.#processes.get(name)!.cpuMicros();
  }

  residentBytes(): number {
    return [...this.#processes.values()].reduce((all, one) => all + one.residentBytes(), 0);
  }

  /** Those that hold a connection end before its server. */
  async stop(): Promise<void> {
    for (const process of [...this.#processes.values()].toReversed()) await process.stop();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
