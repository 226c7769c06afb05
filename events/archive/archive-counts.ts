// What the archiver did since the start of the process, in shared memory: it counts in a thread of
// its own, and /metrics reads from the main thread.

const ENTRIES = 0;
const BYTES = 1;
const FAILURES = 2;
const PASSED_AT = 3;
const COUNTS = 4;

export class ArchiveCounts {
  /** For another thread: `new ArchiveCounts(shared)` there reads what this one counts. */
  readonly shared: SharedArrayBuffer;
  readonly #counts: Float64Array;

  constructor(shared = new SharedArrayBuffer(COUNTS * Float64Array.BYTES_PER_ELEMENT)) {
    this.shared = shared;
    this.#counts = new Float64Array(shared);
  }

  get entries(): number {
    return this.#counts[ENTRIES]!;
  }
  /** Of segments, compressed. */
  get bytes(): number {
    return this.#counts[BYTES]!;
  }
  /** Shards that could not be archived, in each pass anew. */
  get failures(): number {
    return this.#counts[FAILURES]!;
  }
  /** When the last pass ended: milliseconds since the Unix epoch; 0 before the first. */
  get passedAt(): number {
    return this.#counts[PASSED_AT]!;
  }

  addSegment(entries: number, bytes: number): void {
    this.#counts[ENTRIES]! += entries;
    this.#counts[BYTES]! += bytes;
  }
  addFailure(): void {
    this.#counts[FAILURES]! += 1;
  }
  passed(now: number): void {
    this.#counts[PASSED_AT] = now;
  }
}
