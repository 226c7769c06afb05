// A receiver of traces that reads nothing of them, in the process of the bench.

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export class TraceSink {
  /** Since the start. */
  bytes = 0;
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => {
      request.on('data', (chunk: Buffer) => (this.bytes += chunk.length));
      request.on('end', () => response.writeHead(200).end());
    });
  }

  static async start(): Promise<TraceSink> {
    const sink = new TraceSink();
    await new Promise<void>((resolve) => sink.#server.listen(0, '127.0.0.1', resolve));
    return sink;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/v1/traces`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
