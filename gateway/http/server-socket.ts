// Adapts a WebSocket of the server for the live stream. Calls after the close do nothing, and a
// close frame is sent even when the buffer is full.

import type { LiveSocket, SendResult } from './socket.ts';

/** Buffered bytes of a slow client. Past this limit, frames to it are dropped. */
export const SOCKET_BUFFER_BYTES_MAX = 256 * 1024;

/** The used part of the server's socket. Must not be called after its close. */
export interface NativeSocket {
  send(text: string, isBinary: boolean, compress: boolean): number;
  subscribe(topic: string): boolean;
  unsubscribe(topic: string): boolean;
  getTopics(): string[];
  end(code: number, reason: string): void;
  getBufferedAmount(): number;
}

export class ServerSocket implements LiveSocket {
  #ws: NativeSocket | null;
  /**
   * The close that waits for room in the buffer: past the limit, a close frame would be dropped
   * too.
   */
  #ending: { readonly code: number; readonly reason: string } | null = null;

  constructor(ws: NativeSocket) {
    this.#ws = ws;
  }

  send(text: string): SendResult {
    if (this.#ws === null || this.#ending !== null) return 'dropped';
    const result = this.#ws.send(text, false, false);
    if (result === 1) return 'sent';
    return result === 0 ? 'buffered' : 'dropped';
  }

  subscribe(topic: string): void {
    if (this.#ending === null) this.#ws?.subscribe(topic);
  }

  unsubscribe(topic: string): void {
    this.#ws?.unsubscribe(topic);
  }

  /** A client that never reads again is closed by the idle timeout, without a code. */
  end(code: number, reason: string): void {
    const ws = this.#ws;
    if (ws === null || this.#ending !== null) return;
    if (ws.getBufferedAmount() <= SOCKET_BUFFER_BYTES_MAX) {
      ws.end(code, reason);
      return;
    }
    this.#ending = { code, reason };
    for (const topic of ws.getTopics()) ws.unsubscribe(topic);
  }

  bufferedBytes(): number {
    return this.#ws?.getBufferedAmount() ?? 0;
  }

  /**
   * The buffer has more room. True when the socket is closing: then the connection need not know.
   */
  drained(): boolean {
    const ending = this.#ending;
    if (ending === null) return false;
    const ws = this.#ws;
    if (ws !== null && ws.getBufferedAmount() <= SOCKET_BUFFER_BYTES_MAX) {
      ws.end(ending.code, ending.reason);
    }
    return true;
  }

  closed(): void {
    this.#ws = null;
  }
}
