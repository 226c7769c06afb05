// The creator's own system in the demo, on loopback: its webhook tells it of confirmed orders. It
// checks each call with the library of Standard Webhooks.

import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { Webhook } from 'standardwebhooks';
import { WEBHOOK_RATE_MAX } from '../../contracts/bounds.ts';
import { LiveDrops } from '../../sdk/client.ts';
import type { Creator } from './sale.ts';

interface OrderConfirmed {
  readonly data: { readonly order: { readonly id: string } };
}

export class OrderDesk {
  /** By the order's id: messages about it. */
  readonly messages = new Map<string, number>();
  /** Calls with the id of one that came before, which is how a receiver knows a repeat. */
  repeats = 0;
  readonly findings: string[] = [];
  readonly #server: Server;
  readonly #ids = new Set<string>();
  #webhook: Webhook | null = null;

  constructor() {
    this.#server = createServer((request, response) => {
      const take = async (): Promise<void> => {
        const isTaken = this.#take(await text(request), request.headers as Record<string, string>);
        response.writeHead(isTaken ? 204 : 401).end();
      };
      take().catch(() => response.destroy());
    });
  }

  async start(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  /** Makes the creator's webhook. */
  async subscribe(url: string, { creatorToken }: Creator): Promise<void> {
    const { port } = this.#server.address() as AddressInfo;
    const { secret } = await new LiveDrops({ url, token: creatorToken }).call('POST /v1/webhooks', {
      body: {
        url: `http://127.0.0.1:${port}/orders`,
        events: ['order.confirmed'],
        ratePerSecond: WEBHOOK_RATE_MAX,
      },
    });
    this.#webhook = new Webhook(secret);
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  #take(body: string, headers: Record<string, string>): boolean {
    try {
      const { data } = this.#webhook!.verify(body, headers) as OrderConfirmed;
      const id = headers['webhook-id']!;
      if (this.#ids.has(id)) this.repeats += 1;
      else this.messages.set(data.order.id, (this.messages.get(data.order.id) ?? 0) + 1);
      this.#ids.add(id);
      return true;
    } catch (error) {
      this.findings.push(`a webhook call was not right: ${String(error)}`);
      return false;
    }
  }
}
