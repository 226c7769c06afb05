// The cheapest HTTP client that is of use for measuring: one keep-alive connection with at most one
// request under way, whose answer is looked at for its status and length in the buffer that all
// sockets of the process share. A connection that is lost is opened again, and the request that it
// took along is told as lost: a server that hangs up shows as errors, and stops no run.

import { connect, type Socket } from 'node:net';
import { answerLength, statusOf } from './http-answer.ts';

export interface HttpSocketOptions {
  readonly host: string;
  readonly port: number;
  readonly sink: HttpSink;
}

/** What a socket was doing when it was closed; `opening` where it could not be opened. */
export type ClosedSocket = 'opening' | 'idle' | 'asking';

export interface HttpSink {
  /** It is open, and takes a request. */
  opened(socket: HttpSocket): void;
  /** It takes the next one. `bytes`: the answer's head and body together. */
  answered(socket: HttpSocket, status: number, bytes: number): void;
  /** It takes none until it is told as open again; a request under way gets no answer. */
  closed(socket: HttpSocket, was: ClosedSocket): void;
}

const READ_BUFFER_BYTES = 64 * 1024;
/** Of an answer that comes in pieces: past that the server is not understood. */
const PENDING_BYTES_MAX = 1024 * 1024;
const REOPEN_DELAY_MS = 20;

/** One for all: a socket is read when the loop comes to it, and what was read is used up at once. */
const readBuffer = Buffer.alloc(READ_BUFFER_BYTES);

export class HttpSocket {
  /** When the request under way was sent or due, on the clock of whoever sends. */
  startedAt = 0;
  /** What kind of request is under way, as whoever sends numbers them. */
  kind = 0;
  readonly #options: HttpSocketOptions;
  #socket: Socket;
  #isOpen = false;
  #isAsking = false;
  #ended = false;
  #pending: Buffer | null = null;

  constructor(options: HttpSocketOptions) {
    this.#options = options;
    this.#socket = this.#open();
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Bytes that are kept as they are until the answer. */
  send(bytes: Buffer): void {
    this.#isAsking = true;
    this.#socket.write(bytes);
  }

  /** Nothing is told any more. */
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
    // The error is told by the close that follows it.
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
    if (!this.#isAsking || this.#ended) return;
    this.#isAsking = false;
    this.#options.sink.answered(this, statusOf(bytes), length);
  }

  #closed(): void {
    if (this.#ended) return;
    const whenOpen = this.#isAsking ? 'asking' : 'idle';
    const was = this.#isOpen ? whenOpen : 'opening';
    this.#isOpen = false;
    this.#isAsking = false;
    this.#pending = null;
    this.#options.sink.closed(this, was);
    setTimeout(() => {
      if (!this.#ended) this.#socket = this.#open();
    }, REOPEN_DELAY_MS);
  }
}
