// What the live stream needs from a WebSocket server. Only `gateway/http/server.ts` knows the
// library in use. All calls are synchronous.

import type { TokenIdentity } from '../../contracts/accounts.ts';
import type { HubConnection } from '../live/hub-connection.ts';
import type { LiveContext } from '../live/live-context.ts';

export type SendResult =
  /** Sent to the client. */
  | 'sent'
  /** Added to the connection's buffer, which is below its limit. */
  | 'buffered'
  /** The buffer is full: the frame was not sent and never will be. */
  | 'dropped';

export interface LiveSocket {
  send(text: string): SendResult;
  /**
   * Frames that are published to the topic reach this socket. While its buffer is over the limit
   * they are dropped, and `missedFrame` is called.
   */
  subscribe(topic: string): void;
  unsubscribe(topic: string): void;
  /**
   * Sends the buffered frames, then a close frame. The handler's `closed` follows. Does nothing
   * when the socket is closed.
   */
  end(code: number, reason: string): void;
  bufferedBytes(): number;
}

/** The client of a stream. */
export interface LivePeer {
  /** Null for a visitor. */
  readonly identity: TokenIdentity | null;
  /** The one drop that the stream shows; null for a user's stream. */
  readonly dropId: string | null;
  readonly address: string;
  /** The key under which rate limits count the client's address. */
  readonly addressKey: string;
  /** The access token; empty for a visitor. */
  readonly token: string;
  /**
   * Counts the stream as one of the user's from now on. False, and as before: there are too many.
   */
  countFor(userId: string): boolean;
}

/** The live stream, as the server calls it. */
export interface LiveHandler {
  /** A connection was upgraded. */
  opened(socket: LiveSocket, peer: LivePeer): LiveConnection;
  /** The same for a connection that speaks another protocol, within the same bounds. */
  adopt(socket: LiveSocket, make: (context: LiveContext) => HubConnection): LiveConnection;
  /** Ends every connection with a retryable code and stops all timers. */
  stop(): void;
}

export interface LiveConnection {
  /** One text frame arrived, within the server's size limit. `null`: a binary frame. */
  received(text: string | null): void;
  /**
   * A frame was dropped because this socket's buffer was over the limit: a published frame, or one
   * whose `send` returned `dropped`. May be called from inside `send`.
   */
  missedFrame(): void;
  /** The buffer has room again. */
  drained(): void;
  closed(): void;
}

/** Sends one frame to every socket subscribed to the topic (the server's native fan-out). */
export type PublishFrame = (topic: string, text: string) => void;

/** Opens connections of another protocol on the live stream. */
export interface LiveProtocol {
  opened(live: LiveHandler, socket: LiveSocket, peer: LivePeer): LiveConnection;
}
