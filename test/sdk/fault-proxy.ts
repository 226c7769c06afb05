// A TCP proxy between a client and the server that cuts, delays and splits, as the test says.

import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import type { ExecutionContext } from 'ava';

/** Bytes count from `arm` on, over all connections. Absent fields: no fault. */
export interface Faults {
  /** All connections are lost when so many bytes went on to the server. */
  readonly cutRequestAt?: number;
  /** All connections are lost when so many bytes went on to the client. */
  readonly cutReplyAt?: number;
  /** From so many bytes to the server on, they go on when this resolves. */
  readonly holdRequest?: { readonly at: number; readonly until: Promise<void> };
  /** Bytes go on in pieces of this length, each in a turn of the event loop of its own. */
  readonly pieceBytes?: number;
}

export class FaultProxy {
  /** Bytes since `arm` that went on. */
  requestBytes = 0;
  replyBytes = 0;
  /** New connections are closed at once. */
  isDown = false;
  /** Nothing goes on, and nothing is closed: connections are half-dead. */
  isSilent = false;
  /** The same for what goes to the client alone. */
  areRepliesSilent = false;
  /** Of all so far. */
  connections = 0;
  /** Called for each new connection, before its first byte goes on. */
  onConnection: () => void = () => undefined;
  /** Called for each request that opens a WebSocket, before it goes on, with its length. */
  onUpgrade: (bytes: number) => void = () => undefined;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #port: number;
  #faults: Faults = {};

  private constructor(port: number) {
    this.#port = port;
    this.#server = createServer((client) => this.#accept(client));
  }

  static async start(t: ExecutionContext, url: string): Promise<FaultProxy> {
    const proxy = new FaultProxy(Number(new URL(url).port));
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    t.teardown(() => {
      proxy.cutAll();
      proxy.#server.close();
    });
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Faults from now on. A cut happens once. */
  arm(faults: Faults): void {
    this.#faults = faults;
    this.requestBytes = 0;
    this.replyBytes = 0;
  }

  /** New connections go there. */
  toward(url: string): void {
    this.#port = Number(new URL(url).port);
  }

  cutAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #accept(client: Socket): void {
    if (this.isDown) return void client.destroy();
    this.connections += 1;
    this.onConnection();
    client.on('data', (bytes: Buffer) => {
      if (bytes.includes('websocket')) this.onUpgrade(bytes.length);
    });
    const server = connect({ port: this.#port, host: '127.0.0.1', noDelay: true });
    client.setNoDelay(true);
    for (const socket of [client, server]) {
      this.#sockets.add(socket);
      const other = socket === client ? server : client;
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        this.#sockets.delete(socket);
        other.destroy();
      });
    }
    this.#pipe(client, server, 'requestBytes', 'cutRequestAt');
    this.#pipe(server, client, 'replyBytes', 'cutReplyAt');
  }

  #pipe(
    from: Socket,
    to: Socket,
    counter: 'requestBytes' | 'replyBytes',
    fault: 'cutRequestAt' | 'cutReplyAt',
  ): void {
    let sent = Promise.resolve();
    from.on('data', (bytes: Buffer) => {
      const isReply = counter === 'replyBytes';
      if (this.isSilent || (isReply && this.areRepliesSilent)) return;
      const cutAt = this.#faults[fault] ?? Infinity;
      const before = this[counter];
      const left = cutAt - before;
      const isCut = bytes.length >= left;
      this[counter] += bytes.length;
      if (isCut) this.#faults = {};
      const part = isCut ? bytes.subarray(0, left) : bytes;
      const { pieceBytes, holdRequest } = this.#faults;
      const hold = isReply ? undefined : holdRequest;
      const goesOn = Math.max(0, (hold?.at ?? Infinity) - before);
      sent = sent
        .then(() => inPieces(to, part.subarray(0, goesOn), pieceBytes))
        .then(() => (goesOn < part.length ? hold?.until : undefined))
        .then(() => inPieces(to, part.subarray(goesOn), pieceBytes))
        .then(() => {
          if (isCut) this.cutAll();
        });
    });
  }
}

/** Resolves when the other side's kernel has the bytes. */
async function inPieces(to: Socket, bytes: Buffer, length = bytes.length): Promise<void> {
  for (let at = 0; at < bytes.length; at += length) {
    const piece = bytes.subarray(at, at + length);
    if (to.writable) await new Promise<unknown>((resolve) => to.write(piece, resolve));
    if (length < bytes.length) await new Promise<unknown>((resolve) => setImmediate(resolve));
  }
}
