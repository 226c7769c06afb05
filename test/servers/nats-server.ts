// A real nats-server on a free port of this machine.

import { ChildServer, findProgram, freePort } from './child-server.ts';

export const natsInstalled = findProgram('nats-server') !== null;

const LOOPBACK = '127.0.0.1';

export class NatsServer {
  readonly host: string;
  readonly port: number;
  readonly #server: ChildServer;

  private constructor(host: string, port: number) {
    this.host = host;
    this.port = port;
    this.#server = new ChildServer({
      command: 'nats-server',
      args: ['--addr', host, '--port', String(port)],
      ready: /Server is ready/,
    });
  }

  /** `host`: an address of this machine to listen on. */
  static async start(host: string = LOOPBACK): Promise<NatsServer> {
    const server = new NatsServer(host, await freePort());
    await server.#server.start();
    return server;
  }

  get url(): string {
    return `nats://${this.host}:${this.port}`;
  }
  get pid(): number {
    return this.#server.pid;
  }

  signal(signal: NodeJS.Signals): void {
    this.#server.signal(signal);
  }

  /** Ends the process; `resume` starts it again on the same port. */
  async halt(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await this.#server.stop(signal);
  }
  async resume(): Promise<void> {
    await this.#server.start();
  }

  /** Harmless when repeated. */
  async stop(): Promise<void> {
    await this.halt();
  }
}
