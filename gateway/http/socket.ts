// What the live stream needs of a WebSocket server, so that only `gateway/http/server.ts` knows the
// one in use. All calls are synchronous.

import type { TokenIdentity } from '../../contracts/accounts.ts';

export type SendResult =
  /** On its way. */
  | 'sent'
  /** Kept in the connection's buffer, below its limit. */
  | 'buffered'
  /** The buffer is full: not sent, and never will be. */
  | 'dropped';

export interface LiveSocket {
  send(text: string): SendResult;
  /**
   * Frames published to the topic reach this socket, except while its buffer is over the limit:
   * those are dropped, and `missedFrame` tells.
   */
  subscribe(topic: string): void;
  unsubscribe(topic: string): void;
  /**
   * Sends what is buffered, then a close frame. The handler's `closed` follows. Harmless when
   * already closed.
   */
  end(code: number, reason: string): void;
  bufferedBytes(): number;
}

/** Who is at the other end of a stream. */
export interface LivePeer {
  /** Null for a visitor. */
  readonly identity: TokenIdentity | null;
  /** The one drop that the stream shows; null for a user's stream. */
  readonly dropId: string | null;
  /** What limits count the client's address by. */
  readonly addressKey: string;
}

/** The live stream as the server sees it. */
export interface LiveHandler {
  /** A connection was upgraded. */
  opened(socket: LiveSocket, peer: LivePeer): LiveConnection;
  /** Ends every connection with a retryable code and stops all timers. */
  stop(): void;
}

export interface LiveConnection {
  /** One text frame came in, within the server's size limit. `null`: it was binary. */
  received(text: string | null): void;
  /**
   * A frame was dropped because this socket's buffer was over the limit: a published one, or one
   * whose `send` says so itself. Also called from inside `send`.
   */
  missedFrame(): void;
  /** The buffer has room again. */
  drained(): void;
  closed(): void;
}

/** Sends one frame to every socket subscribed to the topic (the server's native fan-out). */
export type PublishFrame = (topic: string, text: string) => void;
