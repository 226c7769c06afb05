// What an action has to be told: texts, choices, and what may be switched on.

import type { Signal } from '@preact/signals';
import { useId } from 'preact/hooks';

/** By the names of fields; of a switch `yes` or empty. */
export type Values = Readonly<Record<string, string>>;

export interface ActionField {
  readonly name: string;
  readonly label: string;
  readonly isRequired?: boolean;
  readonly maxLength?: number;
  /** One of these, by value and what is said of it; the first at first. */
  readonly choices?: readonly (readonly [value: string, label: string])[];
  readonly isSwitch?: boolean;
}

export function initialOf(fields: readonly ActionField[]): Values {
  return Object.fromEntries(fields.map(({ name, choices }) => [name, choices?.[0]?.[0] ?? '']));
}

interface ActionFieldsProps {
  readonly of: readonly ActionField[];
  readonly values: Signal<Values>;
}

export function ActionFields({ of, values }: ActionFieldsProps) {
  return (
    <>
      {of.map((field) => (
        <OneField
          key={field.name}
          field={field}
          value={values.value[field.name]!}
          change={(value) => (values.value = { ...values.value, [field.name]: value })}
        />
      ))}
    </>
  );
}

interface OneFieldProps {
  readonly field: ActionField;
  readonly value: string;
  readonly change: (value: string) => void;
}

function OneField({
  field: { label, choices, isSwitch, maxLength },
  value,
  change,
}: OneFieldProps) {
  const id = useId();
  if (isSwitch === true) {
    return (
      <label class="row">
        <input
          type="checkbox"
          checked={value !== ''}
          onInput={({ currentTarget }) => change(currentTarget.checked ? 'yes' : '')}
        />
        {label}
      </label>
    );
  }
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {choices === undefined ? (
        <input
          class="input"
          id={id}
          autocomplete="off"
          maxLength={maxLength}
          value={value}
          onInput={({ currentTarget }) => change(currentTarget.value)}
        />
      ) : (
        <select
          class="input"
          id={id}
          value={value}
          onInput={({ currentTarget }) => change(currentTarget.value)}
        >
          {choices.map(([one, text]) => (
            <option key={one} value={one}>
              {text}
            </option>
          ))}
        </select>
      )}
    </div>
  );
}
