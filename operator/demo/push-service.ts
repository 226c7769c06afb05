// The push service of the demo, on loopback: it takes messages, and says of some browsers that they
// are gone.

import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

const GONE = '/gone/';

export class PushService {
  /** By path: the topics of the messages that came, in order. */
  readonly received = new Map<string, string[]>();
  readonly #server: Server;

  constructor() {
    this.#server = createServer((request, response) => {
      const { url = '', headers } = request;
      const topics = this.received.get(url) ?? [];
      topics.push(String(headers['topic']));
      this.received.set(url, topics);
      request.resume();
      request.once('end', () => response.writeHead(url.startsWith(GONE) ? 410 : 201).end());
    });
  }

  async start(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  /** The address of a browser; of one that is gone where `isGone`. */
  endpoint(name: string, isGone: boolean): string {
    const { port } = this.#server.address() as AddressInfo;
    return `http://127.0.0.1:${port}${isGone ? GONE : '/'}${name}`;
  }

  /** How often a browser got a message with the topic. */
  count(endpoint: string, topic: string): number {
    const topics = this.topics(endpoint);
    return topics.filter((one) => one === topic).length;
  }

  topics(endpoint: string): readonly string[] {
    return this.received.get(new URL(endpoint).pathname) ?? [];
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}
