// A creator's own system that webhooks call: it takes orders, and fails for everything else.

import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export class Warehouse {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<Warehouse> {
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const isOrder = Buffer.concat(chunks).includes('"order.confirmed"');
        response.writeHead(isOrder ? 204 : 503).end(isOrder ? '' : 'Closed for stocktaking.');
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new Warehouse(server);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/hooks`;
  }

  async stop(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }
}
