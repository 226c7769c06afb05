// What lists of the console have around them: choices of what is shown, a table that scrolls by
// itself, and the way to older pages.

import type { Signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';
import { consoleText } from './texts.ts';

interface ChoiceProps<T extends string> {
  readonly label: string;
  readonly of: Signal<T>;
  readonly choices: readonly (readonly [value: T, label: string])[];
  /** Such as the page that is no more of what was chosen. */
  readonly onChange?: () => void;
}

export function Choice<T extends string>({ label, of, choices, onChange }: ChoiceProps<T>) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <select
        class="input"
        id={id}
        value={of.value}
        onInput={({ currentTarget }) => {
          of.value = currentTarget.value as T;
          onChange?.();
        }}
      >
        {choices.map(([value, text]) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </select>
    </div>
  );
}

interface DataTableProps {
  readonly label: string;
  readonly heads: readonly string[];
  /** Rows. */
  readonly children: ComponentChildren;
}

export function DataTable({ label, heads, children }: DataTableProps) {
  return (
    <div class="console-scroll" tabIndex={0} role="region" aria-label={label}>
      <table class="console-table">
        <thead>
          <tr>
            {heads.map((head) => (
              <th key={head} scope="col">
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}

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
