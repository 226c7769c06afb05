// A minimal WebSocket client for measuring. It parses the server's frames in a buffer that all
// sockets of the process share, passes text frames on as a range of that buffer, and answers pings.
// It checks nothing else, copies only a frame that comes in pieces, and allocates nothing for a
// whole frame.

import { connect, type Socket } from 'node:net';

const READ_BUFFER_BYTES = 64 * 1024;
const TEXT = 1;
const CLOSE = 8;
const PING = 9;
/** The frames of a client must be masked. This mask does not change the bytes. */
const MASK = Buffer.alloc(4);
const PONG = Buffer.from([0x8a, 0x80, ...MASK]);
const HEAD_END = '\r\n\r\n';
/**
 * Linux searches for a free source port. With thousands of ports in use on one address the search
 * takes longer than the rest of a connection: 7 ms at 8,000 ports, 0.1 ms at 500.
 */
const SOCKETS_PER_ADDRESS = 500;
const ADDRESSES_PER_SUBNET = 250;

/** One buffer is enough for all sockets: each read is processed before the next read. */
const readBuffer = Buffer.alloc(READ_BUFFER_BYTES);

export interface LiveSocketOptions {
  readonly host: string;
  readonly port: number;
  /** A loopback address of its own, so that many thousand sockets do not run out of ports. */
  readonly localAddress: string;
  readonly path: string;
  /** The subprotocol that the client offers; none unless given. */
  readonly protocol?: string;
  readonly index: number;
  readonly sink: LiveSocketSink;
}

export interface LiveSocketSink {
  upgraded(index: number): void;
  /** A text frame is in `bytes` from `from` to `to`, and only until this call returns. */
  frame(index: number, bytes: Buffer, from: number, to: number): void;
  /** The server closed or refused the connection. `code` is 0 without a close frame. */
  closed(index: number, code: number): void;
}

/** The source address of the socket at `index`, in the process's own network 127.`network`.0.0. */
export function sourceAddress(network: number, index: number): string {
  const address = Math.floor(index / SOCKETS_PER_ADDRESS);
  const subnet = Math.floor(address / ADDRESSES_PER_SUBNET);
  return `127.${network}.${subnet}.${1 + (address % ADDRESSES_PER_SUBNET)}`;
}

/**
 * On SIGTERM, resets all sockets before the process ends. A normal close would leave the ports in
 * TIME_WAIT for a minute, in which the next process finds free ports only slowly.
 */
export function endBySignal(cutOff: () => void): void {
  process.once('SIGTERM', () => {
    cutOff();
    setImmediate(() => process.exit());
  });
}

export class LoadSocket {
  readonly #socket: Socket;
  readonly #options: LiveSocketOptions;
  #isUpgraded = false;
  #isEnded = false;
  /** An incomplete head or frame. */
  #pending: Buffer | null = null;
  #closeCode = 0;

  constructor(options: LiveSocketOptions) {
    const { host, port, localAddress, path, protocol, index, sink } = options;
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
          (protocol === undefined ? '' : `sec-websocket-protocol: ${protocol}\r\n`) +
          `sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==${HEAD_END}`,
      );
    });
    // The close event that follows reports the error.
    this.#socket.on('error', () => undefined);
    this.#socket.on('close', () => {
      if (!this.#isEnded) sink.closed(index, this.#closeCode);
    });
  }

  /** Sends a text frame of at most 65,535 bytes. The socket must be upgraded. */
  send(text: string): void {
    this.#socket.write(textFrame(text));
  }

  /** Resets the connection without a close frame. The sink gets no further calls. */
  reset(): void {
    this.#isEnded = true;
    this.#socket.resetAndDestroy();
  }

  #receive(chunk: Buffer): void {
    if (this.#isEnded) return;
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
    const { index, sink } = this.#options;
    sink.upgraded(index);
    return this.#frames(bytes, end + HEAD_END.length);
  }

  /** Returns the offset of the first incomplete frame. */
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
    else if (opcode === CLOSE) {
      this.#closeCode = to - from < 2 ? 0 : bytes.readUInt16BE(from);
      this.#socket.end();
    }
  }
}

/** True if the frame from `from` to `to` begins with `start`. */
export function begins(bytes: Buffer, from: number, to: number, start: Buffer): boolean {
  return (
    to - from >= start.length && bytes.compare(start, 0, undefined, from, from + start.length) === 0
  );
}

function textFrame(text: string): Buffer {
  const body = Buffer.from(text);
  const { length } = body;
  if (length > 0xffff) throw new RangeError('a frame to the server has at most 65,535 bytes');
  const head = length < 126 ? [0x80 | length] : [0x80 | 126, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([0x80 | TEXT, ...head]), MASK, body]);
}
