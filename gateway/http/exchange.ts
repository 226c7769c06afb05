// One request and its response, from its head to the last byte or its abort, for everything but the
// order path. It holds the server's rules for a response in one place: no touch after the answer or
// the abort, chunks copied, every write corked.

import { STATUS_CODES } from 'node:http';
import type { OutgoingReply } from './dispatcher.ts';
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

  /** Answers, unless the client is gone. */
  write(reply: OutgoingReply, close = false): void {
    const response = this.#response;
    if (response === null) return;
    this.#response = null;
    const last = close || this.#flight.draining;
    response.cork(() => {
      response.writeStatus(`${reply.status} ${STATUS_CODES[reply.status]}`);
      for (const [name, value] of reply.headers) response.writeHeader(name, value);
      if (this.method === 'HEAD') response.endWithoutBody(Buffer.byteLength(reply.body), last);
      else if (reply.status === 204 || reply.status === 304) response.endWithoutBody();
      else response.end(reply.body, last);
    });
    this.#flight.land();
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
  }
}
