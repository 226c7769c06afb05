// What a view reads again and again while it is looked at. A read that fails leaves what was shown,
// with its age.

import { type Signal, useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { faultText } from '../shared/server.ts';

export interface Polled<T> {
  readonly value: Signal<T | null>;
  /** Why the last read failed; null where it did not. */
  readonly fault: Signal<string | null>;
  /** By the monotonic clock of the page, in milliseconds; of what is shown. */
  readonly readAt: Signal<number>;
}

export function usePolled<T>(
  read: (signal: AbortSignal) => Promise<T>,
  everyMs: number,
  keys: readonly unknown[] = [],
): Polled<T> {
  const value = useSignal<T | null>(null);
  const fault = useSignal<string | null>(null);
  const readAt = useSignal(0);
  useEffect(() => {
    const ended = new AbortController();
    let timer: ReturnType<typeof setTimeout>;
    const look = async (): Promise<void> => {
      if (!document.hidden) {
        try {
          const found = await read(ended.signal);
          if (ended.signal.aborted) return;
          value.value = found;
          readAt.value = performance.now();
          fault.value = null;
        } catch (error) {
          if (ended.signal.aborted) return;
          fault.value = faultText(error);
        }
      }
      timer = setTimeout(() => void look(), everyMs);
    };
    void look();
    return () => {
      ended.abort();
      clearTimeout(timer);
    };
  }, keys);
  return { value, fault, readAt };
}
