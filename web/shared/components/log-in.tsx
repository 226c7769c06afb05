// Log-in and registration of an app. Both lead back to where the user was.

import { useSignal } from '@preact/signals';
import { useLocation } from 'preact-iso';
import { useEffect } from 'preact/hooks';
import {
  NAME_LENGTH_MAX,
  PASSWORD_LENGTH_MAX,
  PASSWORD_LENGTH_MIN,
} from '../../../contracts/bounds.ts';
import { isProblem } from '../../../sdk/errors.ts';
import { Fault } from './fault.tsx';
import { Field } from './parts.tsx';
import { text } from '../language.ts';
import { client, faultText } from '../server.ts';
import { useWorking } from '../working.ts';

/** Only a path of this site: an address elsewhere would send buyers to a stranger's page. */
function nextOf(query: Readonly<Record<string, string>>, base: string): string {
  const next = query['next'] ?? '';
  return /^\/(?![/\\])[!-~]*$/.test(next) ? next : base === '' ? '/' : base;
}

/** Of the app, before its addresses: such as `/studio`; empty for the storefront. */
interface AppProps {
  readonly base?: string;
  /** Nobody makes an account here. */
  readonly isClosed?: boolean;
}

export function LogIn({ base = '', isClosed = false }: AppProps) {
  const { isBusy, fault, run } = useWorking();
  const needsCode = useSignal(false);
  const { query, route } = useLocation();
  const next = nextOf(query, base);
  useEffect(() => {
    document.title = `${text('logIn.title')} · LiveDrops`;
  }, []);
  return (
    <form
      class="stack narrow"
      onSubmit={(event) => {
        event.preventDefault();
        const [email, password, code] = valuesOf(event.currentTarget, 'email', 'password', 'code');
        run(
          () => client.logIn({ email: email!, password: password!, ...(code && { code }) }),
          () => route(next, true),
          (error) => {
            if (isProblem(error, 'second-factor-required')) needsCode.value = true;
            return isProblem(error, 'unauthenticated') ? text('logIn.wrong') : faultText(error);
          },
        );
      }}
    >
      <h1>{text('logIn.title')}</h1>
      <Field name="email" type="email" label={text('logIn.email')} autocomplete="username" />
      <Field
        name="password"
        type="password"
        label={text('logIn.password')}
        autocomplete="current-password"
        maxLength={PASSWORD_LENGTH_MAX}
      />
      {needsCode.value && (
        <Field name="code" label={text('logIn.code')} autocomplete="one-time-code" />
      )}
      <Fault of={fault} />
      <button class="button button-main" type="submit" aria-disabled={isBusy.value}>
        {text('logIn.go')}
      </button>
      {!isClosed && (
        <>
          <a href={`${base}/register?next=${encodeURIComponent(next)}`}>{text('logIn.new')}</a>
          <a href="/reset-password">{text('logIn.forgot')}</a>
        </>
      )}
    </form>
  );
}

export function Register({ base = '' }: AppProps) {
  const { isBusy, fault, run } = useWorking();
  const { query, route } = useLocation();
  const next = nextOf(query, base);
  useEffect(() => {
    document.title = `${text('register.title')} · LiveDrops`;
  }, []);
  return (
    <form
      class="stack narrow"
      onSubmit={(event) => {
        event.preventDefault();
        const [name, email, password] = valuesOf(event.currentTarget, 'name', 'email', 'password');
        run(
          () => client.register({ name: name!, email: email!, password: password! }),
          () => route(next, true),
          (error) => (isProblem(error, 'email-taken') ? text('register.taken') : faultText(error)),
        );
      }}
    >
      <h1>{text('register.title')}</h1>
      <Field
        name="name"
        label={text('register.name')}
        autocomplete="name"
        maxLength={NAME_LENGTH_MAX}
      />
      <Field name="email" type="email" label={text('logIn.email')} autocomplete="email" />
      <Field
        name="password"
        type="password"
        label={text('logIn.password')}
        autocomplete="new-password"
        minLength={PASSWORD_LENGTH_MIN}
        maxLength={PASSWORD_LENGTH_MAX}
        hint={text('register.hint')}
      />
      <Fault of={fault} />
      <button class="button button-main" type="submit" aria-disabled={isBusy.value}>
        {text('register.go')}
      </button>
      <a href={`${base}/log-in?next=${encodeURIComponent(next)}`}>{text('register.have')}</a>
    </form>
  );
}

/** Texts of the form’s fields, by their names. */
export function valuesOf(form: HTMLFormElement, ...names: readonly string[]): string[] {
  const data = new FormData(form);
  return names.map((name) => {
    const value = data.get(name);
    return typeof value === 'string' ? value : '';
  });
}
