// A list of pages, with a button for the next one.

import type { ComponentChildren } from 'preact';
import { text } from '../language.ts';
import type { ItemOf, Page, Paged } from '../paged.ts';
import { Fault } from './fault.tsx';
import { Shown } from './parts.tsx';

interface PagedListProps<P extends Page> {
  readonly of: Paged<P>;
  readonly waiting: ComponentChildren;
  /** In place of a list without items. */
  readonly empty: ComponentChildren;
  /** All items so far, with the first page for what else is in it. */
  readonly children: (items: readonly ItemOf<P>[], first: P) => ComponentChildren;
}

export function PagedList<P extends Page>(props: PagedListProps<P>) {
  const { of, waiting, empty, children } = props;
  const rest = of.rest.value;
  return (
    <Shown from={of.first} waiting={waiting}>
      {(first) => {
        const items = [...first.items, ...(rest?.items ?? [])];
        const next = rest === null ? first.nextCursor : rest.nextCursor;
        if (items.length === 0) return empty;
        return (
          <div class="stack">
            {children(items, first)}
            <Fault of={of.working.fault} />
            {next !== null && (
              <button
                class="button"
                type="button"
                aria-disabled={of.working.isBusy.value}
                onClick={() => of.showMore(next)}
              >
                {text('more')}
              </button>
            )}
          </div>
        );
      }}
    </Shown>
  );
}
