// Something an operator does: its equal on the command line, what it would do, and the target's
// name to type before it can be done. Until then the console changes nothing.

import { useSignal } from '@preact/signals';
import { useId } from 'preact/hooks';
import type { MovePlan } from '../../sdk/api.ts';
import { Fault } from '../shared/components/fault.tsx';
import { useWorking } from '../shared/working.ts';
import { consoleText } from './texts.ts';

interface ActionProps {
  readonly label: string;
  /** Without `livedrops` before it. */
  readonly command: string;
  /** What has to be typed. */
  readonly target: string;
  /** What it would do. */
  readonly plan?: () => Promise<MovePlan>;
  /** Resolves to what is said of it. */
  readonly run: () => Promise<string>;
}

export function Action({ label, command, target, plan, run }: ActionProps) {
  const isOpen = useSignal(false);
  const typed = useSignal('');
  const planned = useSignal<MovePlan | null>(null);
  const said = useSignal<string | null>(null);
  const id = useId();
  const { isBusy, fault, run: work } = useWorking();
  const close = (): void => {
    isOpen.value = false;
    typed.value = '';
    planned.value = null;
  };
  const open = (): void => {
    isOpen.value = true;
    said.value = null;
    if (plan !== undefined) work(plan, (value) => (planned.value = value));
  };
  if (!isOpen.value) {
    return (
      <span class="console-action">
        <button class="button" type="button" onClick={open}>
          {label}
        </button>
        <span role="status">{said.value}</span>
      </span>
    );
  }
  return (
    <form
      class="notice notice-warn stack console-action-open"
      onSubmit={(event) => {
        event.preventDefault();
        if (typed.value.trim() !== target) return;
        work(run, (result) => {
          said.value = result;
          close();
        });
      }}
    >
      <b>{label}</b>
      <p>
        {consoleText('act.command')} <code>livedrops {command}</code>
      </p>
      {planned.value !== null && (
        <p>
          {planned.value.moves.length === 0
            ? consoleText('act.plan.none')
            : consoleText('act.plan.moves', { n: planned.value.moves.length })}
        </p>
      )}
      <div class="field">
        <label for={id}>{consoleText('act.type', { target })}</label>
        <input
          class="input"
          id={id}
          autocomplete="off"
          value={typed.value}
          onInput={({ currentTarget }) => (typed.value = currentTarget.value)}
        />
      </div>
      <Fault of={fault} />
      <p class="row">
        <button
          class="button button-main"
          type="submit"
          disabled={isBusy.value || typed.value.trim() !== target}
        >
          {consoleText('act.go')}
        </button>
        <button class="button" type="button" onClick={close}>
          {consoleText('act.keep')}
        </button>
      </p>
    </form>
  );
}
