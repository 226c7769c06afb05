// One request and its response, from its head to the last byte or its abort, for everything but the
// order path. It holds the server's rules for a response in one place: no touch after the answer or
// the abort, chunks copied, every write corked.

import { STATUS_CODES } from 'node:http';
import type { OutgoingReply, OutgoingStream } from './dispatcher.ts';
import type { Flight } from './flight.ts';
import type { IncomingRequest } from './route.ts';

/**
 * What is still read and thrown away of a body that is too large, so that the client can read the
 * answer.
 */
export const DRAIN_BYTES_MAX = 1024 * 1024;

/** What is needed of the server's request; valid only while it is called. */
export interface ServerRequest {
  getCaseSensitiveMethod(): string;
  getUrl(): string;
  /** Undefined where there is no question mark. */
  getQuery(): string | undefined;
  forEach(each: (name: string, value: string) => void): void;
}

/** What is needed of the server's response. */
export interface ServerResponse {
  onAborted(call: () => void): unknown;
  onData(call: (chunk: ArrayBuffer, isLast: boolean) => void): unknown;
  cork(write: () => void): unknown;
  writeStatus(status: string): unknown;
  writeHeader(name: string, value: string): unknown;
  end(body: string, closeConnection: boolean): unknown;
  /**
   * Without arguments there is no Content-Length; an `undefined` one comes out as a huge number.
   */
  endWithoutBody(reportedLength?: number, closeConnection?: boolean): unknown;
  /** A part of the body. False: it waits in memory for the client, and `onWritable` calls later. */
  write(chunk: string): boolean;
  onWritable(call: () => boolean): unknown;
  /** Ends the connection at once; calls what `onAborted` was given. */
  close(): unknown;
}

export class Exchange implements IncomingRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly address: string;
  body: Uint8Array | null = new Uint8Array(0);
  readonly #headers = new Map<string, string>();
  readonly #flight: Flight;
  #response: ServerResponse | null;
  /** Ends the wait of a stream for its client. */
  #wake: (() => void) | null = null;

  constructor(response: ServerResponse, request: ServerRequest, address: string, flight: Flight) {
    this.#response = response;
    this.#flight = flight;
    this.method = request.getCaseSensitiveMethod();
    this.path = request.getUrl();
    this.query = request.getQuery() ?? '';
    this.address = address;
    request.forEach((name, value) => {
      const before = this.#headers.get(name);
      this.#headers.set(name, before === undefined ? value : `${before}, ${value}`);
    });
    flight.takeOff();
  }

  readonly header = (name: string): string => this.#headers.get(name) ?? '';

  /**
   * Calls once: with the body read, or with it null where it is longer than `bytesMax`, then
   * `tooLong` true where its rest was not even read away, so that the connection must close. Does
   * not call when the client goes.
   */
  readBody(bytesMax: number, read: (tooLong: boolean) => void): void {
    const response = this.#response!;
    response.onAborted(() => this.#aborted());
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

  /** Answers, unless the client is gone. Resolves when a body that is a stream has ended. */
  async write(reply: OutgoingReply, close = false): Promise<void> {
    const { body } = reply;
    if (typeof body === 'string') this.#writeWhole({ ...reply, body }, close);
    else await this.#writeStream({ ...reply, body });
  }

  #writeWhole(reply: OutgoingReply & { body: string }, close: boolean): void {
    const response = this.#response;
    if (response === null) return;
    this.#response = null;
    const last = close || this.#flight.draining;
    response.cork(() => {
      writeHead(response, reply);
      if (this.method === 'HEAD') response.endWithoutBody(Buffer.byteLength(reply.body), last);
      else if (reply.status === 204 || reply.status === 304) response.endWithoutBody();
      else response.end(reply.body, last);
    });
    this.#flight.land();
  }

  async #writeStream(reply: OutgoingReply & { body: OutgoingStream }): Promise<void> {
    const { body } = reply;
    try {
      if (this.method === 'HEAD') this.#writeWhole({ ...reply, body: '' }, false);
      const response = this.#response;
      if (response === null) return;
      response.onWritable(() => {
        this.#wake?.();
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
        if (this.#flight.draining) break;
      }
    } catch (fault) {
      body.failed(fault);
      // The client must not take what it has for all there is. It lands by `onAborted`.
      if (this.#response !== null) response.close();
      return;
    }
    if (this.#response === null) return;
    this.#response = null;
    // To ask for the connection's end would write its header into the chunked body (uWebSockets
    // 20).
    response.cork(() => response.end('', false));
    this.#flight.land();
  }

  /** Resolves when there is room for the next, or the client is gone. */
  async #writeChunk(response: ServerResponse, chunk: string): Promise<void> {
    let taken = true;
    response.cork(() => {
      taken = response.write(chunk);
    });
    if (taken) return;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    this.#wake = null;
  }

  /** The connection goes on as something else than HTTP. */
  handOver(): void {
    this.#response = null;
    this.#flight.land();
  }

  #aborted(): void {
    if (this.#response === null) return;
    this.#response = null;
    this.#flight.land();
    this.#wake?.();
  }
}

function writeHead(response: ServerResponse, { status, headers }: OutgoingReply): void {
  response.writeStatus(`${status} ${STATUS_CODES[status]}`);
  for (const [name, value] of headers) response.writeHeader(name, value);
}
