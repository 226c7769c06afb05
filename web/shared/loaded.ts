// What a view reads from the server: once for each set of keys, with its state for the view.

import { type Signal, useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { isOnline } from './server.ts';

export interface Loaded<T> {
  readonly state: Signal<
    | { readonly is: 'loading' }
    | { readonly is: 'failed'; readonly error: unknown }
    | { readonly is: 'ready'; readonly value: T }
  >;
  readonly reload: () => void;
}

/**
 * `keys` say what is loaded: with others it is something else, and what was shown goes. It is
 * loaded again, and what was shown stays until then, when one of `reasons` changes and when the
 * device is online again.
 */
export function useLoaded<T>(
  load: (signal: AbortSignal) => Promise<T>,
  keys: readonly unknown[],
  reasons: readonly unknown[] = [],
): Loaded<T> {
  const state = useSignal<Loaded<T>['state']['value']>({ is: 'loading' });
  const turn = useSignal(0);
  const online = isOnline.value;
  const loadedKeys = useRef(keys);
  if (keys.some((key, i) => key !== loadedKeys.current[i])) {
    loadedKeys.current = keys;
    state.value = { is: 'loading' };
  }
  useEffect(() => {
    const ended = new AbortController();
    load(ended.signal).then(
      (value) => {
        if (!ended.signal.aborted) state.value = { is: 'ready', value };
      },
      (error: unknown) => {
        if (ended.signal.aborted || state.value.is === 'ready') return;
        state.value = { is: 'failed', error };
      },
    );
    return () => ended.abort();
  }, [...keys, ...reasons, turn.value, online]);
  return {
    state,
    reload: () => {
      state.value = { is: 'loading' };
      turn.value++;
    },
  };
}
