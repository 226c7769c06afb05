// Something an operator does: its equal on the command line, what it would do, what it has to be
// told, and the target's name to type before it can be done. Until then the console changes
// nothing. Auditors do not see it.

import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useId } from 'preact/hooks';
import { Fault } from '../shared/components/fault.tsx';
import { useWorking } from '../shared/working.ts';
import { type ActionField, ActionFields, initialOf, type Values } from './action-fields.tsx';
import { mayChange } from './role.ts';
import { consoleText } from './texts.ts';

interface ActionProps {
  readonly label: string;
  /** Of `livedrops`, without its name before it, of what is typed so far. */
  readonly command: string | ((values: Values) => string);
  /** It is a command of the machine, and not of `livedrops`. */
  readonly isOfMachine?: boolean;
  /** What has to be typed. */
  readonly target: string;
  readonly fields?: readonly ActionField[];
  /** What it would do; asked when it is opened. */
  readonly plan?: () => Promise<ComponentChildren>;
  /** Resolves to what is said of it. */
  readonly run: (values: Values) => Promise<string>;
}

export function Action(props: ActionProps) {
  const { label, plan } = props;
  const isOpen = useSignal(false);
  const said = useSignal('');
  if (!mayChange()) return null;
  if (isOpen.value) {
    const close = (result: string): void => {
      said.value = result;
      isOpen.value = false;
    };
    return <OpenAction {...props} {...(plan && { plan })} close={close} />;
  }
  return (
    <span class="console-action">
      <button
        class="button"
        type="button"
        onClick={() => {
          said.value = '';
          isOpen.value = true;
        }}
      >
        {label}
      </button>
      <span role="status">{said.value}</span>
    </span>
  );
}

interface OpenActionProps extends ActionProps {
  /** With what is said of it; empty: it was left. */
  readonly close: (said: string) => void;
}

function OpenAction(props: OpenActionProps) {
  const { label, command, isOfMachine = false, target, fields = [], plan, run, close } = props;
  const id = useId();
  const typed = useSignal('');
  const values = useSignal<Values>(initialOf(fields));
  const planned = useSignal<ComponentChildren>(null);
  const planning = useWorking();
  const working = useWorking();
  useEffect(() => {
    if (plan !== undefined) planning.run(plan, (value) => (planned.value = value));
  }, []);
  const isMissing = fields.some(
    ({ name, isRequired }) => isRequired === true && values.value[name]!.trim() === '',
  );
  const isReady = typed.value.trim() === target && !isMissing;
  return (
    <form
      class="notice notice-warn stack console-action-open"
      onSubmit={(event) => {
        event.preventDefault();
        if (isReady) working.run(() => run(values.value), close);
      }}
    >
      <b>{label}</b>
      <p>
        {consoleText(isOfMachine ? 'act.command.machine' : 'act.command')}{' '}
        <code>
          {isOfMachine ? '' : 'livedrops '}
          {typeof command === 'string' ? command : command(values.value)}
        </code>
      </p>
      {plan !== undefined && planned.value === null && planning.fault.value === null && (
        <p class="soft">{consoleText('act.planning')}</p>
      )}
      {planned.value}
      <Fault of={planning.fault} />
      <ActionFields of={fields} values={values} />
      <div class="field">
        <label for={id}>{consoleText('act.type', { target })}</label>
        <input
          class="input"
          id={id}
          autocomplete="off"
          spellcheck={false}
          value={typed.value}
          onInput={({ currentTarget }) => (typed.value = currentTarget.value)}
        />
      </div>
      <Fault of={working.fault} />
      <p class="row">
        <button
          class="button button-main"
          type="submit"
          disabled={!isReady}
          aria-disabled={working.isBusy.value}
        >
          {consoleText('act.go')}
        </button>
        <button class="button" type="button" onClick={() => close('')}>
          {consoleText('act.keep')}
        </button>
      </p>
    </form>
  );
}
