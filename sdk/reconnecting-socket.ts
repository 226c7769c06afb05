// A WebSocket that comes back. It notices a connection that is half-dead, waits with jitter between
// tries, and returns at once when the device is online again or the page is looked at again. What
// is said on it is `live.ts`.

import type { ServerFrame } from './api.ts';
import { jittered } from './waits.ts';

/** What of a WebSocket is used: those of browsers, of Node 22 and of the package `ws` have it. */
export interface SocketLike {
  addEventListener(type: 'open', listener: () => void): void;
  addEventListener(type: 'message', listener: (event: { readonly data: unknown }) => void): void;
  addEventListener(
    type: 'close',
    listener: (event: { readonly code: number; readonly reason: string }) => void,
  ): void;
  addEventListener(type: 'error', listener: () => void): void;
  send(text: string): void;
  close(): void;
}
export type SocketConstructor = new (url: string, protocols: string[]) => SocketLike;

export type LiveState = 'connecting' | 'open' | 'waiting' | 'ended';

/** Why a stream does not come back. */
export interface LiveEnd {
  /** A close code of the server, or 0: it could not be opened, and trying again would not help. */
  readonly closeCode: number;
  readonly reason: string;
  /** What the REST API says about it, where it was asked. */
  readonly error?: unknown;
}

/** In milliseconds. */
export interface LiveTiming {
  /** After so long without a frame the client sends `ping`. Default: 5 s. */
  readonly quietMs: number;
  /** After so long without an answer the connection is lost. Default: 4 s. */
  readonly answerMs: number;
  /** Of the wait before a try: the bound of the first one, which doubles. Default: 1 s. */
  readonly firstWaitMs: number;
  /** Default: 20 s. */
  readonly maxWaitMs: number;
}

export interface ReconnectingSocketOptions {
  readonly webSocket: SocketConstructor | undefined;
  readonly timing: Partial<LiveTiming> | undefined;
  /** Where to connect, and with which token. Asked before each try. */
  readonly address: () => Promise<{ readonly url: string; readonly token: string | null }>;
  /**
   * Asked after two failed tries in a row, since a browser does not say why a WebSocket was
   * refused: resolves to how long to wait, or to why there is no use.
   */
  readonly probe: () => Promise<number | LiveEnd>;
  readonly onOpen: () => void;
  readonly onFrame: (frame: ServerFrame) => void;
  readonly onState: (state: LiveState) => void;
  readonly onEnd: (end: LiveEnd) => void;
}

/** By default: together they are how late a half-dead connection is noticed. */
export const LIVE_TIMING: LiveTiming = {
  quietMs: 5_000,
  answerMs: 4_000,
  firstWaitMs: 1_000,
  maxWaitMs: 20_000,
};
const PROTOCOL = 'livedrops.v1';
const TOKEN_PROTOCOL = 'bearer.';
/** A connection that lasted so long was no failure. */
const STABLE_MS = 10_000;
/** Failed tries before the server is asked why. */
const UNEXPLAINED_MAX = 2;
const TOKEN_EXPIRED = 4001;
const TOO_MANY_MESSAGES = 4003;
const SLOWER_MS = 5_000;
/** Whoever does the same again is turned away again. */
const FINAL_CODES: readonly number[] = [1003, 1009];
const FINAL_CODES_FROM = 4400;

