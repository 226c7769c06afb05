// What the buyer is told and where, the password, and the end of the account.

import { useSignal } from '@preact/signals';
import { useLocation } from 'preact-iso';
import { isProblem } from '../../sdk/errors.ts';
import { PASSWORD_LENGTH_MAX, PASSWORD_LENGTH_MIN } from '../../contracts/bounds.ts';
import { Fault } from '../shared/components/fault.tsx';
import { Field, Notice, Shown } from '../shared/components/parts.tsx';
import { text } from '../shared/language.ts';
import { useLoaded } from '../shared/loaded.ts';
import type { MessageKey } from '../shared/messages/en.ts';
import { pushState, turnPushOff, turnPushOn } from '../shared/push.ts';
import { client, faultText, leave } from '../shared/server.ts';
import { useWorking } from '../shared/working.ts';
import { valuesOf } from '../shared/components/log-in.tsx';

const CHOICES = [
  ['push', 'dropStarted', 'told.dropStarted'],
  ['push', 'lowStock', 'told.lowStock'],
  ['push', 'backInStock', 'told.backInStock'],
  ['push', 'orders', 'told.orders'],
  ['mail', 'dropAnnounced', 'told.mail.dropAnnounced'],
  ['mail', 'orders', 'told.mail.orders'],
] as const satisfies readonly (readonly ['push' | 'mail', string, MessageKey])[];

export function Told() {
  const { isBusy, fault, run } = useWorking();
  const loaded = useLoaded((signal) => client.call('GET /v1/users/me/preferences', { signal }), []);
  const change = (kind: 'push' | 'mail', name: string, is: boolean): void => {
    const body = { [kind]: { [name]: is } };
    run(
      () => client.call('PATCH /v1/users/me/preferences', { body }),
      (value) => (loaded.state.value = { is: 'ready', value }),
    );
  };
  return (
    <section class="stack">
      <h2>{text('told.title')}</h2>
      {pushState.value === 'off' && (
        <p>
          <button
            class="button"
            type="button"
            aria-disabled={isBusy.value}
            onClick={() => run(turnPushOn)}
          >
            {text('told.push.on')}
          </button>
        </p>
      )}
      {pushState.value === 'on' && (
        <p>
          <button
            class="button"
            type="button"
            aria-disabled={isBusy.value}
            onClick={() => run(turnPushOff)}
          >
            {text('told.push.off')}
          </button>
        </p>
      )}
      {pushState.value === 'denied' && <p class="soft">{text('told.push.denied')}</p>}
      <Shown from={loaded} waiting={<div class="waiting drop-waiting-panel" />}>
        {(preferences) => (
          <ul class="stack" role="list">
            {CHOICES.map(([kind, name, key]) => (
              <li key={key}>
                <label class="choice">
                  <input
                    type="checkbox"
                    checked={(preferences[kind] as unknown as Record<string, boolean>)[name]}
                    onChange={({ currentTarget }) => change(kind, name, currentTarget.checked)}
                  />
                  {text(key)}
                </label>
              </li>
            ))}
          </ul>
        )}
      </Shown>
      <Fault of={fault} />
    </section>
  );
}

export function Password() {
  const isChanged = useSignal(false);
  const { isBusy, fault, run } = useWorking();
  const change = (form: HTMLFormElement): void => {
    const [currentPassword = '', newPassword = ''] = valuesOf(form, 'current', 'new');
    const body = { currentPassword, newPassword };
    isChanged.value = false;
    run(
      () => client.call('POST /v1/account/password', { body }),
      () => {
        form.reset();
        isChanged.value = true;
      },
      passwordFault,
    );
  };
  return (
    <form
      class="stack"
      onSubmit={(event) => {
        event.preventDefault();
        change(event.currentTarget);
      }}
    >
      <h2>{text('account.password.title')}</h2>
      <Field
        name="current"
        type="password"
        label={text('account.password.current')}
        autocomplete="current-password"
        maxLength={PASSWORD_LENGTH_MAX}
      />
      <Field
        name="new"
        type="password"
        label={text('account.password.new')}
        autocomplete="new-password"
        minLength={PASSWORD_LENGTH_MIN}
        maxLength={PASSWORD_LENGTH_MAX}
        hint={text('register.hint')}
      />
      <Fault of={fault} />
      {isChanged.value && (
        <Notice tone="good" isUrgent>
          {text('account.password.changed')}
        </Notice>
      )}
      <p>
        <button class="button" type="submit" aria-disabled={isBusy.value}>
          {text('account.password.go')}
        </button>
      </p>
    </form>
  );
}

export function Deletion() {
  const isOpen = useSignal(false);
  const { isBusy, fault, run } = useWorking();
  const { route } = useLocation();
  const remove = (form: HTMLFormElement): void => {
    const [password = ''] = valuesOf(form, 'deletion');
    run(
      () => client.call('POST /v1/account/deletion', { body: { password } }),
      () => {
        leave(() => client.session.forget());
        route('/');
      },
      passwordFault,
    );
  };
  return (
    <section class="stack">
      <h2>{text('account.deletion.title')}</h2>
      <p class="soft">{text('account.deletion.text')}</p>
      {!isOpen.value && (
        <p>
          <button class="button" type="button" onClick={() => (isOpen.value = true)}>
            {text('account.deletion.title')}
          </button>
        </p>
      )}
      {isOpen.value && (
        <form
          class="stack"
          onSubmit={(event) => {
            event.preventDefault();
            remove(event.currentTarget);
          }}
        >
          <Field
            name="deletion"
            type="password"
            label={text('account.password.current')}
            autocomplete="current-password"
            maxLength={PASSWORD_LENGTH_MAX}
          />
          <Fault of={fault} />
          <p class="row">
            <button class="button button-main" type="submit" aria-disabled={isBusy.value}>
              {text('account.deletion.go')}
            </button>
            <button class="button" type="button" onClick={() => (isOpen.value = false)}>
              {text('account.deletion.keep')}
            </button>
          </p>
        </form>
      )}
    </section>
  );
}

function passwordFault(error: unknown): string {
  if (isProblem(error, 'forbidden') || isProblem(error, 'unauthenticated'))
    return text('account.password.wrong');
  return faultText(error);
}
