// A thread's two ends of the rings between it and another thread: what it writes, and what it
// reads. A reader with nothing to read sleeps, and the first message after that wakes it over a
// message port, once in a turn of the event loop however many follow.

import type { MessagePort } from 'node:worker_threads';
import { createRing, RingReader, RingWriter } from './ring.ts';

const RING_BYTES = 1024 * 1024;
/** Then others get their turn. */
const MESSAGES_PER_TURN_MAX = 64;

/** There is something to read. */
const READ_ON = 0;
/** There is room to write again. */
const WRITE_ON = 1;

/** What both threads share. */
export interface Rings {
  readonly toMain: SharedArrayBuffer;
  readonly toThread: SharedArrayBuffer;
}

export function createRings(): Rings {
  return { toMain: createRing(RING_BYTES), toThread: createRing(RING_BYTES) };
}

export interface RingLinkOptions {
  readonly written: SharedArrayBuffer;
  readonly read: SharedArrayBuffer;
  /** To the other thread, and for nothing else. */
  readonly wakes: MessagePort;
  /** Must not throw. */
  readonly onMessage: (message: Buffer) => void;
  /** There is room again after a `write` that found none. Must not throw. */
  readonly onRoom?: () => void;
}

export class RingLink {
  readonly #options: RingLinkOptions;
  readonly #writer: RingWriter;
  readonly #reader: RingReader;
  #isStopped = false;
  readonly #read = (): void => {
    const { onMessage, wakes } = this.#options;
    for (let count = 0; count < MESSAGES_PER_TURN_MAX; count++) {
      if (this.#isStopped) return;
      const message = this.#reader.read();
      if (message === null) {
        if (this.#reader.sleep()) return;
        continue;
      }
      if (this.#reader.feeds()) wakes.postMessage(WRITE_ON);
      onMessage(message);
    }
    setImmediate(this.#read);
  };

  constructor(options: RingLinkOptions) {
    this.#options = options;
    this.#writer = new RingWriter(options.written);
    this.#reader = new RingReader(options.read);
    options.wakes.on('message', (wake: number) => {
      if (wake === READ_ON) this.#read();
      else options.onRoom?.();
    });
    this.#read();
  }

  /** Bytes of the longest message. */
  get messageMax(): number {
    return this.#writer.messageMax;
  }

  /** False where there is no room for it now. Longer ones than `messageMax` throw. */
  write(message: Uint8Array): boolean {
    if (!this.#writer.write(message)) return false;
    if (this.#writer.wakes()) this.#options.wakes.postMessage(READ_ON);
    return true;
  }

  stop(): void {
    this.#isStopped = true;
    this.#options.wakes.close();
  }
}
