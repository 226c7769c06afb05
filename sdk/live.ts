// `@livedrops/client/live`: the live stream of a user, and that of one drop for anybody. Each
// notification comes to its handler once and in order, over any number of connections; versions of
// drops only rise.

import type {
  MediaReadyFrame,
  MediaRefusedFrame,
  NotificationFrame,
  PaymentFailedFrame,
  PaymentReadyFrame,
  ReadyFrame,
  ServerFrame,
} from './api.ts';
import type { LiveDrops } from './client.ts';
import { DropVersions } from './drop-versions.ts';
import { ProblemError } from './errors.ts';
import {
  type LiveEnd,
  type LiveState,
  type LiveTiming,
  ReconnectingSocket,
  type SocketConstructor,
} from './reconnecting-socket.ts';
import { compareIds, ReplayOrder } from './replay-order.ts';
import { ServerClock } from './server-clock.ts';
import { type DropHandler, Topics, type TopicRefusal } from './topics.ts';

export type { LiveEnd, LiveState, LiveTiming, SocketConstructor } from './reconnecting-socket.ts';
export type { DropHandler, TopicRefusal } from './topics.ts';

/** Handlers are called one after the other, and must not throw. */
export interface StreamOptions {
  readonly client: LiveDrops;
  readonly onState?: (state: LiveState) => void;
  /** The stream ended for good, other than by `close`. */
  readonly onEnd?: (end: LiveEnd) => void;
  /** Where there is none in the platform (Node 18 and 20): that of the package `ws`. */
  readonly webSocket?: SocketConstructor;
  readonly timing?: Partial<LiveTiming>;
}

export interface LiveStreamOptions extends StreamOptions {
  /** Each notification once, in order. `frame.id` is the position after it. */
  readonly onNotification?: (frame: NotificationFrame) => void;
  /** The id of the last notification that was handled before; `'0'`: all. Absent: from now on. */
  readonly after?: string;
  /** With the drops of followed creators that are live now. After each connection. */
  readonly onReady?: (frame: ReadyFrame) => void;
  /** Milestones of the drops of followed creators. */
  readonly onFollowed?: DropHandler;
  /** Ephemeral: what comes while there is no connection is lost. */
  readonly onPayment?: (frame: PaymentFailedFrame | PaymentReadyFrame) => void;
  /** What became of the user's uploads. Ephemeral as well. */
  readonly onMedia?: (frame: MediaReadyFrame | MediaRefusedFrame) => void;
}

/** Before its end the stream gets a newer token. */
const RENEW_BEFORE_MS = 60_000;
const RENEW_AGAIN_MS = 10_000;
const TIMEOUT_MAX_MS = 2 ** 31 - 1;

/** The stream of the client's user. It connects at once, and goes on until `close`. */
export class LiveStream {
  readonly #options: LiveStreamOptions;
  readonly #socket: ReconnectingSocket;
  readonly #topics: Topics;
  readonly #clock = new ServerClock();
  readonly #followed = new DropVersions();
  #after: string | null;
  #replay: ReplayOrder | null = null;
  #token: string | null = null;
  #renewal: ReturnType<typeof setTimeout> | undefined;

