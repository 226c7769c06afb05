// What every live connection does, whoever is behind it: takes in messages within their rate,
// answers malformed ones, notices when its client is too slow, and ends once. Nothing here loops,
// waits or keeps a timer: an idle connection is one small object.

import type { LiveConnection, LiveSocket } from '../http/socket.ts';
import {
  type ClientMessage,
  CLOSE_CODES,
  type CloseCode,
  type ErrorFrame,
} from '../../contracts/live.ts';
import { parseClientMessage } from './client-message.ts';
import { errorFrame, PONG_FRAME } from './frames.ts';
import type { Closable, LiveContext } from './live-context.ts';

export interface ConnectionOptions {
  readonly context: LiveContext;
  readonly socket: LiveSocket;
}

export abstract class Connection implements LiveConnection, Closable {
  protected readonly context: LiveContext;
  protected readonly socket: LiveSocket;
  #ended = false;
  #malformedInRow = 0;
  /**
   * Messages over the rate since the client last paused for as long as a whole burst takes to come
   * back.
   */
  #limited = 0;
  /** When its burst of messages is whole again. */
  #wholeAt = 0;
  /**
   * No frame that was dropped and has not been made good yet was published before this, on the
   * monotonic clock; null where there is none.
   */
  #missedAt: number | null = null;

  constructor(options: ConnectionOptions) {
    this.context = options.context;
    this.socket = options.socket;
  }

  /** Answers a well-formed message. */
  protected abstract handle(message: Exclude<ClientMessage, { type: 'ping' }>): void;
  /**
   * Sends fresh snapshots of all that changed since `since` (monotonic); false when one of them
   * was dropped again, or cannot be made any more and the connection was closed.
   */
  protected abstract catchUp(since: number): boolean;
  /** Gives up every subscription and timer. The socket must not be touched: it may be gone. */
  protected abstract detach(): void;

  get isClosed(): boolean {
    return this.#ended;
  }

  received(text: string | null): void {
    if (this.#ended) return;
    if (text === null) return this.close(CLOSE_CODES.binaryFrame);
    if (Buffer.byteLength(text) > this.context.bounds.messageBytesMax)
      return this.close(CLOSE_CODES.messageTooLong);
    if (!this.#withinRate()) return this.#refuseRate();
    const parsed = parseClientMessage(text);
    if (!parsed.ok) {
      this.#malformedInRow++;
      const { request, detail } = parsed;
      this.refuse({
        code: 'invalid-request',
        detail,
        ...(request === undefined ? {} : { request }),
      });
      if (this.#malformedInRow >= this.context.bounds.malformedMax)
        this.close(CLOSE_CODES.malformed);
      return;
    }
    this.#malformedInRow = 0;
    if (parsed.message.type === 'ping') this.reply(PONG_FRAME);
    else this.handle(parsed.message);
  }

  missedFrame(): void {
    this.context.counters.framesDropped++;
    this.#noteMissed();
  }

  drained(): void {
    if (this.#ended || this.#missedAt === null) return;
    const since = this.#missedAt;
    this.#missedAt = null;
    if (!this.catchUp(since)) this.#missedAt = since;
  }

  closed(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.detach();
    this.context.removeConnection(this);
  }

  /** Ends the connection from this side; later calls do nothing. */
  close(code: CloseCode): void {
    if (this.#ended) return;
    this.closed();
    const { closed } = this.context.counters;
    closed[code.code] = (closed[code.code] ?? 0) + 1;
    this.socket.end(code.code, code.reason);
  }

  /** Sends what must not be lost; a client that cannot take it is closed, and false returned. */
  protected reply(text: string): boolean {
    if (this.#ended) return false;
    if (this.socket.send(text) !== 'dropped') return true;
    this.close(CLOSE_CODES.slowClient);
    return false;
  }

  protected refuse(error: Omit<ErrorFrame, 'type'>): void {
    this.reply(errorFrame(error));
  }

  /** Sends what a later one replaces. Where the buffer is full it follows when there is room. */
  protected sendSnapshot(text: string): boolean {
    if (this.socket.send(text) !== 'dropped') return true;
    this.#noteMissed();
    return false;
  }

  #noteMissed(): void {
    if (this.#missedAt !== null) return;
    this.#missedAt = this.context.clock.monotonic() - this.context.bounds.droppedToldMsMax;
  }

  #withinRate(): boolean {
    const { clock, messageRate } = this.context;
    const now = clock.monotonic();
    if (this.#wholeAt <= now) this.#limited = 0;
    const next = messageRate.next(this.#wholeAt, now);
    if (messageRate.waitMs(next, now) > 0) return false;
    this.#wholeAt = next;
    return true;
  }

  #refuseRate(): void {
    this.#limited++;
    if (this.#limited >= this.context.bounds.limitedMax)
      return this.close(CLOSE_CODES.tooManyMessages);
    const { messagesPerSecond } = this.context.bounds;
    this.refuse({
      code: 'rate-limited',
      detail: `At most ${messagesPerSecond} messages a second over time.`,
    });
  }
}