export class ReconnectingSocket {
  readonly #options: ReconnectingSocketOptions;
  readonly #timing: LiveTiming;
  #state: LiveState = 'connecting';
  #socket: SocketLike | null = null;
  /** Of the next try, or of the heartbeat. */
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Monotonic, as all times here. */
  #openedAt = 0;
  #heardAt = 0;
  #isPinged = false;
  /** Tries in a row without a stable connection. */
  #failures = 0;
  /** Of these, the ones that did not open. */
  #unopened = 0;
  /** Of the latest try: what belongs to an earlier one is late. */
  #attempt = 0;
  readonly #onOnline = (): void => this.#wake();
  readonly #onVisible = (): void => {
    if (page()?.document?.visibilityState !== 'hidden') this.#wake();
  };

  constructor(options: ReconnectingSocketOptions) {
    this.#options = options;
    this.#timing = { ...LIVE_TIMING, ...options.timing };
    page()?.addEventListener('online', this.#onOnline);
    page()?.document?.addEventListener('visibilitychange', this.#onVisible);
    void this.#connect();
  }

  get state(): LiveState {
    return this.#state;
  }

  /** Ignored while there is no connection: `onOpen` says everything anew. */
  send(message: object): void {
    if (this.#state === 'open') this.#socket?.send(JSON.stringify(message));
  }

  close(): void {
    this.#end(null);
  }

  /** Lost for the client; the next try is made as after any other loss. */
  drop(): void {
    this.#closed(this.#socket, 0, '');
  }

  async #connect(): Promise<void> {
    clearTimeout(this.#timer);
    this.#setState('connecting');
    const attempt = ++this.#attempt;
    const Socket =
      this.#options.webSocket ??
      (globalThis as unknown as { WebSocket?: SocketConstructor }).WebSocket;
    try {
      if (Socket === undefined) throw new TypeError('There is no WebSocket: give `webSocket`.');
      const { url, token } = await this.#options.address();
      if (attempt !== this.#attempt) return;
      const protocols = token === null ? [] : [TOKEN_PROTOCOL + token];
      this.#listen(new Socket(url.replace(/^http/, 'ws'), [PROTOCOL, ...protocols]));
    } catch (error) {
      if (attempt !== this.#attempt) return;
      if (Socket === undefined) this.#end({ closeCode: 0, reason: 'no WebSocket', error });
      else this.#closed(null, 0, '');
    }
  }

  #listen(socket: SocketLike): void {
    this.#socket = socket;
    this.#setTimer(this.#timing.quietMs + this.#timing.answerMs, () => this.drop());
    // What comes of a socket that was let go is nobody's.
    socket.addEventListener('open', () => {
      if (socket !== this.#socket) return;
      this.#openedAt = now();
      this.#unopened = 0;
      this.#hear();
      this.#setState('open');
      this.#watch();
      this.#options.onOpen();
    });
    socket.addEventListener('message', ({ data }) => {
      if (socket !== this.#socket) return;
      this.#hear();
      const frame = parse(data);
      if (frame !== null) this.#options.onFrame(frame);
    });
    socket.addEventListener('close', ({ code, reason }) => this.#closed(socket, code, reason));
    // `close` follows. The package `ws` throws an error that nobody listens to.
    socket.addEventListener('error', () => undefined);
  }

  #hear(): void {
    this.#heardAt = now();
    this.#isPinged = false;
  }

  /** Half-dead connections are noticed within `quietMs` and `answerMs`. */
  #watch(quietMs = this.#timing.quietMs): void {
    const quiet = now() - this.#heardAt;
    if (quiet < quietMs) return this.#setTimer(quietMs - quiet, () => this.#watch());
    this.#isPinged = true;
    this.send({ type: 'ping' });
    this.#setTimer(this.#timing.answerMs, () => {
      if (this.#isPinged) this.drop();
      else this.#watch();
    });
  }

  #closed(socket: SocketLike | null, code: number, reason: string): void {
    if (socket !== this.#socket || this.#state === 'ended') return;
    this.#detach();
    if (FINAL_CODES.includes(code) || code >= FINAL_CODES_FROM)
      return this.#end({ closeCode: code, reason });
    const wasOpen = this.#state === 'open';
    if (wasOpen && now() - this.#openedAt >= STABLE_MS) this.#failures = 0;
    if (!wasOpen) this.#unopened += 1;
    this.#failures += 1;
    this.#setState('waiting');
    if (this.#unopened > UNEXPLAINED_MAX) return void this.#waitAsTold();
    if (code === TOKEN_EXPIRED && this.#failures === 1) return void this.#connect();
    this.#wait(code === TOO_MANY_MESSAGES ? SLOWER_MS : 0);
  }

  /** With jitter, so that a crowd that a restart cut off does not come back together. */
  #wait(leastMs: number): void {
    const { firstWaitMs: firstMs, maxWaitMs: maxMs } = this.#timing;
    const wait = leastMs + jittered(this.#failures, { firstMs, maxMs });
    this.#setTimer(wait, () => void this.#connect());
  }

  async #waitAsTold(): Promise<void> {
    const attempt = this.#attempt;
    const told = await this.#options.probe();
    if (attempt !== this.#attempt) return;
    if (typeof told === 'number') this.#wait(told);
    else this.#end(told);
  }

  /** The device is online, or the page is looked at, again. */
  #wake(): void {
    if (this.#state === 'waiting') {
      this.#failures = 0;
      this.#unopened = 0;
      void this.#connect();
    } else if (this.#state === 'open' && !this.#isPinged) this.#watch(0);
  }

  #end(end: LiveEnd | null): void {
    if (this.#state === 'ended') return;
    this.#attempt += 1;
    this.#detach();
    this.#setState('ended');
    page()?.removeEventListener('online', this.#onOnline);
    page()?.document?.removeEventListener('visibilitychange', this.#onVisible);
    if (end !== null) this.#options.onEnd(end);
  }

  /** Without waiting for a closing handshake, which a half-dead connection never has. */
  #detach(): void {
    clearTimeout(this.#timer);
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }

  #setTimer(ms: number, run: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(run, ms);
  }

  #setState(state: LiveState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#options.onState(state);
  }
}

interface Page extends Pick<EventTarget, 'addEventListener' | 'removeEventListener'> {
  readonly document?: EventTarget & { readonly visibilityState: string };
}

/** Absent outside browsers. */
function page(): Page | undefined {
  const platform: object = globalThis;
  return 'document' in platform && 'addEventListener' in platform ? (platform as Page) : undefined;
}

function parse(data: unknown): ServerFrame | null {
  try {
    return JSON.parse(String(data)) as ServerFrame;
  } catch {
    return null;
  }
}

function now(): number {
  return performance.now();
}
