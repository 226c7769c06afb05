// What can be done with a webhook: a test event, a pause, another secret, its end.

import { useSignal } from '@preact/signals';
import { useLocation } from 'preact-iso';
import type { Webhook } from '../../../sdk/api.ts';
import { Choice } from '../../shared/components/choice.tsx';
import { Fault } from '../../shared/components/fault.tsx';
import { client } from '../../shared/server.ts';
import { useWorking, type Working } from '../../shared/working.ts';
import { TypedConfirmation } from '../typed-confirmation.tsx';
import { freshSecret } from './secret-once.tsx';
import { webhookText } from './texts.ts';

/** For how many seconds the secret before signs as well. */
const OVERLAPS = [
  ['86400', 'rotate.day'],
  ['604800', 'rotate.week'],
  ['3600', 'rotate.hour'],
  ['0', 'rotate.now'],
] as const;
const ASIDES = ['pause', 'rotate', 'remove'] as const;

type Aside = (typeof ASIDES)[number];

interface WebhookActionsProps {
  readonly webhook: Webhook;
  readonly onChange: (webhook: Webhook) => void;
  /** A test event was asked for. */
  readonly onSent: () => void;
}

export function WebhookActions({ webhook, onChange, onSent }: WebhookActionsProps) {
  const open = useSignal<Aside | null>(null);
  const said = useSignal('');
  const working = useWorking();
  const { isBusy, run } = working;
  const path = { id: webhook.id };
  const close = (): void => void (open.value = null);
  const toggle = (aside: Aside): void => {
    open.value = open.value === aside ? null : aside;
    said.value = '';
    working.fault.value = null;
  };
  const test = (): void =>
    run(
      () => client.call('POST /v1/webhooks/{id}/test', { path }),
      () => {
        said.value = webhookText('test.sent');
        onSent();
      },
    );
  const enable = (enabled: boolean): void =>
    run(
      () => client.call('PATCH /v1/webhooks/{id}', { path, body: { enabled } }),
      (changed) => {
        close();
        said.value = enabled ? webhookText('resumed') : '';
        onChange(changed);
      },
    );
  return (
    <section class="stack">
      <div class="row">
        {webhook.enabled && (
          <button
            class="button button-main"
            type="button"
            aria-disabled={isBusy.value}
            onClick={test}
          >
            {webhookText('test')}
          </button>
        )}
        {!webhook.enabled && webhook.disabledReason !== 'operator' && (
          <button
            class="button button-main"
            type="button"
            aria-disabled={isBusy.value}
            onClick={() => enable(true)}
          >
            {webhookText('resume')}
          </button>
        )}
        {ASIDES.filter((aside) => aside !== 'pause' || webhook.enabled).map((aside) => (
          <button
            key={aside}
            class="button"
            type="button"
            aria-expanded={open.value === aside}
            onClick={() => toggle(aside)}
          >
            {webhookText(aside)}
          </button>
        ))}
        <span role="status">{said.value}</span>
      </div>
      {open.value === 'pause' && (
        <div class="notice notice-warn stack">
          <p>{webhookText('pause.text')}</p>
          <p class="row">
            <button
              class="button button-main"
              type="button"
              aria-disabled={isBusy.value}
              onClick={() => enable(false)}
            >
              {webhookText('pause.go')}
            </button>
            <button class="button" type="button" onClick={close}>
              {webhookText('keep')}
            </button>
          </p>
        </div>
      )}
      {open.value === 'rotate' && (
        <Rotation webhookId={webhook.id} working={working} onClose={close} />
      )}
      {open.value === 'remove' && <Removal webhook={webhook} working={working} onKeep={close} />}
      {open.value !== 'remove' && <Fault of={working.fault} />}
    </section>
  );
}

interface RotationProps {
  readonly webhookId: string;
  readonly working: Working;
  readonly onClose: () => void;
}

function Rotation({ webhookId, working, onClose }: RotationProps) {
  const overlap = useSignal<(typeof OVERLAPS)[number][0]>('86400');
  return (
    <form
      class="notice notice-warn stack"
      onSubmit={(event) => {
        event.preventDefault();
        const body = { overlapSeconds: Number(overlap.value) };
        working.run(
          () => client.call('POST /v1/webhooks/{id}/secret', { path: { id: webhookId }, body }),
          ({ id, secret }) => {
            freshSecret.value = { id, secret };
            onClose();
          },
        );
      }}
    >
      <p>{webhookText('rotate.text')}</p>
      <Choice
        label={webhookText('rotate.overlap')}
        of={overlap}
        choices={OVERLAPS.map(([seconds, key]) => [seconds, webhookText(key)] as const)}
      />
      <p class="row">
        <button class="button button-main" type="submit" aria-disabled={working.isBusy.value}>
          {webhookText('rotate.go')}
        </button>
        <button class="button" type="button" onClick={onClose}>
          {webhookText('keep')}
        </button>
      </p>
    </form>
  );
}

interface RemovalProps {
  readonly webhook: Webhook;
  readonly working: Working;
  readonly onKeep: () => void;
}

function Removal({ webhook: { id, url }, working, onKeep }: RemovalProps) {
  const { route } = useLocation();
  const { host } = new URL(url);
  return (
    <TypedConfirmation
      label={webhookText('remove.text', { host })}
      expected={host}
      go={webhookText('remove.go')}
      isBusy={working.isBusy.value}
      fault={working.fault}
      onKeep={onKeep}
      onGo={() =>
        working.run(
          () => client.call('DELETE /v1/webhooks/{id}', { path: { id } }),
          () => route('/studio/webhooks', true),
        )
      }
    />
  );
}
