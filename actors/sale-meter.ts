// What the shards of a process have decided since its start. It is in shared memory, so that work
// in other threads of the process can give way to the sale as well (`actors/upkeep.ts`).

const COMMANDS = 0;
const BYTES = 1;
const COUNTS = 2;

export class SaleMeter {
  /** For another thread: `new SaleMeter(shared)` there reads what this one counts. */
  readonly shared: SharedArrayBuffer;
  /**
   * Written by one thread without `Atomics`, which would cost each batch more than the count. A
   * reader sees a number that is a little old.
   */
  readonly #counts: Float64Array;

  constructor(shared = new SharedArrayBuffer(COUNTS * Float64Array.BYTES_PER_ELEMENT)) {
    this.shared = shared;
    this.#counts = new Float64Array(shared);
  }

  /** Commands that were decided. */
  get commands(): number {
    return this.#counts[COMMANDS]!;
  }
  /** Bytes of journal entries. */
  get bytes(): number {
    return this.#counts[BYTES]!;
  }

  addCommands(count: number): void {
    this.#counts[COMMANDS]! += count;
  }
  addBytes(count: number): void {
    this.#counts[BYTES]! += count;
  }
}
