// What all connections of the hub have in common, whatever protocol they speak. A connection takes
// messages within their rate, notices a client that reads too slowly, and ends once. It has no loop
// and no timer: an idle connection is one small object.

import type { LiveConnection, LiveSocket } from '../http/socket.ts';
import { CLOSE_CODES, type CloseCode } from '../../contracts/live.ts';
import type { Closable, LiveContext } from './live-context.ts';

export interface ConnectionOptions {
  readonly context: LiveContext;
  readonly socket: LiveSocket;
}

export abstract class HubConnection implements LiveConnection, Closable {
  protected readonly context: LiveContext;
  protected readonly socket: LiveSocket;
  #ended = false;
  /** Messages over the rate since the client last paused until its burst was full again. */
  #overRate = 0;
  /** The monotonic time at which the burst of messages is full again. */
  #burstFullAt = 0;
  /**
   * Every dropped frame without a newer snapshot was published at or after this monotonic time.
   * Null while there is no such frame.
   */
  #missedAt: number | null = null;

  constructor(options: ConnectionOptions) {
    this.context = options.context;
    this.socket = options.socket;
  }

  /** Takes a message that is within its bounds. */
  protected abstract take(message: string): void;
  /** Says that the message was not taken: there were too many. */
  protected abstract refuseRate(detail: string): void;
  /**
   * Sends fresh snapshots of everything that changed since `since` (monotonic). False when a
   * snapshot was dropped, or when a change is no longer stored and the connection was closed.
   */
  protected abstract catchUp(since: number): boolean;
  /** Ends every subscription and timer. The socket may be closed already and must not be used. */
  protected abstract detach(): void;

  get isClosed(): boolean {
    return this.#ended;
  }

  protected get messageBytesMax(): number {
    return this.context.bounds.messageBytesMax;
  }

  received(text: string | null): void {
    if (this.#ended) return;
    if (text === null) return this.close(CLOSE_CODES.binaryFrame);
    if (Buffer.byteLength(text) > this.messageBytesMax)
      return this.close(CLOSE_CODES.messageTooLong);
    if (this.#withinRate()) this.take(text);
    else this.#refuseRate();
  }

  missedFrame(): void {
    this.context.counters.framesDropped++;
    this.#recordMissed();
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

  /** Closes the connection from the server's side. Later calls do nothing. */
  close(code: Pick<CloseCode, 'code' | 'reason'>): void {
    if (this.#ended) return;
    this.closed();
    const { closed } = this.context.counters;
    closed[code.code] = (closed[code.code] ?? 0) + 1;
    this.socket.end(code.code, code.reason);
  }

  /**
   * Sends a frame that must not be lost. A client whose buffer is full is closed; then false is
   * returned.
   */
  protected reply(text: string): boolean {
    if (this.#ended) return false;
    if (this.socket.send(text) !== 'dropped') return true;
    this.close(CLOSE_CODES.slowClient);
    return false;
  }

  /**
   * Sends a frame that a later snapshot can replace. Where the buffer is full, a fresh snapshot is
   * sent once there is room.
   */
  protected sendSnapshot(text: string): boolean {
    if (this.socket.send(text) !== 'dropped') return true;
    this.#recordMissed();
    return false;
  }

  #recordMissed(): void {
    if (this.#missedAt !== null) return;
    this.#missedAt = this.context.clock.monotonic() - this.context.bounds.frameLossReportMsMax;
  }

  #withinRate(): boolean {
    const { clock, messageRate } = this.context;
    const now = clock.monotonic();
    if (this.#burstFullAt <= now) this.#overRate = 0;
    const next = messageRate.next(this.#burstFullAt, now);
    if (messageRate.waitMs(next, now) > 0) return false;
    this.#burstFullAt = next;
    return true;
  }

  #refuseRate(): void {
    this.#overRate++;
    if (this.#overRate >= this.context.bounds.limitedMax)
      return this.close(CLOSE_CODES.tooManyMessages);
    const { messagesPerSecond } = this.context.bounds;
    this.refuseRate(`At most ${messagesPerSecond} messages a second over time.`);
  }
}
