// What the buyer is told and where, the password, and the end of the account.

import { useSignal } from '@preact/signals';
import { useLocation } from 'preact-iso';
import { isProblem } from '../../sdk/errors.ts';
import { Field, Notice, Shown } from '../shared/components/parts.tsx';
import { text } from '../shared/language.ts';
import { useLoaded } from '../shared/loaded.ts';
import type { MessageKey } from '../shared/messages/en.ts';
import { pushState, turnPushOff, turnPushOn } from '../shared/push.ts';
import { client, faultText } from '../shared/server.ts';
import {
  PASSWORD_LENGTH_MAX,
  PASSWORD_LENGTH_MIN,
  valuesOf,
} from '../shared/components/log-in.tsx';

const CHOICES = [
  ['push', 'dropStarted', 'told.dropStarted'],
  ['push', 'lowStock', 'told.lowStock'],
  ['push', 'backInStock', 'told.backInStock'],
  ['push', 'orders', 'told.orders'],
  ['mail', 'dropAnnounced', 'told.mail.dropAnnounced'],
  ['mail', 'orders', 'told.mail.orders'],
] as const satisfies readonly (readonly ['push' | 'mail', string, MessageKey])[];

export function Told() {
  const fault = useSignal<string | null>(null);
  const loaded = useLoaded((signal) => client.call('GET /v1/users/me/preferences', { signal }), []);
  const change = async (kind: 'push' | 'mail', name: string, is: boolean): Promise<void> => {
    try {
      const body = { [kind]: { [name]: is } };
      const value = await client.call('PATCH /v1/users/me/preferences', { body });
      loaded.state.value = { is: 'ready', value };
      fault.value = null;
    } catch (error) {
      fault.value = faultText(error);
    }
  };
  const turn = (work: Promise<void>): void => {
    work.then(
      () => (fault.value = null),
      (error: unknown) => (fault.value = faultText(error)),
    );
  };
  return (
    <section class="stack">
      <h2>{text('told.title')}</h2>
      {pushState.value === 'off' && (
        <p>
          <button class="button" type="button" onClick={() => turn(turnPushOn())}>
            {text('told.push.on')}
          </button>
        </p>
      )}
      {pushState.value === 'on' && (
        <p>
          <button class="button" type="button" onClick={() => turn(turnPushOff())}>
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
                    onChange={({ currentTarget }) => void change(kind, name, currentTarget.checked)}
                  />
                  {text(key)}
                </label>
              </li>
            ))}
          </ul>
        )}
      </Shown>
      {fault.value !== null && (
        <Notice tone="bad" isUrgent>
          {fault.value}
        </Notice>
      )}
    </section>
  );
}

interface Sent {
  readonly tone: 'good' | 'bad';
  readonly said: string;
}

export function Password() {
  const sent = useSignal<Sent | null>(null);
  const change = async (form: HTMLFormElement): Promise<void> => {
    const [currentPassword = '', newPassword = ''] = valuesOf(form, 'current', 'new');
    try {
      await client.call('POST /v1/account/password', { body: { currentPassword, newPassword } });
      form.reset();
      sent.value = { tone: 'good', said: text('account.password.changed') };
    } catch (error) {
      sent.value = { tone: 'bad', said: passwordFault(error) };
    }
  };
  return (
    <form
      class="stack"
      onSubmit={(event) => {
        event.preventDefault();
        void change(event.currentTarget);
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
      {sent.value !== null && (
        <Notice tone={sent.value.tone} isUrgent>
          {sent.value.said}
        </Notice>
      )}
      <p>
        <button class="button" type="submit">
          {text('account.password.go')}
        </button>
      </p>
    </form>
  );
}

export function Deletion() {
  const isOpen = useSignal(false);
  const fault = useSignal<string | null>(null);
  const { route } = useLocation();
  const remove = async (form: HTMLFormElement): Promise<void> => {
    const [password = ''] = valuesOf(form, 'deletion');
    try {
      await client.call('POST /v1/account/deletion', { body: { password } });
      client.session.forget();
      route('/');
    } catch (error) {
      fault.value = passwordFault(error);
    }
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
            void remove(event.currentTarget);
          }}
        >
          <Field
            name="deletion"
            type="password"
            label={text('account.password.current')}
            autocomplete="current-password"
            maxLength={PASSWORD_LENGTH_MAX}
          />
          {fault.value !== null && (
            <Notice tone="bad" isUrgent>
              {fault.value}
            </Notice>
          )}
          <p class="row">
            <button class="button button-main" type="submit">
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
