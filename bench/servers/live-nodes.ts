// LiveDrops for viewers of a live stream: one node with every role, or, if one process may not open
// enough files, several gateway nodes in front of one node that owns the drops.

import type { MeasuredServer } from '../measure.ts';
import { SERVER_CORE } from '../pinned-process.ts';
import { residentBytesOf } from '../process-usage.ts';
import { ClusterServers } from './cluster-servers.ts';
import { LiveDropsServer } from './livedrops-server.ts';
import type { SaleClient } from './sale-client.ts';

/** CPU time and memory count only the processes that viewers are connected to. */
export interface LiveNodes extends MeasuredServer {
  readonly about: string;
  /** Creates drops and places orders, after `start`. */
  readonly sale: SaleClient;
  /** The addresses for viewers. */
  readonly gateways: readonly { readonly host: string; readonly port: number }[];
  start(): Promise<void>;
  stop(): Promise<void>;
}

export class LoneNode implements LiveNodes {
  readonly about =
    'Signed-in viewers of one drop; every frame follows from an order over HTTP that is fsynced ' +
    'in SQLite before anybody hears of it.';
  readonly sale: LiveDropsServer;

  constructor({ nodeArgs }: { nodeArgs: readonly string[] }) {
    this.sale = new LiveDropsServer(nodeArgs);
  }

  get gateways(): LiveNodes['gateways'] {
    return [{ host: this.sale.host, port: this.sale.port }];
  }

  start(): Promise<void> {
    return this.sale.start();
  }

  cpuMicros(): number {
    return this.sale.process.cpuMicros();
  }

  residentBytes(): number {
    return this.sale.process.residentBytes();
  }

  stop(): Promise<void> {
    return this.sale.stop();
  }
}

/** All processes, Redis and NATS included, share the server's core. */
export class GatewayCluster implements LiveNodes {
  readonly about =
    'Signed-in viewers of one drop, at several gateway nodes of a cluster; every frame follows ' +
    'from an order over HTTP that is fsynced in Redis before anybody hears of it.';
  readonly sale: ClusterServers;
  readonly #gatewayCount: number;

  constructor({ gateways }: { gateways: number }) {
    this.#gatewayCount = gateways;
    const roles = Array.from({ length: gateways }, () => 'gateway,services');
    this.sale = new ClusterServers({ roles: [...roles, 'actors'] });
  }

  get gateways(): LiveNodes['gateways'] {
    return this.#gatewayNodes.map((node) => {
      const { hostname: host, port } = new URL(node.url);
      return { host, port: Number(port) };
    });
  }

  async start(): Promise<void> {
    await this.sale.start();
    const nodes = this.sale.supervisor.nodes.map(({ nodeId }) => nodeId);
    for (const name of [...nodes, 'redis', 'nats']) this.sale.pinToCore(name, SERVER_CORE);
  }

  cpuMicros(): number {
    return this.#gatewayNodes.reduce((sum, { nodeId }) => sum + this.sale.cpuMicros(nodeId), 0);
  }

  residentBytes(): number {
    return this.#gatewayNodes.reduce((sum, { nodeId }) => {
      return sum + residentBytesOf(this.sale.pid(nodeId));
    }, 0);
  }

  stop(): Promise<void> {
    return this.sale.stop();
  }

  get #gatewayNodes(): ClusterServers['supervisor']['nodes'] {
    return this.sale.supervisor.nodes.slice(0, this.#gatewayCount);
  }
}
