// The HTTP server of the media origin: uploads and downloads, and nothing else. User content is
// never on the API's origin, and its bytes never on the selling loop.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Logger } from 'pino';
import type { ProblemCode } from '../contracts/refusals.ts';

const CONNECTIONS_MAX = 4_096;
const HEAD_BYTES_MAX = 16 * 1024;
const HEAD_TIMEOUT_MS = 20_000;
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
    'authorization, content-type, range, tus-resumable, upload-checksum, upload-length, ' +
    'upload-metadata, upload-offset, x-http-method-override, x-request-id',
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
}

export class MediaServer {
  readonly #options: MediaServerOptions;
  readonly #server: Server;

  constructor(options: MediaServerOptions) {
    this.#options = options;
    this.#server = createServer(
      {
        maxHeaderSize: HEAD_BYTES_MAX,
        headersTimeout: HEAD_TIMEOUT_MS,
        keepAliveTimeout: KEEP_ALIVE_MS,
        // A large upload takes as long as it takes.
        requestTimeout: 0,
      },
      (request, response) => void this.#handle(request, response),
    );
    this.#server.maxConnections = CONNECTIONS_MAX;
    this.#server.timeout = IDLE_TIMEOUT_MS;
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

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
    // A client that goes away is seen by who reads from it or writes to it.
    request.on('error', () => undefined);
    response.on('error', () => undefined);
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

  #refuse(response: ServerResponse, code: ProblemCode): void {
    if (response.headersSent) {
      response.destroy();
      return;
    }
    const { status, body } = this.#options.problem(code);
    response.writeHead(status, { 'content-type': 'application/problem+json' }).end(body);
  }
}
