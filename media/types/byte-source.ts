// How the bytes of a file are read here: by offset, through one window, so that walking a file of
// 2 GiB takes no more memory than walking a small one.

import type { FileHandle } from 'node:fs/promises';

/** A file whose bytes do not change while they are read. */
export interface ByteSource {
  readonly bytes: number;
  /** As many bytes as there are from `offset`, at most `length`. */
  read(offset: number, length: number): Promise<Buffer>;
}

/** The caller closes the handle. */
export async function sourceOfFile(handle: FileHandle): Promise<ByteSource> {
  const { size } = await handle.stat();
  return {
    bytes: size,
    read: async (offset, length) => {
      const wanted = Math.max(0, Math.min(length, size - offset));
      const buffer = Buffer.allocUnsafe(wanted);
      let filled = 0;
      while (filled < wanted) {
        const { bytesRead } = await handle.read(buffer, filled, wanted - filled, offset + filled);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      return buffer.subarray(0, filled);
    },
  };
}

const WINDOW_BYTES = 256 * 1024;

/** Reads forwards, or anywhere, through a window of 256 KiB. */
export class ByteReader {
  readonly #source: ByteSource;
  #window: Buffer = Buffer.alloc(0);
  #start = 0;

  constructor(source: ByteSource) {
    this.#source = source;
  }

  get bytes(): number {
    return this.#source.bytes;
  }

  /** Exactly `length` bytes, at most 256 KiB; null where the file ends before. */
  async take(offset: number, length: number): Promise<Buffer | null> {
    if (offset + length > this.bytes) return null;
    const at = offset - this.#start;
    if (at < 0 || at + length > this.#window.length) return await this.#load(offset, length);
    return this.#window.subarray(at, at + length);
  }

  /** What the window holds from `offset`, at least one byte; null at the end of the file. */
  async rest(offset: number): Promise<Buffer | null> {
    if (offset >= this.bytes) return null;
    const at = offset - this.#start;
    if (at >= 0 && at < this.#window.length) return this.#window.subarray(at);
    return (await this.#load(offset, 1)) === null ? null : this.#window;
  }

  async #load(offset: number, length: number): Promise<Buffer | null> {
    this.#window = await this.#source.read(offset, WINDOW_BYTES);
    this.#start = offset;
    return this.#window.length < length ? null : this.#window.subarray(0, length);
  }
}
