// A queue of messages in shared memory from one thread to another: one writes, one reads, and
// neither ever waits for a lock. A message is there whole or not at all. The writer copies its
// bytes in first and moves the position after it; the reader copies them out and then moves its
// own. Both positions are read and written with sequential consistency, which makes the bytes
// before them visible.
//
// Who wakes the reader is not the ring's matter: `write` says whether it sleeps
// (`actors/threads/ring-link.ts`).

import { assert } from '../../domain/assert.ts';

/** Positions count bytes since the start, modulo 2^32. Each has a cache line of its own. */
const WRITTEN = 0;
const READ = 16;
/** 1 while the reader sleeps. */
const ASLEEP = 32;
/** 1 while the writer waits for room. */
const STARVED = 48;
const HEADER_BYTES = 256;
/** The length before each message. All messages begin at multiples of it. */
const LENGTH_BYTES = 4;
/** In place of a length: the next message is at the beginning of the ring. */
const WRAPPED = -1;

/** `capacity`: bytes, a power of two, 1 KiB to 1 GiB. */
export function createRing(capacity: number): SharedArrayBuffer {
  assert(capacity >= 1024 && capacity <= 2 ** 30, 'a ring has 1 KiB to 1 GiB');
  assert((capacity & (capacity - 1)) === 0, 'the capacity of a ring is a power of two');
  return new SharedArrayBuffer(HEADER_BYTES + capacity);
}

class Ring {
  protected readonly state: Int32Array;
  protected readonly lengths: Int32Array;
  protected readonly bytes: Uint8Array;
  protected readonly capacity: number;

  constructor(ring: SharedArrayBuffer) {
    this.capacity = ring.byteLength - HEADER_BYTES;
    this.state = new Int32Array(ring, 0, HEADER_BYTES / 4);
    this.lengths = new Int32Array(ring, HEADER_BYTES);
    this.bytes = new Uint8Array(ring, HEADER_BYTES);
  }

  /** Where a position is in the memory. */
  protected at(position: number): number {
    return position & (this.capacity - 1);
  }
}

export class RingWriter extends Ring {
  /**
   * Bytes of the longest message: whatever has to be skipped at the end of the memory, it fits into
   * an empty ring.
   */
  get messageMax(): number {
    return this.capacity / 2 - LENGTH_BYTES;
  }

  /**
   * False, and nothing is written: there is no room for it now. The reader then tells when it has
   * read on. A message above `messageMax` throws.
   */
  write(message: Uint8Array): boolean {
    assert(message.length <= this.messageMax, 'a message fits into half of its ring');
    const { state, capacity } = this;
    const written = Atomics.load(state, WRITTEN);
    const size = sizeOf(message.length);
    const start = this.at(written);
    const skipped = start + size > capacity ? capacity - start : 0;
    if (this.#used(written) + skipped + size > capacity) {
      Atomics.store(state, STARVED, 1);
      // The reader may have read on in between, and would then not have seen that it is to tell.
      if (this.#used(written) + skipped + size > capacity) return false;
    }
    if (skipped > 0) this.lengths[start / LENGTH_BYTES] = WRAPPED;
    const begin = skipped > 0 ? 0 : start;
    this.lengths[begin / LENGTH_BYTES] = message.length;
    this.bytes.set(message, begin + LENGTH_BYTES);
    Atomics.store(state, WRITTEN, (written + skipped + size) | 0);
    return true;
  }

  /** Whether the reader slept. It is awake from now on: the caller wakes it. */
  wakes(): boolean {
    return Atomics.load(this.state, ASLEEP) === 1 && Atomics.exchange(this.state, ASLEEP, 0) === 1;
  }

  #used(written: number): number {
    return (written - Atomics.load(this.state, READ)) >>> 0;
  }
}

export class RingReader extends Ring {
  /** The oldest message, in memory of its own; null where there is none. */
  read(): Buffer | null {
    const { state, lengths } = this;
    let position = Atomics.load(state, READ);
    if (position === Atomics.load(state, WRITTEN)) return null;
    if (lengths[this.at(position) / LENGTH_BYTES] === WRAPPED)
      position = (position + this.capacity - this.at(position)) | 0;
    const begin = this.at(position);
    const length = lengths[begin / LENGTH_BYTES]!;
    const message = Buffer.allocUnsafe(length);
    message.set(this.bytes.subarray(begin + LENGTH_BYTES, begin + LENGTH_BYTES + length));
    Atomics.store(state, READ, (position + sizeOf(length)) | 0);
    return message;
  }

  /** False where there is something to read still: the reader stays awake. */
  sleep(): boolean {
    const { state } = this;
    Atomics.store(state, ASLEEP, 1);
    if (Atomics.load(state, READ) === Atomics.load(state, WRITTEN)) return true;
    // A writer that saw it sleep wakes it, which does no harm.
    Atomics.store(state, ASLEEP, 0);
    return false;
  }

  /** Whether the writer waits for room, which there is now: the caller tells it. */
  feeds(): boolean {
    const { state } = this;
    return Atomics.load(state, STARVED) === 1 && Atomics.exchange(state, STARVED, 0) === 1;
  }
}

/** The bytes that a message of this length takes, with its length before it. */
function sizeOf(length: number): number {
  return LENGTH_BYTES + ((length + LENGTH_BYTES - 1) & -LENGTH_BYTES);
}
