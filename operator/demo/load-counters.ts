// Counters in shared memory: the thread of the crowd writes them and the terminal reads them, so
// that the display costs the crowd nothing. Latencies are counts in buckets that grow by 2^(1/16),
// so that a percentile is right within 4.5 % for any number of answers.

const NAMES = [
  'answered',
  'buyersAnswered',
  /** Milliseconds from the first order request to the latest first answer of a buyer. */
  'crowdMs',
  'placed',
  'repeats',
  /** Requests sent again after 429, 503 or a lost connection. */
  'retried',
  'soldOut',
] as const;
export type CounterName = (typeof NAMES)[number];

const BUCKETS_PER_DOUBLING = 16;
const DOUBLINGS = 26; // from a microsecond to a minute
const BUCKETS = BUCKETS_PER_DOUBLING * DOUBLINGS;
const MICROSECONDS_PER_MS = 1000;

export class LoadCounters {
  readonly memory: SharedArrayBuffer;
  readonly #numbers: Int32Array;
  readonly #buckets: Int32Array;

  constructor(options: { readonly memory?: SharedArrayBuffer } = {}) {
    const bytes = (NAMES.length + BUCKETS) * Int32Array.BYTES_PER_ELEMENT;
    this.memory = options.memory ?? new SharedArrayBuffer(bytes);
    this.#numbers = new Int32Array(this.memory, 0, NAMES.length);
    const bucketsAt = NAMES.length * Int32Array.BYTES_PER_ELEMENT;
    this.#buckets = new Int32Array(this.memory, bucketsAt, BUCKETS);
  }

  add(name: CounterName): void {
    Atomics.add(this.#numbers, NAMES.indexOf(name), 1);
  }

  set(name: CounterName, value: number): void {
    Atomics.store(this.#numbers, NAMES.indexOf(name), value);
  }

  get(name: CounterName): number {
    return Atomics.load(this.#numbers, NAMES.indexOf(name));
  }

  addLatency(ms: number): void {
    const exact = Math.log2(Math.max(1, ms * MICROSECONDS_PER_MS)) * BUCKETS_PER_DOUBLING;
    Atomics.add(this.#buckets, Math.min(Math.floor(exact), BUCKETS - 1), 1);
  }

  /** The latency percentile for a share from 0 to 1, in milliseconds; null before any answer. */
  latencyMs(share: number): number | null {
    let total = 0;
    for (const count of this.#buckets) total += count;
    if (total === 0) return null;
    let seen = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      seen += Atomics.load(this.#buckets, bucket);
      if (seen >= total * share) {
        return 2 ** ((bucket + 1) / BUCKETS_PER_DOUBLING) / MICROSECONDS_PER_MS;
      }
    }
    return null;
  }
}
