// The secret of a webhook that was just made, or whose secret was: in memory alone, until it is put
// away or the view is left.

import { signal, useSignal } from '@preact/signals';
import { useEffect, useId, useRef } from 'preact/hooks';
import { webhookText } from './texts.ts';

/** Of which webhook it is; null: there is none to show. */
export const freshSecret = signal<{ readonly id: string; readonly secret: string } | null>(null);

export function SecretOnce({ webhookId }: { webhookId: string }) {
  const isCopied = useSignal(false);
  const field = useRef<HTMLInputElement>(null);
  const title = useRef<HTMLHeadingElement>(null);
  const id = useId();
  const fresh = freshSecret.value;
  const secret = fresh?.id === webhookId ? fresh.secret : null;
  useEffect(() => {
    isCopied.value = false;
    if (secret !== null) title.current?.focus();
  }, [secret]);
  useEffect(() => () => void (freshSecret.value = null), []);
  if (secret === null) return null;
  const copy = (): void => {
    // Without the clipboard, as on pages without https, it is selected and copied by hand.
    field.current?.select();
    navigator.clipboard?.writeText(secret).then(
      () => (isCopied.value = true),
      () => undefined,
    );
  };
  return (
    <section class="notice notice-warn stack">
      <h2 tabIndex={-1} ref={title}>
        {webhookText('secret.title')}
      </h2>
      <p>{webhookText('secret.text')}</p>
      <div class="field">
        <label for={id}>{webhookText('secret.label')}</label>
        <input class="input webhook-secret" id={id} readOnly value={secret} ref={field} />
      </div>
      <p class="row">
        <button class="button button-main" type="button" onClick={copy}>
          {webhookText('secret.copy')}
        </button>
        <button class="button" type="button" onClick={() => (freshSecret.value = null)}>
          {webhookText('secret.done')}
        </button>
        <span role="status">{isCopied.value && webhookText('secret.copied')}</span>
      </p>
    </section>
  );
}
