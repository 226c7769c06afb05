// One request and its response, from its head to the last byte or its abort, for every route but
// the order path. The server's rules for a response are in this one place: no call after the end or
// the abort, chunks are copied, and every write is corked.

import { STATUS_CODES } from 'node:http';
import type { OutgoingReply, OutgoingStream } from './outgoing-reply.ts';
import type { Flight } from './flight.ts';
import type { Door, IncomingRequest } from './route.ts';

/**
 * Bytes of a body that is too large which are still read and discarded, so that the client can read
 * the reply.
 */
export const DRAIN_BYTES_MAX = 1024 * 1024;

/** The used part of the server's request. Valid only during the callback. */
export interface ServerRequest {
  getCaseSensitiveMethod(): string;
  getUrl(): string;
  /** Undefined where there is no question mark. */
  getQuery(): string | undefined;
  forEach(each: (name: string, value: string) => void): void;
}

/** The used part of the server's response. */
export interface ServerResponse {
  onAborted(call: () => void): unknown;
  onData(call: (chunk: ArrayBuffer, isLast: boolean) => void): unknown;
  cork(write: () => void): unknown;
  writeStatus(status: string): unknown;
  end(body: string | Uint8Array, closeConnection: boolean): unknown;
  /**
   * Without arguments there is no Content-Length. An `undefined` length is sent as a huge number.
   */
  endWithoutBody(reportedLength?: number, closeConnection?: boolean): unknown;
  /**
   * Writes a part of the body. False: the part waits in memory for the client, and `onWritable` is
   * called later.
   */
  write(chunk: string): boolean;
  onWritable(call: () => boolean): unknown;
  /** Closes the connection at once and calls the `onAborted` callback. */
  close(): unknown;
}

export class Exchange implements IncomingRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly door: Door;
  readonly address: string;
  body: Uint8Array | null = new Uint8Array(0);
  readonly #headers = new Map<string, string>();
  readonly #flight: Flight;
  #response: ServerResponse | null;
  /** Resumes a stream that waits for its client. */
  #resumeWriting: (() => void) | null = null;

  constructor(
    response: ServerResponse,
    request: ServerRequest,
    address: string,
    flight: Flight,
    door: Door = 'public',
  ) {
    this.#response = response;
    this.#flight = flight;
    this.method = request.getCaseSensitiveMethod();
    this.path = request.getUrl();
    this.query = request.getQuery() ?? '';
    this.door = door;
    this.address = address;
    request.forEach((name, value) => {
      const before = this.#headers.get(name);
      this.#headers.set(name, before === undefined ? value : `${before}, ${value}`);
    });
    flight.begin();
  }

  readonly gone = (): boolean => this.#response === null;

  readonly hasHeader = (name: string): boolean => this.#headers.has(name);

  readonly header = (name: string): string => this.#headers.get(name) ?? '';

  /** All of them, as `IncomingRequest.header` has them. */
  get headers(): ReadonlyMap<string, string> {
    return this.#headers;
  }

  /**
   * Calls `read` once the body is read. The body is null where it is longer than `bytesMax`.
   * `tooLong` is true where the rest was not read either, so that the connection must close. `read`
   * is not called when the client goes away.
   */
  readBody(bytesMax: number, read: (tooLong: boolean) => void): void {
    const response = this.#response!;
    response.onAborted(() => this.#aborted());
    if (this.#hasNoBody()) {
      read(false);
      return;
    }
    const announced = Number(this.header('content-length') || 0);
    if (announced > DRAIN_BYTES_MAX) {
      this.body = null;
      read(true);
      return;
    }
    const chunks: Uint8Array[] = [];
    let length = 0;
    let done = false;
    response.onData((chunk, isLast) => {
      if (done || this.#response === null) return;
      length += chunk.byteLength;
      if (length <= bytesMax) chunks.push(new Uint8Array(chunk.slice(0)));
      else chunks.length = 0;
      const tooLong = length > DRAIN_BYTES_MAX;
      if (!isLast && !tooLong) return;
      done = true;
      this.body = length > bytesMax ? null : Buffer.concat(chunks);
      read(tooLong);
    });
  }

  #hasNoBody(): boolean {
    const isRead = this.method === 'GET' || this.method === 'HEAD';
    return isRead && !this.hasHeader('content-length') && !this.hasHeader('transfer-encoding');
  }

  /** Writes the reply, unless the client is gone. A body that is a stream resolves at its end. */
  async write(reply: OutgoingReply, close = false): Promise<void> {
    const { body } = reply;
    if (typeof body === 'object' && 'chunks' in body) await this.#writeStream({ ...reply, body });
    else this.#writeWhole({ ...reply, body }, close);
  }

  #writeWhole(reply: OutgoingReply & { body: string | Uint8Array }, close: boolean): void {
    const response = this.#response;
    if (response === null) return;
    this.#response = null;
    const closeConnection = close || this.#flight.draining;
    response.cork(() => {
      writeHead(response, reply);
      if (this.method === 'HEAD')
        response.endWithoutBody(Buffer.byteLength(reply.body), closeConnection);
      else if (reply.status === 204 || reply.status === 304) response.endWithoutBody();
      else response.end(reply.body, closeConnection);
    });
    this.#flight.end();
  }

  async #writeStream(reply: OutgoingReply & { body: OutgoingStream }): Promise<void> {
    const { body } = reply;
    try {
      if (this.method === 'HEAD') this.#writeWhole({ ...reply, body: '' }, false);
      const response = this.#response;
      if (response === null) return;
      response.onWritable(() => {
        this.#resumeWriting?.();
        return true;
      });
      response.cork(() => writeHead(response, reply));
      await this.#writeChunks(response, body);
    } finally {
      body.close();
    }
  }

  async #writeChunks(response: ServerResponse, body: OutgoingStream): Promise<void> {
    try {
      for await (const chunk of body.chunks) {
        if (this.#response === null) return;
        if (chunk !== '') await this.#writeChunk(response, chunk);
        if (this.#response === null) return;
        if (!this.#flight.draining && (body.isAllowed?.() ?? true)) continue;
        if (body.isWhole === true) return void response.close();
        break;
      }
    } catch (fault) {
      body.failed(fault);
      // The client must not take the part that it has for the whole. `onAborted` ends the exchange.
      if (this.#response !== null) response.close();
      return;
    }
    if (this.#response === null) return;
    this.#response = null;
    // Asking to close the connection would write its header into the chunked body (uWebSockets 20).
    response.cork(() => response.end('', false));
    this.#flight.end();
  }

  /** Resolves when there is room for the next chunk, or the client is gone. */
  async #writeChunk(response: ServerResponse, chunk: string): Promise<void> {
    let taken = true;
    response.cork(() => {
      taken = response.write(chunk);
    });
    if (taken) return;
    await new Promise<void>((resolve) => {
      this.#resumeWriting = resolve;
    });
    this.#resumeWriting = null;
  }

  /** The connection is upgraded and is no longer HTTP. */
  detach(): void {
    this.#response = null;
    this.#flight.end();
  }

  #aborted(): void {
    if (this.#response === null) return;
    this.#response = null;
    this.#flight.end();
    this.#resumeWriting?.();
  }
}

function writeHead(response: ServerResponse, { status, lines, headers }: OutgoingReply): void {
  // One call into the server's library for all lines: each call costs more than a short line.
  let head = `${status} ${STATUS_CODES[status]}\r\n${lines}`;
  for (const [name, value] of headers) head += `\r\n${name}: ${value}`;
  response.writeStatus(head);
}