  constructor(options: LiveStreamOptions) {
    this.#options = options;
    this.#after = options.after ?? null;
    this.#topics = new Topics((message) => this.#socket.send(message));
    this.#socket = new ReconnectingSocket({
      webSocket: options.webSocket,
      timing: options.timing,
      address: () => this.#address(),
      probe: () => probe(() => this.#newestId()),
      onOpen: () => this.#opened(),
      onFrame: (frame) => this.#received(frame),
      onState: (state) => options.onState?.(state),
      onEnd: (end) => {
        this.#stop();
        options.onEnd?.(end);
      },
    });
  }

  get state(): LiveState {
    return this.#socket.state;
  }

  /** The id of the last notification that was handled; null before the first connection. */
  get lastId(): string | null {
    return this.#after;
  }

  /** The server's clock, in milliseconds since the Unix epoch; the device's before `onReady`. */
  serverNow(): number {
    return this.#clock.now();
  }

  /**
   * Calls the handler with the state of the drop, and with each newer one. Resolves nothing: a drop
   * that does not exist is told to `onRefused`. The result ends it.
   */
  watchDrop(
    dropId: string,
    onFrame: DropHandler,
    onRefused?: (refusal: TopicRefusal) => void,
  ): () => void {
    return this.#topics.watch(`drop:${dropId}`, { onFrame, onRefused });
  }

  /** Calls the handler with the milestones of all drops of the creator. The result ends it. */
  watchCreator(
    creatorId: string,
    onFrame: DropHandler,
    onRefused?: (refusal: TopicRefusal) => void,
  ): () => void {
    return this.#topics.watch(`creator:${creatorId}`, { onFrame, onRefused });
  }

  close(): void {
    this.#stop();
    this.#socket.close();
  }

  #stop(): void {
    clearTimeout(this.#renewal);
    this.#topics.disconnected();
  }

  async #address(): Promise<{ url: string; token: string }> {
    const { client } = this.#options;
    this.#after ??= await this.#newestId();
    this.#token = await client.token();
    if (this.#token === null) throw new TypeError('Nobody is logged in.');
    return { url: `${client.url}/v1/notifications`, token: this.#token };
  }

  async #newestId(): Promise<string> {
    const input = { query: { limit: 1 }, triesMax: 1 };
    const { items } = await this.#options.client.call('GET /v1/notifications', input);
    return items[0]?.id ?? '0';
  }

  #opened(): void {
    this.#replay = new ReplayOrder(
      (frame) => this.#notified(frame),
      () => this.#socket.drop(),
    );
    this.#socket.send({ type: 'resume', after: this.#after });
    this.#socket.send({ type: 'ping' });
    this.#topics.connected();
  }

  #received(frame: ServerFrame): void {
    if ('serverTime' in frame && frame.serverTime !== undefined)
      this.#clock.hear(frame.serverTime, frame.type === 'ready');
    switch (frame.type) {
      case 'ready':
        this.#renewBefore(frame.expiresAt, frame.serverTime);
        return this.#options.onReady?.(frame);
      case 'authenticated':
        return this.#renewBefore(frame.expiresAt, frame.at);
      case 'pong':
        return this.#replay?.resumeRead();
      case 'notification':
        // A slower gateway may send what a quicker one has sent: the replay does not have it.
        if (compareIds(frame.id, this.#after ?? '0') > 0) this.#replay?.received(frame);
        return;
      case 'resumed':
        this.#replay?.resumed();
        this.#after = frame.lastId;
        return;
      case 'order.payment_failed':
      case 'order.payment_ready':
        return this.#options.onPayment?.(frame);
      case 'media.ready':
      case 'media.refused':
        return this.#options.onMedia?.(frame);
      case 'subscribed':
        return this.#topics.confirmed(frame.topic);
      case 'error':
        return this.#topics.refused(frame);
      case 'unsubscribed':
        return;
      default:
        // A newer server may send frames that are not known here.
        if (!('version' in frame)) return;
        this.#topics.received(frame);
        if (frame.topic.startsWith('creator:') && this.#followed.isNewer(frame))
          this.#options.onFollowed?.(frame);
    }
  }

  #notified(frame: NotificationFrame): void {
    this.#after = frame.id;
    this.#options.onNotification?.(frame);
  }

  /** Both by the server's clock. */
  #renewBefore(expiresAt: string, serverTime: number): void {
    const left = Date.parse(expiresAt) - serverTime;
    this.#renewIn(Math.max(left - RENEW_BEFORE_MS, left / 2));
  }

  #renewIn(ms: number): void {
    clearTimeout(this.#renewal);
    if (ms <= TIMEOUT_MAX_MS) this.#renewal = setTimeout(() => void this.#renew(), ms);
  }

  async #renew(): Promise<void> {
    const accessToken = await this.#options.client.token(this.#token!).catch(() => null);
    if (this.state === 'ended') return;
    // Where there is none, the stream ends with its token, and the next try says why.
    if (accessToken === null || accessToken === this.#token) return this.#renewIn(RENEW_AGAIN_MS);
    this.#token = accessToken;
    this.#socket.send({ type: 'authenticate', accessToken });
  }
}

export interface DropStreamOptions extends StreamOptions {
  readonly dropId: string;
  /** The state of the drop, and each newer one. */
  readonly onFrame: DropHandler;
}

/** One drop, for anybody. It connects at once, and goes on until `close`. */
export class DropStream {
  readonly #socket: ReconnectingSocket;
  readonly #clock = new ServerClock();
  readonly #versions = new DropVersions();

  constructor({ client, dropId, onFrame, ...options }: DropStreamOptions) {
    const path = { id: dropId };
    const url = (): string => `${client.url}/v1/drops/${encodeURIComponent(dropId)}/live`;
    this.#socket = new ReconnectingSocket({
      webSocket: options.webSocket,
      timing: options.timing,
      address: async () => ({ url: url(), token: null }),
      probe: () => probe(() => client.call('GET /v1/drops/{id}', { path, triesMax: 1 })),
      onOpen: () => undefined,
      onFrame: (frame) => {
        if (!('version' in frame)) return;
        if (frame.serverTime !== undefined) this.#clock.hear(frame.serverTime, false);
        if (this.#versions.isNewer(frame)) onFrame(frame);
      },
      onState: (state) => options.onState?.(state),
      onEnd: (end) => options.onEnd?.(end),
    });
  }

  get state(): LiveState {
    return this.#socket.state;
  }

  /** The server's clock, in milliseconds since the Unix epoch; the device's before a frame. */
  serverNow(): number {
    return this.#clock.now();
  }

  close(): void {
    this.#socket.close();
  }
}

/** How long to wait before the next try, by what the REST API says; or why there is no use. */
async function probe(ask: () => Promise<unknown>): Promise<number | LiveEnd> {
  try {
    await ask();
    return 0;
  } catch (error) {
    if (!(error instanceof ProblemError)) return 0;
    if (error.status === 429 || error.status >= 500) return error.retryAfterMs ?? 0;
    return { closeCode: 0, reason: error.message, error };
  }
}
