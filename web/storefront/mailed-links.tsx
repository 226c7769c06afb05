// What links of mails open: a new password, and the confirmation of an address. Their token is
// behind the `#`, which browsers send to nobody.

import { useSignal } from '@preact/signals';
import { useLocation } from 'preact-iso';
import { useEffect } from 'preact/hooks';
import { PASSWORD_LENGTH_MAX, PASSWORD_LENGTH_MIN } from '../../contracts/bounds.ts';
import { Fault } from '../shared/components/fault.tsx';
import { Field, Notice } from '../shared/components/parts.tsx';
import { text } from '../shared/language.ts';
import { client } from '../shared/server.ts';
import { useWorking } from '../shared/working.ts';
import { valuesOf } from '../shared/components/log-in.tsx';

const LOG_IN = '/log-in';

function tokenOfLink(): string | null {
  return new URLSearchParams(location.hash.slice(1)).get('token');
}

/** Without a token it mails a link; with one it takes the new password. */
export function ResetPassword() {
  const token = tokenOfLink();
  const isMailed = useSignal(false);
  const { isBusy, fault, run } = useWorking();
  const { route } = useLocation();
  useEffect(() => {
    document.title = `${text('reset.title')} · LiveDrops`;
  }, []);
  const send = (form: HTMLFormElement): void => {
    const [email = '', newPassword = ''] = valuesOf(form, 'email', 'password');
    if (token === null) {
      const body = { email };
      run(
        () => client.call('POST /v1/auth/forgot-password', { body }),
        () => (isMailed.value = true),
      );
    } else {
      const body = { token, newPassword };
      run(
        () => client.call('POST /v1/auth/reset-password', { body }),
        () => route(LOG_IN, true),
      );
    }
  };
  return (
    <form
      class="stack narrow"
      onSubmit={(event) => {
        event.preventDefault();
        send(event.currentTarget);
      }}
    >
      <h1>{text('reset.title')}</h1>
      {isMailed.value ? (
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
          <Fault of={fault} />
          <button class="button button-main" type="submit" aria-disabled={isBusy.value}>
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
