// A push service on loopback: HTTP/2 over TLS, HTTP/1.1 over TLS, or plain HTTP/1.1. It records
// what comes, and misbehaves as it is told to.

import { once } from 'node:events';
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import {
  constants,
  createSecureServer,
  type Http2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Server, Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import type { PushTarget } from '../../events/push/push-sender.ts';
import {
  LOOPBACK_CERTIFICATE,
  LOOPBACK_KEY,
} from '../servers/certificates/loopback-certificate.ts';
import type { PushBrowser } from './browser.ts';

export type StandInProtocol = 'h2' | 'https' | 'http';

export interface Received {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** By the connection that it came on, from 1. */
  readonly connection: number;
}

export type Behaviour =
  | { readonly status: number; readonly headers?: Readonly<Record<string, string>> }
  /** No reply. */
  | 'hang'
  /** The begin of a reply, and no end. */
  | 'stall'
  /** The connection ends without a reply. */
  | 'reset'
  /** HTTP/2: GOAWAY, with this message not acted on; not the first of its connection. */
  | 'goaway'
  /** HTTP/2: the stream is refused. */
  | 'refuse-stream';

export class PushServiceStandIn {
  /** What becomes of each message; it was recorded before. */
  behave: (message: Received) => Behaviour = () => ({ status: 201 });
  readonly received: Received[] = [];
  /** HTTP/2: of each reply that was begun and not ended, the code by which the other side did. */
  readonly stalled: Promise<number>[] = [];
  readonly #server: Server;
  readonly #protocol: StandInProtocol;
  readonly #sockets = new Set<Socket>();
  readonly #sessions = new Set<Http2Session>();
  /** By the connection, once it has had GOAWAY. */
  readonly #lastStreams = new Map<number, number>();
  #connections = 0;

  private constructor(protocol: StandInProtocol) {
    this.#protocol = protocol;
    const certificate = { cert: LOOPBACK_CERTIFICATE, key: LOOPBACK_KEY };
    if (protocol === 'h2') {
      const server = createSecureServer(certificate);
      server.on('session', (session) => {
        this.#connections += 1;
        const connection = this.#connections;
        this.#sessions.add(session);
        session.on('error', () => {});
        session.once('close', () => this.#sessions.delete(session));
        session.on('stream', (stream, headers) => void this.#onStream(stream, headers, connection));
      });
      this.#server = server;
    } else {
      const onRequest = (request: IncomingMessage, response: ServerResponse) =>
        void this.#onRequest(request, response);
      this.#server =
        protocol === 'https' ? createTlsServer(certificate, onRequest) : createServer(onRequest);
    }
    this.#server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      if (protocol !== 'h2') this.#connections += 1;
      socket.on('error', () => {});
      socket.once('close', () => this.#sockets.delete(socket));
    });
  }

  static async start(protocol: StandInProtocol): Promise<PushServiceStandIn> {
    const standIn = new PushServiceStandIn(protocol);
    standIn.#server.listen(0, '127.0.0.1');
    await once(standIn.#server, 'listening');
    return standIn;
  }

  get origin(): string {
    const { port } = this.#server.address() as AddressInfo;
    return `${this.#protocol === 'http' ? 'http' : 'https'}://127.0.0.1:${port}`;
  }

  /** Connections so far. */
  get connections(): number {
    return this.#connections;
  }

  target(browser: PushBrowser, keyId: string, name = 'one'): PushTarget {
    const { p256dh, auth } = browser;
    return { endpoint: `${this.origin}/push/${name}`, p256dh, auth, keyId };
  }

  async stop(): Promise<void> {
    for (const session of this.#sessions) session.destroy();
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((done) => this.#server.close(done));
  }

  async #onStream(
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders & { ':path'?: string },
    connection: number,
  ): Promise<void> {
    stream.on('error', () => {});
    const body = await bytesOf(stream);
    if (stream.id! > (this.#lastStreams.get(connection) ?? Infinity)) return;
    const behaviour = this.#take({ path: headers[':path'] ?? '', headers, body, connection });
    if (stream.destroyed || behaviour === 'hang') return;
    if (behaviour === 'stall') {
      this.stalled.push(once(stream, 'close').then(() => stream.rstCode));
      return stream.respond({ ':status': 201 });
    }
    if (behaviour === 'reset') return stream.session?.destroy();
    if (behaviour === 'refuse-stream') return stream.close(constants.NGHTTP2_REFUSED_STREAM);
    // Node takes 0 for the last stream that it has seen, so the first one cannot be refused so.
    if (behaviour === 'goaway') {
      const last = stream.id! - 2;
      this.#lastStreams.set(connection, last);
      return stream.session?.goaway(constants.NGHTTP2_NO_ERROR, last);
    }
    stream.respond({ ':status': behaviour.status, ...behaviour.headers }, { endStream: true });
  }

  async #onRequest(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { url: path = '', headers, socket } = request;
    const body = await bytesOf(request);
    const behaviour = this.#take({ path, headers, body, connection: this.#connections });
    if (behaviour === 'hang') return;
    if (behaviour === 'stall') return void response.writeHead(201, { 'content-length': '9' });
    if (typeof behaviour === 'string') return void socket.destroy();
    response.writeHead(behaviour.status, { ...behaviour.headers });
    response.end();
  }

  #take(message: Received): Behaviour {
    this.received.push(message);
    return this.behave(message);
  }
}

/** Empty where the sender ended before its message. */
async function bytesOf(stream: Readable): Promise<Buffer> {
  return await buffer(stream).catch(() => Buffer.alloc(0));
}
