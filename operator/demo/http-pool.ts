// A minimal HTTP/1.1 client for the demo's crowd: a bounded number of keep-alive sockets, one
// request at a time on each, the other requests in a queue. It costs a fifth of a full client, so
// that most of the machine is left to the server. It is no general client: it relies on the
// Content-Length that our server sends with every body.

import { connect, type Socket } from 'node:net';
import { connect as connectByTls } from 'node:tls';
import { Queue } from '../../events/queue.ts';

export interface HttpAnswer {
  /** 0 if the connection broke before the answer: the server may have processed the request. */
  readonly status: number;
  readonly replayed: boolean;
  readonly body: string;
  /** From writing the request to the last byte of the answer. */
  readonly tookMs: number;
}

export interface HttpPoolOptions {
  readonly host: string;
  readonly port: number;
  /** The most open sockets. */
  readonly connectionsMax: number;
  /** The most requests in the queue; beyond this number `request` throws. */
  readonly waitingMax: number;
  /** A request without a received byte for this time fails with status 0. Default: 10 s. */
  readonly answerTimeoutMs?: number;
  /** By TLS; not unless given. */
  readonly secure?: boolean;
}

type Address = Pick<HttpPoolOptions, 'host' | 'port' | 'answerTimeoutMs' | 'secure'>;

interface Exchange {
  readonly text: string;
  readonly answered: (answer: HttpAnswer) => void;
}

const ANSWER_TIMEOUT_MS = 10_000;
const HEADERS_END = '\r\n\r\n';
const CONTENT_LENGTH = /\r\ncontent-length: *(\d+)/i;
const REPLAYED = /\r\nidempotency-replayed: *true/i;
const NO_ANSWER = { status: 0, replayed: false, body: '' };

export class HttpPool {
  readonly #options: HttpPoolOptions;
  readonly #connections: Connection[] = [];
  readonly #idle: Connection[] = [];
  readonly #waiting = new Queue<Exchange>();

  constructor(options: HttpPoolOptions) {
    this.#options = options;
  }

  /** `text` is the whole request. Calls `answered` once, never before `request` returns. */
  request(text: string, answered: (answer: HttpAnswer) => void): void {
    const exchange = { text, answered };
    const connection = this.#idle.pop();
    if (connection !== undefined) connection.begin(exchange);
    else if (this.#connections.length < this.#options.connectionsMax) this.#open().begin(exchange);
    else if (this.#waiting.length < this.#options.waitingMax) this.#waiting.push(exchange);
    else throw new Error(`more than ${this.#options.waitingMax} requests wait for a socket`);
  }

  /** `request` with a promise. */
  send(text: string): Promise<HttpAnswer> {
    return new Promise((resolve) => this.request(text, resolve));
  }

  /** Opens every socket in advance, so that the first requests do not wait for connections. */
  async warmUp(): Promise<void> {
    const opened: Promise<void>[] = [];
    while (this.#connections.length < this.#options.connectionsMax) {
      const connection = this.#open();
      this.#idle.push(connection);
      opened.push(connection.opened());
    }
    await Promise.all(opened);
  }

  close(): void {
    for (const connection of this.#connections) connection.close();
  }

  #open(): Connection {
    const connection = new Connection(this.#options, () => {
      const next = this.#waiting.shift();
      if (next === undefined) this.#idle.push(connection);
      else connection.begin(next);
    });
    this.#connections.push(connection);
    return connection;
  }
}

class Connection {
  readonly #address: Address;
  readonly #free: () => void;
  #socket: Socket | null = null;
  #exchange: Exchange | null = null;
  #beganAt = 0;
  #received = '';

  constructor(address: Address, free: () => void) {
    this.#address = address;
    this.#free = free;
  }

  begin(exchange: Exchange): void {
    this.#exchange = exchange;
    this.#socket ??= this.#connect();
    this.#beganAt = performance.now();
    this.#socket.write(exchange.text, 'latin1');
  }

  opened(): Promise<void> {
    this.#socket ??= this.#connect();
    const socket = this.#socket;
    return new Promise((resolve, reject) => {
      socket.once(this.#address.secure === true ? 'secureConnect' : 'connect', resolve);
      socket.once('error', reject);
    });
  }

  close(): void {
    this.#socket?.destroy();
  }

  #connect(): Socket {
    const { host, port, secure, answerTimeoutMs = ANSWER_TIMEOUT_MS } = this.#address;
    const socket =
      secure === true
        ? connectByTls({ host, port, servername: host }).setNoDelay(true)
        : connect({ host, port, noDelay: true });
    socket.setEncoding('latin1');
    socket.setTimeout(answerTimeoutMs, () => {
      if (this.#exchange !== null) socket.destroy();
    });
    socket.on('data', (text: string) => this.#onData(text));
    // `close` always follows and ends the exchange with status 0.
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      if (this.#socket === socket) this.#socket = null;
      this.#received = '';
      if (this.#exchange !== null) this.#end(NO_ANSWER);
    });
    return socket;
  }

  #onData(text: string): void {
    this.#received += text;
    const headersEnd = this.#received.indexOf(HEADERS_END);
    if (headersEnd < 0) return;
    const headers = this.#received.slice(0, headersEnd);
    const bodyAt = headersEnd + HEADERS_END.length;
    const status = Number(headers.slice(9, 12));
    const bodyLength = status === 204 ? 0 : Number(CONTENT_LENGTH.exec(headers)?.[1] ?? 0);
    if (this.#received.length < bodyAt + bodyLength) return;
    const body = this.#received.slice(bodyAt, bodyAt + bodyLength);
    this.#received = this.#received.slice(bodyAt + bodyLength);
    this.#end({ status, replayed: REPLAYED.test(headers), body });
  }

  #end(answer: Omit<HttpAnswer, 'tookMs'>): void {
    const exchange = this.#exchange;
    if (exchange === null) return;
    const tookMs = performance.now() - this.#beganAt;
    this.#exchange = null;
    exchange.answered({ ...answer, tookMs });
    this.#free();
  }
}

/** The text of a request for `HttpPool.request`. Header values must be ASCII; so must the body. */
export function httpRequest(request: {
  readonly method: string;
  readonly path: string;
  readonly host: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}): string {
  let text = `${request.method} ${request.path} HTTP/1.1\r\nhost: ${request.host}\r\n`;
  for (const name in request.headers) text += `${name}: ${request.headers[name]}\r\n`;
  if (request.body === undefined) return `${text}\r\n`;
  return (
    `${text}content-type: application/json\r\n` +
    `content-length: ${request.body.length}\r\n\r\n${request.body}`
  );
}
