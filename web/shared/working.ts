// An action of a button or a form: one at a time, with what went wrong.

import { type Signal, useSignal } from '@preact/signals';
import { faultText } from './server.ts';

export interface Working {
  readonly isBusy: Signal<boolean>;
  readonly fault: Signal<string | null>;
  /**
   * Does nothing while the last one runs. `then` is called where it succeeded; `faultOf` says what
   * went wrong, for people.
   */
  readonly run: <T>(
    work: () => Promise<T>,
    then?: (value: T) => void,
    faultOf?: (error: unknown) => string,
  ) => void;
}

export function useWorking(): Working {
  const isBusy = useSignal(false);
  const fault = useSignal<string | null>(null);
  return {
    isBusy,
    fault,
    run: (work, then, faultOf = faultText) => {
      if (isBusy.value) return;
      isBusy.value = true;
      fault.value = null;
      work()
        .then(
          (value) => then?.(value),
          (error: unknown) => (fault.value = faultOf(error)),
        )
        .finally(() => (isBusy.value = false));
    },
  };
}
