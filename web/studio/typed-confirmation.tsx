// What cannot be taken back is done after a text was typed.

import { type ReadonlySignal, useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';
import { Fault } from '../shared/components/fault.tsx';
import { studioText } from './texts.ts';

interface TypedConfirmationProps {
  /** What it means, and what has to be typed. */
  readonly label: string;
  /** What has to be typed. */
  readonly expected: string;
  /** Of the button that does it. */
  readonly go: string;
  readonly isBusy: boolean;
  readonly fault?: ReadonlySignal<string | null>;
  readonly onKeep: () => void;
  readonly onGo: () => void;
  /** Before the text is typed. */
  readonly children?: ComponentChildren;
}

export function TypedConfirmation(props: TypedConfirmationProps) {
  const { label, expected, go, isBusy, fault, onKeep, onGo, children } = props;
  const id = useId();
  const typed = useSignal('');
  const isSure = typed.value.trim() === expected.trim();
  return (
    <form
      class="notice notice-bad stack"
      onSubmit={(event) => {
        event.preventDefault();
        if (isSure && !isBusy) onGo();
      }}
    >
      {children}
      <label for={id}>{label}</label>
      <input
        class="input"
        id={id}
        autocomplete="off"
        spellcheck={false}
        value={typed.value}
        onInput={({ currentTarget }) => (typed.value = currentTarget.value)}
      />
      {fault !== undefined && <Fault of={fault} />}
      <p class="row">
        <button class="button button-main" type="submit" disabled={!isSure} aria-disabled={isBusy}>
          {go}
        </button>
        <button class="button" type="button" onClick={onKeep}>
          {studioText('act.keep')}
        </button>
      </p>
    </form>
  );
}
