// The way to older pages of a list.

import type { Signal } from '@preact/signals';
import { consoleText } from './texts.ts';

interface PagerProps {
  /** Of the page that is shown; null: the newest. */
  readonly cursor: Signal<string | null>;
  /** Of the page after it. */
  readonly next: string | null;
}

export function Pager({ cursor, next }: PagerProps) {
  if (cursor.value === null && next === null) return null;
  return (
    <p class="row">
      <button
        class="button"
        type="button"
        disabled={cursor.value === null}
        onClick={() => (cursor.value = null)}
      >
        {consoleText('page.newest')}
      </button>
      <button
        class="button"
        type="button"
        disabled={next === null}
        onClick={() => (cursor.value = next)}
      >
        {consoleText('page.older')}
      </button>
    </p>
  );
}
