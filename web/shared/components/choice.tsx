// A choice of one among few, with its label.

import type { Signal } from '@preact/signals';
import { useId } from 'preact/hooks';

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
