// What a view reads from the server: once for each set of keys, with its state for the view.

import { type Signal, useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
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
 * Loads again when a key changes and when the device is online again; what was shown stays until
 * the new one is there.
 */
export function useLoaded<T>(
  load: (signal: AbortSignal) => Promise<T>,
  keys: readonly unknown[],
): Loaded<T> {
  const state = useSignal<Loaded<T>['state']['value']>({ is: 'loading' });
  const turn = useSignal(0);
  const online = isOnline.value;
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
  }, [...keys, turn.value, online]);
  return {
    state,
    reload: () => {
      state.value = { is: 'loading' };
      turn.value++;
    },
  };
}
