// A live stream client for tests: records every frame and waits for frames that match. A frame
// that AsyncAPI does not describe is an uncaught error, which fails the run (G5).

import { once } from 'node:events';
import type { ExecutionContext } from 'ava';
import { type ClientOptions, WebSocket } from 'ws';
import { assertDescribed } from './described-frames.ts';
import type { SaleClient } from './sale-client.ts';

export interface Frame {
  readonly type: string;
  readonly topic?: string;
  readonly dropId?: string;
  readonly mediaId?: string;
  readonly version?: number;
  readonly id?: string;
  readonly code?: string;
  readonly request?: string;
  readonly lastId?: string;
  readonly count?: number;
  readonly expiresAt?: string;
  readonly liveDrops?: readonly unknown[];
  readonly data?: Readonly<Record<string, unknown>>;
}

/** For a machine that is busy with other tests. */
const WAIT_MAX_MS = 30_000;

export class LiveClient {
  readonly frames: Frame[] = [];
  readonly socket: WebSocket;
  readonly #closed: Promise<number>;
  #looking: (() => void) | null = null;

  private constructor(address: string, options: ClientOptions, isThisVersion: boolean) {
    this.socket = new WebSocket(address, options);
    this.socket.on('message', (bytes: Buffer) => {
      const frame = JSON.parse(bytes.toString()) as Frame;
      if (isThisVersion) assertDescribed(frame);
      this.frames.push(frame);
      this.#looking?.();
    });
    this.#closed = new Promise((resolve) => this.socket.once('close', resolve));
  }

  /** A visitor's stream of one drop. */
  static async visit(t: ExecutionContext, server: SaleClient, dropId: string): Promise<LiveClient> {
    return await LiveClient.open(t, server, `/v1/drops/${dropId}/live`, {});
  }

  /** A user's stream with its automatic subscriptions. */
  static async listen(
    t: ExecutionContext,
    server: SaleClient,
    userId: string,
    token = server.token(userId),
  ): Promise<LiveClient> {
    const headers = { authorization: `Bearer ${token}` };
    const client = await LiveClient.open(t, server, '/v1/notifications', { headers });
    await client.next(({ type }) => type === 'ready');
    return client;
  }

  static async open(
    t: ExecutionContext,
    server: SaleClient,
    path: string,
    options: ClientOptions,
  ): Promise<LiveClient> {
    const address = server.nextUrl().replace('http', 'ws') + path;
    const client = new LiveClient(address, options, server.isThisVersion);
    t.teardown(() => client.socket.terminate());
    await once(client.socket, 'open');
    return client;
  }

  send(message: unknown): void {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  /** Sends a message and waits for the first matching frame after it. */
  async ask(message: unknown, wanted: (frame: Frame) => boolean): Promise<Frame> {
    const from = this.frames.length;
    this.send(message);
    return await this.next(wanted, from);
  }

  /**
   * The first matching frame from index `from` on, also in future. Rejects after `WAIT_MAX_MS`,
   * and when the stream ends.
   */
  async next(wanted: (frame: Frame) => boolean, from = 0): Promise<Frame> {
    const found = Promise.withResolvers<Frame>();
    let at = from;
    const poll = (): void => {
      for (; at < this.frames.length; at++) {
        if (wanted(this.frames[at]!)) return found.resolve(this.frames[at]!);
      }
    };
    const fail = (why: string): void => {
      const types = this.frames.map(({ type }) => type).join(', ');
      found.reject(new Error(`the wanted frame did not come${why}; there were: ${types}`));
    };
    const timeout = setTimeout(() => fail(''), WAIT_MAX_MS);
    this.#looking = poll;
    poll();
    void this.#closed.then((code) => fail(`, and the stream ended with ${code}`));
    try {
      return await found.promise;
    } finally {
      clearTimeout(timeout);
      this.#looking = null;
    }
  }

  /** Resolves to the close code, once the server has ended the stream. */
  closed(): Promise<number> {
    return this.#closed;
  }

  /** Ends the stream from this side. */
  async leave(): Promise<void> {
    this.socket.close();
    await this.#closed;
  }

  notices(): Frame[] {
    return this.frames.filter(({ type }) => type === 'notification');
  }

  ofDrop(topic: string): Frame[] {
    return this.frames.filter((frame) => frame.topic === topic && frame.version !== undefined);
  }
}
