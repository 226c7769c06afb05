// Waiting: with jitter, so that a crowd that failed together does not return together, and broken
// off by an AbortSignal.

/** Bounds of the waits between tries. */
export interface Backoff {
  /** Doubles with each try. */
  readonly firstMs: number;
  readonly maxMs: number;
}

/** "Full jitter": uniform between 0 and a bound that doubles. `tries` is at least 1. */
export function jittered(tries: number, { firstMs, maxMs }: Backoff): number {
  return Math.random() * Math.min(maxMs, firstMs * 2 ** Math.min(tries - 1, 30));
}

/** Rejects with the reason of the signal. */
export function delay(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) return reject(signal.reason as Error);
    const done = (): void => {
      signal?.removeEventListener('abort', abort);
      resolve();
    };
    const timer = setTimeout(done, ms);
    const abort = (): void => {
      clearTimeout(timer);
      reject(signal!.reason as Error);
    };
    signal?.addEventListener('abort', abort, { once: true });
  });
}

/**
 * Work that several wait for, each with a signal of its own, which ends that one's wait. The work
 * is aborted when nobody waits any more.
 */
export class SharedWork<T> {
  readonly #controller = new AbortController();
  readonly #result: Promise<T>;
  #waiting = 0;
  #isOver = false;

  constructor(work: (signal: AbortSignal) => Promise<T>) {
    this.#result = work(this.#controller.signal).finally(() => (this.#isOver = true));
  }

  /** It is done, failed or aborted: nobody else may join. */
  get isOver(): boolean {
    return this.#isOver || this.#controller.signal.aborted;
  }

  /** Rejects as the work does, or with the reason of the signal, which has not come yet. */
  wait(signal: AbortSignal | undefined): Promise<T> {
    this.#waiting += 1;
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        reject(signal!.reason as Error);
        this.#waiting -= 1;
        if (this.#waiting === 0) this.#controller.abort(signal!.reason);
      };
      signal?.addEventListener('abort', abort, { once: true });
      const done = (): void => signal?.removeEventListener('abort', abort);
      this.#result.finally(done).then(resolve, reject);
    });
  }
}
