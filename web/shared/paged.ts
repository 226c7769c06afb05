// A list that is read page by page: the first one as any view reads, more when they are asked for.

import { type Signal, useSignal } from '@preact/signals';
import { type Loaded, useLoaded } from './loaded.ts';
import { useWorking, type Working } from './working.ts';

/** As the API answers with it. */
export interface Page {
  readonly items: readonly unknown[];
  readonly nextCursor: string | null;
}

export type ItemOf<P extends Page> = P['items'][number];

export interface Paged<P extends Page> {
  readonly first: Loaded<P>;
  /** Of the pages after the first one; null: none was asked for. */
  readonly rest: Signal<{
    readonly items: readonly ItemOf<P>[];
    readonly nextCursor: string | null;
  } | null>;
  readonly working: Working;
  readonly showMore: (cursor: string) => void;
}

/** `read` is asked for the first page without a cursor. Keys and reasons are as in `useLoaded`. */
export function usePaged<P extends Page>(
  read: (cursor: string | undefined, signal?: AbortSignal) => Promise<P>,
  keys: readonly unknown[],
  reasons: readonly unknown[] = [],
): Paged<P> {
  const rest: Paged<P>['rest'] = useSignal(null);
  const working = useWorking();
  const first = useLoaded(
    async (signal) => {
      const page = await read(undefined, signal);
      // Pages after an older first one would leave gaps.
      rest.value = null;
      return page;
    },
    keys,
    reasons,
  );
  return {
    first,
    rest,
    working,
    showMore: (cursor) =>
      working.run(
        () => read(cursor),
        ({ items, nextCursor }) => {
          rest.value = { items: [...(rest.value?.items ?? []), ...items], nextCursor };
        },
      ),
  };
}
