// A minimal HTTP client for measuring: one keep-alive connection with at most one request in
// flight. It reads only status and length of an answer, in a buffer that all sockets of the process
// share. It reopens a lost connection and reports the lost request, so that a server which closes
// connections shows as errors and does not stop the run.

import { connect, type Socket } from 'node:net';
import { answerLength, statusOf } from './http-answer.ts';

export interface HttpSocketOptions {
  readonly host: string;
  readonly port: number;
  readonly sink: HttpSink;
}

/** The state of a socket when it closed; `opening`: it could not be opened. */
export type ClosedSocket = 'opening' | 'idle' | 'busy';

export interface HttpSink {
  /** The socket is open and ready for a request. */
  opened(socket: HttpSocket): void;
  /** The socket is ready for the next request. `bytes`: head and body of the answer together. */
  answered(socket: HttpSocket, status: number, bytes: number): void;
  /** No request until the next `opened`. A request in flight gets no answer. */
  closed(socket: HttpSocket, was: ClosedSocket): void;
}

const READ_BUFFER_BYTES = 64 * 1024;
/** The longest answer in pieces; a longer one closes the connection. */
const PENDING_BYTES_MAX = 1024 * 1024;
const REOPEN_DELAY_MS = 20;

/** One buffer is enough for all sockets: each read is processed before the next read. */
const readBuffer = Buffer.alloc(READ_BUFFER_BYTES);

export class HttpSocket {
  /** When the request in flight was sent or due, on the sender's clock. */
  startedAt = 0;
  /** The kind of the request in flight, numbered by the sender. */
  kind = 0;
  readonly #options: HttpSocketOptions;
  #socket: Socket;
  #isOpen = false;
  #isBusy = false;
  #ended = false;
  #pending: Buffer | null = null;

  constructor(options: HttpSocketOptions) {
    this.#options = options;
    this.#socket = this.#open();
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** `bytes` must not change until the answer. */
  send(bytes: Buffer): void {
    this.#isBusy = true;
    this.#socket.write(bytes);
  }

  /** Closes the socket. The sink gets no further calls. */
  end(): void {
    this.#ended = true;
    this.#socket.destroy();
  }

  #open(): Socket {
    const { host, port } = this.#options;
    const socket = connect({
      host,
      port,
      noDelay: true,
      onread: {
        buffer: readBuffer,
        callback: (length: number) => {
          this.#receive(readBuffer.subarray(0, length));
          return true;
        },
      },
    });
    socket.on('connect', () => {
      this.#isOpen = true;
      this.#options.sink.opened(this);
    });
    // The close event that follows reports the error.
    socket.on('error', () => undefined);
    socket.on('close', () => this.#closed());
    return socket;
  }

  #receive(chunk: Buffer): void {
    const bytes = this.#pending === null ? chunk : Buffer.concat([this.#pending, chunk]);
    const length = answerLength(bytes);
    if (length === 0) {
      if (bytes.length > PENDING_BYTES_MAX) this.#socket.destroy();
      else this.#pending = this.#pending === null ? Buffer.from(bytes) : bytes;
      return;
    }
    this.#pending = null;
    if (!this.#isBusy || this.#ended) return;
    this.#isBusy = false;
    this.#options.sink.answered(this, statusOf(bytes), length);
  }

  #closed(): void {
    if (this.#ended) return;
    const whenOpen = this.#isBusy ? 'busy' : 'idle';
    const was = this.#isOpen ? whenOpen : 'opening';
    this.#isOpen = false;
    this.#isBusy = false;
    this.#pending = null;
    this.#options.sink.closed(this, was);
    setTimeout(() => {
      if (!this.#ended) this.#socket = this.#open();
    }, REOPEN_DELAY_MS);
  }
}
