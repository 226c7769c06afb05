// The HTTP server of the media origin: uploads and downloads, and nothing else. User content is
// never on the API's origin, and its bytes never on the selling loop.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Logger } from 'pino';
import type { ProblemCode } from '../contracts/refusals.ts';

const CONNECTIONS_MAX = 4_096;
/** Of one peer, which may be a proxy with many clients. */
const CONNECTIONS_OF_PEER_MAX = 1_024;
const HEAD_BYTES_MAX = 16 * 1024;
const HEAD_TIMEOUT_MS = 20_000;
/** How often Node looks for heads that take too long. */
const HEAD_CHECK_MS = 5_000;
/** How long a client may go on with a body after its answer. */
const REST_OF_BODY_MS = 10_000;
/** Of a connection on which no byte comes or goes. */
const IDLE_TIMEOUT_MS = 60_000;
const KEEP_ALIVE_MS = 65_000;
const DRAIN_MS = 5_000;
const PREFLIGHT_SECONDS = '7200';

/**
 * Pages of any origin may use it: what a caller may do is in the access token, which no page has
 * without its user.
 */
const HEADERS: Readonly<Record<string, string>> = {
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'; sandbox",
  'referrer-policy': 'no-referrer',
  'access-control-allow-origin': '*',
  'access-control-expose-headers':
    'location, retry-after, tus-checksum-algorithm, tus-extension, tus-max-size, tus-resumable, ' +
    'tus-version, upload-expires, upload-length, upload-metadata, upload-offset',
};
const PREFLIGHT: Readonly<Record<string, string>> = {
  'access-control-allow-methods': 'GET, HEAD, POST, PATCH, DELETE',
  'access-control-allow-headers':
    'authorization, content-type, idempotency-key, range, tus-resumable, upload-checksum, ' +
    'upload-length, upload-metadata, upload-offset, x-http-method-override, x-request-id',
  'access-control-max-age': PREFLIGHT_SECONDS,
};

/** Answers requests of some paths: false for others, without an answer. Never rejects. */
export type MediaHandler = (request: IncomingMessage, response: ServerResponse) => Promise<boolean>;

export interface MediaServerOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly handlers: readonly MediaHandler[];
  readonly problem: (code: ProblemCode, detail?: string) => { status: number; body: string };
  readonly log: Logger;
  readonly connectionsOfPeerMax?: number;
  readonly restOfBodyMs?: number;
}

export class MediaServer {
  readonly #options: MediaServerOptions;
  readonly #server: Server;
  readonly #connections = new Map<string, number>();

  constructor(options: MediaServerOptions) {
    this.#options = options;
    this.#server = createServer(
      {
        maxHeaderSize: HEAD_BYTES_MAX,
        headersTimeout: HEAD_TIMEOUT_MS,
        connectionsCheckingInterval: HEAD_CHECK_MS,
        keepAliveTimeout: KEEP_ALIVE_MS,
        // A large upload takes as long as it takes; its handler bounds how slow it may be.
        requestTimeout: 0,
      },
      (request, response) => void this.#handle(request, response),
    );
    this.#server.maxConnections = CONNECTIONS_MAX;
    this.#server.timeout = IDLE_TIMEOUT_MS;
    this.#server.on('connection', (socket) => this.#count(socket));
  }

  /** Resolves to the port. Errors: an Error where it is taken. */
  async start(): Promise<number> {
    const { host, port } = this.#options;
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, host, () => {
        this.#server.off('error', reject);
        resolve();
      });
    });
    return (this.#server.address() as AddressInfo).port;
  }

  /** Waits some seconds for requests under way, then ends them. */
  async stop(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeIdleConnections();
    const timer = setTimeout(() => this.#server.closeAllConnections(), DRAIN_MS);
    await closed;
    clearTimeout(timer);
  }

  /** Ends a connection of a peer that has too many. */
  #count(socket: Socket): void {
    const peer = socket.remoteAddress ?? '';
    const own = this.#connections.get(peer) ?? 0;
    if (own >= (this.#options.connectionsOfPeerMax ?? CONNECTIONS_OF_PEER_MAX)) {
      socket.destroy();
      return;
    }
    this.#connections.set(peer, own + 1);
    socket.once('close', () => {
      const left = this.#connections.get(peer)! - 1;
      if (left === 0) this.#connections.delete(peer);
      else this.#connections.set(peer, left);
    });
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
    // A client that goes away is seen by who reads from it or writes to it.
    request.on('error', () => undefined);
    response.on('error', () => undefined);
    response.once('finish', () => this.#endLate(request));
    if (
      request.method === 'OPTIONS' &&
      request.headers['access-control-request-method'] !== undefined
    ) {
      response.writeHead(204, PREFLIGHT).end();
      return;
    }
    try {
      for (const handle of this.#options.handlers) if (await handle(request, response)) return;
      this.#refuse(response, 'not-found');
    } catch (error) {
      this.#options.log.error({ err: error }, 'the media server met a defect');
      this.#refuse(response, 'internal');
    }
  }

  /** What is left of a body that was answered is passed over, but not for ever. */
  #endLate(request: IncomingMessage): void {
    if (request.complete) return;
    const { restOfBodyMs = REST_OF_BODY_MS } = this.#options;
    const timer = setTimeout(() => request.socket.destroy(), restOfBodyMs);
    request.once('close', () => clearTimeout(timer));
  }

  #refuse(response: ServerResponse, code: ProblemCode): void {
    if (response.headersSent) {
      response.destroy();
      return;
    }
    const { status, body } = this.#options.problem(code);
    response.writeHead(status, { 'content-type': 'application/problem+json' }).end(body);
  }
}
