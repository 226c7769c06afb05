// Durations counted by bucket, for metrics: plain arrays, so that counting costs nothing that
// shows.

/** Durations by bucket. */
export interface DurationSample {
  /** Upper bounds, in rising order. */
  readonly boundsMs: readonly number[];
  /** The last one, beyond the bounds, has all longer ones. */
  readonly counts: ArrayLike<number>;
  readonly sumMs: number;
}

export class DurationCounts {
  /**
   * For another thread: `new DurationCounts(boundsMs, shared)` there counts into the same places.
   * One thread writes; a reader sees numbers that are a little old.
   */
  readonly shared: SharedArrayBuffer;
  readonly #boundsMs: readonly number[];
  readonly #counts: Float64Array;
  readonly #sum: Float64Array;

  /** `boundsMs`: upper bounds of buckets, in rising order. */
  constructor(boundsMs: readonly number[], shared?: SharedArrayBuffer) {
    const bucketCount = boundsMs.length + 1;
    const bytes = (bucketCount + 1) * Float64Array.BYTES_PER_ELEMENT;
    this.shared = shared ?? new SharedArrayBuffer(bytes);
    this.#boundsMs = boundsMs;
    this.#counts = new Float64Array(this.shared, 0, bucketCount);
    this.#sum = new Float64Array(this.shared, bucketCount * Float64Array.BYTES_PER_ELEMENT, 1);
  }

  add(durationMs: number): void {
    const bounds = this.#boundsMs;
    let bucket = 0;
    while (bucket < bounds.length && durationMs > bounds[bucket]!) bucket += 1;
    this.#counts[bucket]! += 1;
    this.#sum[0]! += durationMs;
  }

  /** Since the start; the counts go on changing. */
  sample(): DurationSample {
    return { boundsMs: this.#boundsMs, counts: this.#counts, sumMs: this.#sum[0]! };
  }
}
