// A receiver of webhooks for tests: real HTTP on loopback. It checks each call with the library of
// Standard Webhooks, records it, and behaves as it is told.

import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { Webhook } from 'standardwebhooks';

export interface TakenCall {
  readonly id: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  readonly json: { readonly type: string; readonly data: Readonly<Record<string, unknown>> };
  /** Of the library, with the secrets that the receiver has. */
  readonly isVerified: boolean;
  /** How many of the secrets have a signature in it. */
  readonly signedBy: number;
}

/** Answers a call. It may do so late, wrongly or never. */
export type Behave = (call: TakenCall, response: ServerResponse) => void;

const WAIT_MAX_MS = 30_000;
export const accept: Behave = (_call, response) => void response.writeHead(204).end();

export function answer(
  status: number,
  headers: Readonly<Record<string, string>> = {},
  body = '',
): Behave {
  return (_call, response) => void response.writeHead(status, headers).end(body);
}

export class WebhookReceiver {
  readonly calls: TakenCall[] = [];
  /** What calls are checked with; set when a webhook was made. */
  secrets: readonly string[] = [];
  behave: Behave = accept;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #wake: () => void = () => undefined;

  private constructor() {
    this.#server = createServer((request, response) => void this.#take(request, response));
    this.#server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
      socket.on('error', () => undefined);
    });
  }

  static async start(): Promise<WebhookReceiver> {
    const receiver = new WebhookReceiver();
    receiver.#server.listen(0, '127.0.0.1');
    await once(receiver.#server, 'listening');
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  /** Resolves when so many calls are there that `which` takes. */
  async arrived(
    count: number,
    which: (call: TakenCall) => boolean = () => true,
  ): Promise<readonly TakenCall[]> {
    const until = Date.now() + WAIT_MAX_MS;
    for (;;) {
      const found = this.calls.filter(which);
      if (found.length >= count) return found;
      const left = until - Date.now();
      if (left <= 0) throw new Error(`${found.length} of ${count} webhook calls arrived`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.min(left, 1_000));
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on('error', () => undefined);
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request) chunks.push(chunk as Buffer);
    } catch {
      return;
    }
    const { headers, url = '/' } = request;
    const body = Buffer.concat(chunks).toString();
    const signedBy = this.secrets.filter((secret) => isSigned(secret, body, headers)).length;
    const call: TakenCall = {
      id: String(headers['webhook-id']),
      path: url,
      headers,
      body,
      json: JSON.parse(body) as TakenCall['json'],
      isVerified: signedBy > 0,
      signedBy,
    };
    this.calls.push(call);
    this.behave(call, response);
    this.#wake();
  }
}

function isSigned(secret: string, body: string, headers: IncomingMessage['headers']): boolean {
  try {
    new Webhook(secret).verify(body, headers as Record<string, string>);
    return true;
  } catch {
    return false;
  }
}
