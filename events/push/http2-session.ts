// One HTTP/2 session with a push service (RFC 9113): posts small messages, and hears of their
// replies no more than status and Retry-After.

import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type IncomingHttpHeaders,
  type IncomingHttpStatusHeader,
} from 'node:http2';
import type { Socket } from 'node:net';
import type { PushReply, PushRequest } from './push-transport.ts';

/** `again`: the service has surely not acted on it, so another session may take it at once. */
export type StreamReply = PushReply | 'again';

/** Until the service says how many it takes; most take 100 or more. */
const STREAMS_MAX = 100;
const IDLE_MS = 30_000;
const PING_TIMEOUT_MS = 5_000;
/**
 * For a reply's end, once its status is there. A stream that is cancelled at once would be cheaper,
 * but services take many of those for an attack.
 */
const REPLY_END_MS = 1_000;
const HEADER_BYTES_MAX = 16 * 1_024;
/** Of a reply's body, which nobody reads. */
const BODY_BYTES_MAX = 16 * 1_024;

export class Http2Session {
  readonly #session: ClientHttp2Session;
  readonly #onClosed: () => void;
  #streams = 0;
  /** Streams above it were not acted on (RFC 9113, 6.8). Null: no GOAWAY has come. */
  #lastStreamId: number | null = null;
  #isPinging = false;

  /** `socket`: connected, with h2 agreed on. `onClosed` is called once. */
  constructor(origin: string, socket: Socket, onClosed: () => void) {
    this.#onClosed = onClosed;
    this.#session = connect(origin, {
      createConnection: () => socket,
      settings: { enablePush: false, maxHeaderListSize: HEADER_BYTES_MAX },
      maxReservedRemoteStreams: 0,
    });
    this.#session.on('error', () => {});
    this.#session.on('goaway', (_code, lastStreamId) => void (this.#lastStreamId = lastStreamId));
    this.#session.once('close', () => this.#onClosed());
    this.#session.setTimeout(IDLE_MS, () => {
      if (this.#streams === 0) this.#session.close();
    });
  }

  /** Messages under way. */
  get streams(): number {
    return this.#streams;
  }

  get isOpen(): boolean {
    return !this.#session.closed && !this.#session.destroyed && this.#lastStreamId === null;
  }

  /** Messages under way at once. */
  get streamsMax(): number {
    return Math.min(this.#session.remoteSettings?.maxConcurrentStreams ?? STREAMS_MAX, STREAMS_MAX);
  }

  destroy(): void {
    this.#session.destroy();
  }

  /** Never rejects. */
  post({ url, headers, body, timeoutMs, signal }: PushRequest): Promise<StreamReply> {
    if (!this.isOpen) return Promise.resolve('again');
    let stream: ClientHttp2Stream;
    try {
      stream = this.#session.request({
        ...headers,
        ':method': 'POST',
        ':path': url.pathname + url.search,
        'content-length': String(body.length),
      });
    } catch {
      return Promise.resolve('again');
    }
    this.#streams += 1;
    const { promise, resolve } = Promise.withResolvers<StreamReply>();
    const giveUp = (failure: string) => {
      resolve({ ok: false, failure });
      stream.close(constants.NGHTTP2_CANCEL);
    };
    let timer = setTimeout(() => {
      giveUp('timeout');
      this.#ping();
    }, timeoutMs);
    const onAbort = () => giveUp('aborted');
    signal?.addEventListener('abort', onAbort, { once: true });
    const onReply = (reply: IncomingHttpHeaders & IncomingHttpStatusHeader, flags: number) => {
      resolve({ ok: true, status: reply[':status'] ?? 0, retryAfter: reply['retry-after'] });
      if ((flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0) return;
      clearTimeout(timer);
      timer = setTimeout(() => stream.close(constants.NGHTTP2_CANCEL), REPLY_END_MS);
    };
    stream.once('response', onReply);
    let bytes = 0;
    stream.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > BODY_BYTES_MAX) stream.close(constants.NGHTTP2_CANCEL);
    });
    // What went wrong is in its code, when it is closed.
    stream.on('error', () => {});
    stream.once('close', () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      this.#streams -= 1;
      resolve(this.#isUntouched(stream) ? 'again' : { ok: false, failure: 'closed' });
    });
    stream.end(body);
    if (signal?.aborted === true) onAbort();
    return promise;
  }

  #isUntouched({ id, rstCode }: ClientHttp2Stream): boolean {
    if (rstCode === constants.NGHTTP2_REFUSED_STREAM || id === undefined) return true;
    return this.#lastStreamId !== null && id > this.#lastStreamId;
  }

  /** Ends the session where nothing comes from the other side any more. */
  #ping(): void {
    if (this.#isPinging || this.#session.destroyed) return;
    this.#isPinging = true;
    const timer = setTimeout(() => this.#session.destroy(), PING_TIMEOUT_MS);
    const answered = () => {
      clearTimeout(timer);
      this.#isPinging = false;
    };
    if (!this.#session.ping(answered)) answered();
  }
}
