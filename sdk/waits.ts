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
