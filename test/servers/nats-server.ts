// A real nats-server on a free port of this machine, or several of them as one NATS cluster.

import { setTimeout as delay } from 'node:timers/promises';
import { ChildServer, DisturbedServer, findProgram, freePort } from './child-server.ts';

export const natsInstalled = findProgram('nats-server') !== null;

const LOOPBACK = '127.0.0.1';

export class NatsServer extends DisturbedServer {
  /** `host`: an address of this machine to listen on. `args`: more of nats-server's own. */
  static async start(host: string = LOOPBACK, args: readonly string[] = []): Promise<NatsServer> {
    const port = await freePort();
    const child = new ChildServer({
      command: 'nats-server',
      args: ['--addr', host, '--port', String(port), ...args],
      ready: /Server is ready/,
    });
    const server = new NatsServer(host, port, child);
    await server.resume();
    return server;
  }

  get url(): string {
    return `nats://${this.host}:${this.port}`;
  }
}

const ROUTES_TIMEOUT_MS = 60_000;
const ROUTES_POLL_INTERVAL_MS = 50;

/** nats-servers that pass messages to one another. A client may connect to any of them. */
export class NatsClusterServers {
  readonly servers: readonly NatsServer[];

  private constructor(servers: readonly NatsServer[]) {
    this.servers = servers;
  }

  /**
   * Starts a server on each host. Resolves when every server has a route to every other one.
   */
  static async start(hosts: readonly string[]): Promise<NatsClusterServers> {
    const routePorts: number[] = [];
    const monitorPorts: number[] = [];
    for (const _ of hosts) routePorts.push(await freePort());
    for (const _ of hosts) monitorPorts.push(await freePort());
    const routes = hosts.map((host, i) => `nats-route://${host}:${routePorts[i]}`);
    const servers: NatsServer[] = [];
    try {
      for (const [i, host] of hosts.entries()) {
        const others = routes.filter((_, other) => other !== i).join();
        const monitor = ['--http_port', String(monitorPorts[i])];
        const args = ['--cluster', routes[i]!, '--cluster_name', 'livedrops', '--routes', others];
        servers.push(await NatsServer.start(host, [...args, ...monitor]));
      }
      for (const [i, host] of hosts.entries()) {
        await routed(`http://${host}:${monitorPorts[i]}/varz`, hosts.length - 1);
      }
    } catch (error) {
      await Promise.all(servers.map((server) => server.stop()));
      throw error;
    }
    return new NatsClusterServers(servers);
  }

  get url(): string {
    return this.servers.map(({ url }) => url).join();
  }

  async stop(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.stop()));
  }
}

/** Resolves when the server has a route to this many others. Two may have several between them. */
async function routed(monitor: string, others: number): Promise<void> {
  const deadline = performance.now() + ROUTES_TIMEOUT_MS;
  for (;;) {
    const response = await fetch(monitor);
    const { routes } = (await response.json()) as { routes: number };
    if (routes >= others) return;
    if (performance.now() > deadline) throw new Error('the nats-servers did not come together');
    await delay(ROUTES_POLL_INTERVAL_MS);
  }
}
