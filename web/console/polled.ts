// What a view reads again and again while it is looked at. A read that fails leaves what was shown,
// with its age.

import { type Signal, useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { faultText } from '../shared/server.ts';

export interface Polled<T> {
  readonly value: Signal<T | null>;
  /** Why the last read failed; null where it did not. */
  readonly fault: Signal<string | null>;
  /** How old what is shown is, in milliseconds, at the last read. */
  readonly ageMs: Signal<number>;
}

export function usePolled<T>(
  read: (signal: AbortSignal) => Promise<T>,
  everyMs: number,
  keys: readonly unknown[] = [],
): Polled<T> {
  const value = useSignal<T | null>(null);
  const fault = useSignal<string | null>(null);
  const ageMs = useSignal(0);
  useEffect(() => {
    const ended = new AbortController();
    let timer: ReturnType<typeof setTimeout>;
    let readAt = performance.now();
    const look = async (): Promise<void> => {
      if (!document.hidden) {
        try {
          const found = await read(ended.signal);
          if (ended.signal.aborted) return;
          value.value = found;
          readAt = performance.now();
          ageMs.value = 0;
          fault.value = null;
        } catch (error) {
          if (ended.signal.aborted) return;
          fault.value = faultText(error);
          ageMs.value = performance.now() - readAt;
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
  return { value, fault, ageMs };
}
