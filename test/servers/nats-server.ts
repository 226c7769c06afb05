// A real nats-server on a free port of this machine.

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
