// How far behind the work of a thread is, also while the thread says nothing: it is dead, ends
// again and again, or is held up. What a thread counts by itself begins anew with each of its
// starts.

/** Some intervals of reports. */
const SILENT_MS = 5_000;
/**
 * What came so long after a start was not there before it: if the oldest that waits is younger,
 * then all is done that waited when the thread ended.
 */
const SETTLED_MS = 5_000;

/** All times are monotonic, in milliseconds. */
export class ThreadLag {
  #startedAt = 0;
  #isFirstRun = true;
  #saidAt = 0;
  /** Whether what the thread said last is all that is to be known. */
  #isSettled = true;
  /** The oldest that waits came then, as far as is known; null: not started yet. */
  #behindSince: number | null = null;

  started(now: number): void {
    this.#startedAt = now;
    this.#isFirstRun = this.#behindSince === null;
    if (this.#behindSince !== null) return;
    this.#behindSince = now;
    this.#saidAt = now;
  }

  /** `lagMs`: how far behind the thread says that it is. */
  said(now: number, lagMs: number): void {
    const since = now - lagMs;
    this.#saidAt = now;
    this.#isSettled = this.#isFirstRun || since - this.#startedAt >= SETTLED_MS;
    this.#behindSince = this.#isSettled ? since : Math.min(this.#behindSince ?? since, since);
  }

  /** How far behind it is at least; null where that is what the thread said last. */
  lateMs(now: number): number | null {
    if (this.#behindSince === null) return null;
    if (this.#isSettled && now - this.#saidAt <= SILENT_MS) return null;
    return now - this.#behindSince;
  }
}
