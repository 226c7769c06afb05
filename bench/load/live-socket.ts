// The cheapest WebSocket client that is of use for measuring: it takes the server's frames apart in
// the buffer that all sockets of the process share, hands out text frames as a range of that
// buffer, and answers pings. It checks nothing else, copies only a frame that came in pieces, and
// allocates nothing for a frame.

import { connect, type Socket } from 'node:net';

const READ_BUFFER_BYTES = 64 * 1024;
const TEXT = 1;
const CLOSE = 8;
const PING = 9;
/** A client's frames are masked; this mask changes nothing. */
const MASK = Buffer.alloc(4);
const PONG = Buffer.from([0x8a, 0x80, ...MASK]);
const HEAD_END = '\r\n\r\n';

/** One for all: a socket is read when the loop comes to it, and what was read is used up at once. */
const readBuffer = Buffer.alloc(READ_BUFFER_BYTES);

export interface LiveSocketOptions {
  readonly host: string;
  readonly port: number;
  /** A loopback address, so that many thousand sockets do not run out of ports. */
  readonly localAddress: string;
  readonly path: string;
  /** Sent as the first text frame; null for none. */
  readonly hello: string | null;
  readonly index: number;
  readonly sink: LiveSocketSink;
}

export interface LiveSocketSink {
  upgraded(index: number): void;
  /** A text frame stands at `from` to `to` of `bytes`, until this returns. */
  frame(index: number, bytes: Buffer, from: number, to: number): void;
  /** For whatever reason. `code` is 0 without a close frame. */
  closed(index: number, code: number): void;
}

export class LoadSocket {
  readonly #socket: Socket;
  readonly #options: LiveSocketOptions;
  #isUpgraded = false;
  /** A head or frame that has not come whole. */
  #pending: Buffer | null = null;
  #closeCode = 0;

  constructor(options: LiveSocketOptions) {
    const { host, port, localAddress, path, index, sink } = options;
    this.#options = options;
    this.#socket = connect({
      host,
      port,
      localAddress,
      noDelay: true,
      onread: {
        buffer: readBuffer,
        callback: (length: number) => {
          this.#receive(readBuffer.subarray(0, length));
          return true;
        },
      },
    });
    this.#socket.on('connect', () => {
      this.#socket.write(
        `GET ${path} HTTP/1.1\r\nhost: ${host}:${port}\r\nupgrade: websocket\r\n` +
          'connection: upgrade\r\nsec-websocket-version: 13\r\n' +
          `sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==${HEAD_END}`,
      );
    });
    // The error is told by the close that follows it.
    this.#socket.on('error', () => undefined);
    this.#socket.on('close', () => sink.closed(index, this.#closeCode));
  }

  end(): void {
    this.#socket.destroy();
  }

  #receive(chunk: Buffer): void {
    const bytes = this.#pending === null ? chunk : Buffer.concat([this.#pending, chunk]);
    this.#pending = null;
    const used = this.#isUpgraded ? this.#frames(bytes, 0) : this.#head(bytes);
    if (used < bytes.length) this.#pending = Buffer.from(bytes.subarray(used));
  }

  #head(bytes: Buffer): number {
    const end = bytes.indexOf(HEAD_END);
    if (end < 0) return 0;
    if (bytes.toString('latin1', 9, 12) !== '101') {
      this.#socket.destroy();
      return bytes.length;
    }
    this.#isUpgraded = true;
    const { hello, index, sink } = this.#options;
    sink.upgraded(index);
    if (hello !== null) this.#socket.write(textFrame(hello));
    return this.#frames(bytes, end + HEAD_END.length);
  }

  /** Returns where the first incomplete frame begins. */
  #frames(bytes: Buffer, start: number): number {
    let at = start;
    while (at + 2 <= bytes.length) {
      let length = bytes[at + 1]!;
      let from = at + 2;
      if (length === 126) {
        if (at + 4 > bytes.length) return at;
        length = bytes.readUInt16BE(at + 2);
        from = at + 4;
      }
      const to = from + length;
      if (to > bytes.length) return at;
      this.#frame(bytes[at]! & 0x0f, bytes, from, to);
      at = to;
    }
    return at;
  }

  #frame(opcode: number, bytes: Buffer, from: number, to: number): void {
    const { index, sink } = this.#options;
    if (opcode === TEXT) sink.frame(index, bytes, from, to);
    else if (opcode === PING) this.#socket.write(PONG);
    else if (opcode === CLOSE) this.#closeCode = to - from < 2 ? 0 : bytes.readUInt16BE(from);
  }
}

function textFrame(text: string): Buffer {
  const body = Buffer.from(text);
  if (body.length > 125) throw new Error('a hello has at most 125 bytes');
  return Buffer.concat([Buffer.from([0x80 | TEXT, 0x80 | body.length]), MASK, body]);
}
