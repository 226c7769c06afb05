// What links of mails open: a new password, and the confirmation of an address. Their token is
// behind the `#`, which browsers send to nobody.

import { useSignal } from '@preact/signals';
import { useLocation } from 'preact-iso';
import { useEffect } from 'preact/hooks';
import { Field, Notice } from '../shared/components/parts.tsx';
import { text } from '../shared/language.ts';
import { client, faultText } from '../shared/server.ts';
import {
  PASSWORD_LENGTH_MAX,
  PASSWORD_LENGTH_MIN,
  valuesOf,
} from '../shared/components/log-in.tsx';

function tokenOfLink(): string | null {
  return new URLSearchParams(location.hash.slice(1)).get('token');
}

/** Without a token it mails a link; with one it takes the new password. */
export function ResetPassword() {
  const token = tokenOfLink();
  const state = useSignal<'open' | 'sending' | 'done'>('open');
  const fault = useSignal<string | null>(null);
  const { route } = useLocation();
  useEffect(() => {
    document.title = `${text('reset.title')} · LiveDrops`;
  }, []);
  const send = async (form: HTMLFormElement): Promise<void> => {
    const [email = '', newPassword = ''] = valuesOf(form, 'email', 'password');
    state.value = 'sending';
    try {
      if (token === null) await client.call('POST /v1/auth/forgot-password', { body: { email } });
      else await client.call('POST /v1/auth/reset-password', { body: { token, newPassword } });
      state.value = 'done';
      fault.value = null;
      if (token !== null) route('/log-in', true);
    } catch (error) {
      state.value = 'open';
      fault.value = faultText(error);
    }
  };
  return (
    <form
      class="stack narrow"
      onSubmit={(event) => {
        event.preventDefault();
        void send(event.currentTarget);
      }}
    >
      <h1>{text('reset.title')}</h1>
      {state.value === 'done' ? (
        <Notice tone="good" isUrgent>
          {text('reset.mailed')}
        </Notice>
      ) : (
        <>
          {token === null ? (
            <Field name="email" type="email" label={text('logIn.email')} autocomplete="username" />
          ) : (
            <Field
              name="password"
              type="password"
              label={text('account.password.new')}
              autocomplete="new-password"
              minLength={PASSWORD_LENGTH_MIN}
              maxLength={PASSWORD_LENGTH_MAX}
              hint={text('register.hint')}
            />
          )}
          {fault.value !== null && (
            <Notice tone="bad" isUrgent>
              {fault.value}
            </Notice>
          )}
          <button class="button button-main" type="submit" disabled={state.value === 'sending'}>
            {text(token === null ? 'reset.mail' : 'reset.set')}
          </button>
        </>
      )}
    </form>
  );
}

export function ConfirmEmail() {
  const state = useSignal<'asking' | 'done' | 'failed'>('asking');
  useEffect(() => {
    document.title = `${text('confirm.title')} · LiveDrops`;
    const body = { token: tokenOfLink() ?? '' };
    client.call('POST /v1/auth/confirm-email', { body }).then(
      () => (state.value = 'done'),
      () => (state.value = 'failed'),
    );
  }, []);
  return (
    <div class="stack narrow">
      <h1>{text('confirm.title')}</h1>
      {state.value === 'asking' && <p role="status">{text('loading')}…</p>}
      {state.value === 'done' && (
        <Notice tone="good" isUrgent>
          {text('confirm.done')}
        </Notice>
      )}
      {state.value === 'failed' && (
        <Notice tone="bad" isUrgent>
          {text('confirm.failed')}
        </Notice>
      )}
    </div>
  );
}
