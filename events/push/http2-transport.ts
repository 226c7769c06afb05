// Messages to one push service over a few HTTP/2 sessions. Sessions are opened when those that are
// there are full, and close when they are idle.

import type { Socket } from 'node:net';
import type { Connector } from '../outbound/connector.ts';
import { OutboundError } from '../outbound/outbound-error.ts';
import { Http2Session } from './http2-session.ts';
import type { PushNoReply, PushReply, PushRequest, PushTransport } from './push-transport.ts';

export interface Http2TransportOptions {
  readonly origin: string;
  readonly connector: Connector;
}

/** The service has agreed on something else. */
export const NO_HTTP2 = 'no-http2';
const SESSIONS_MAX = 4;
/** Of one message, where sessions end before the service has acted on it. */
const TRIES = 3;

export class Http2Transport implements PushTransport {
  readonly #options: Http2TransportOptions;
  readonly #sessions = new Set<Http2Session>();
  #opening: Promise<Http2Session | PushNoReply> | null = null;
  #closed = false;

  constructor(options: Http2TransportOptions) {
    this.#options = options;
  }

  async post(request: PushRequest): Promise<PushReply> {
    const until = performance.now() + request.timeoutMs;
    for (let tries = 0; tries < TRIES && performance.now() < until; tries++) {
      const session = await this.#session();
      if (!(session instanceof Http2Session)) return session;
      const reply = await session.post(request);
      if (reply !== 'again') return reply;
    }
    return { ok: false, failure: 'refused-stream' };
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const session of this.#sessions) session.destroy();
    await this.#opening;
  }

  async #session(): Promise<Http2Session | PushNoReply> {
    const free = this.#leastUsed();
    if (free === null) return await this.#openOnce();
    if (free.streams >= free.streamsMax && this.#sessions.size < SESSIONS_MAX)
      void this.#openOnce();
    return free;
  }

  /** Of the open ones; null: there is none. */
  #leastUsed(): Http2Session | null {
    let best: Http2Session | null = null;
    for (const session of this.#sessions) {
      if (session.isOpen && (best === null || session.streams < best.streams)) best = session;
    }
    return best;
  }

  #openOnce(): Promise<Http2Session | PushNoReply> {
    this.#opening ??= this.#open().finally(() => {
      this.#opening = null;
    });
    return this.#opening;
  }

  /** Never rejects. */
  async #open(): Promise<Http2Session | PushNoReply> {
    const { origin, connector } = this.#options;
    let socket: Socket & { readonly alpnProtocol?: string | false | null };
    try {
      socket = await connector.connect(origin, ['h2', 'http/1.1']);
    } catch (error) {
      return { ok: false, failure: error instanceof OutboundError ? error.failure : 'connect' };
    }
    if (this.#closed || socket.destroyed || socket.alpnProtocol !== 'h2') {
      const isOther = !this.#closed && !socket.destroyed;
      socket.destroy();
      if (isOther) return { ok: false, failure: NO_HTTP2 };
      return { ok: false, failure: this.#closed ? 'aborted' : 'closed' };
    }
    const session: Http2Session = new Http2Session(origin, socket, () =>
      this.#sessions.delete(session),
    );
    this.#sessions.add(session);
    return session;
  }
}
