// A WebSocket of the server as the live stream sees it: harmless after its end.

import type { LiveSocket, SendResult } from './socket.ts';

/** What is needed of the server's socket; not to be touched after its close. */
export interface NativeSocket {
  send(text: string, isBinary: boolean, compress: boolean): number;
  subscribe(topic: string): boolean;
  unsubscribe(topic: string): boolean;
  end(code: number, reason: string): void;
  getBufferedAmount(): number;
}

export class ServerSocket implements LiveSocket {
  #ws: NativeSocket | null;

  constructor(ws: NativeSocket) {
    this.#ws = ws;
  }

  send(text: string): SendResult {
    if (this.#ws === null) return 'dropped';
    const result = this.#ws.send(text, false, false);
    if (result === 1) return 'sent';
    return result === 0 ? 'buffered' : 'dropped';
  }

  subscribe(topic: string): void {
    this.#ws?.subscribe(topic);
  }

  unsubscribe(topic: string): void {
    this.#ws?.unsubscribe(topic);
  }

  end(code: number, reason: string): void {
    this.#ws?.end(code, reason);
  }

  bufferedBytes(): number {
    return this.#ws?.getBufferedAmount() ?? 0;
  }

  closed(): void {
    this.#ws = null;
  }
}
