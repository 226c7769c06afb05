// One webhook: whether it is called, its secret while it is new, what can be done, its calls.

import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { Webhook } from '../../../sdk/api.ts';
import { Notice } from '../../shared/components/parts.tsx';
import { useLoaded } from '../../shared/loaded.ts';
import { client } from '../../shared/server.ts';
import { useWorking } from '../../shared/working.ts';
import { ShownView } from '../shown-view.tsx';
import { studioText } from '../texts.ts';
import { Deliveries } from './deliveries.tsx';
import { SecretOnce } from './secret-once.tsx';
import { webhookText } from './texts.ts';
import { WebhookActions } from './webhook-actions.tsx';
import { WebhookBadge } from './webhook-badge.tsx';
import { WebhookForm } from './webhook-form.tsx';

export function WebhookView({ id }: { id: string }) {
  const loaded = useLoaded(
    (signal) => client.call('GET /v1/webhooks/{id}', { path: { id }, signal }),
    [id],
  );
  return (
    <div class="stack stack-l">
      <p>
        <a href="/studio/webhooks">{webhookText('title')}</a>
      </p>
      <ShownView from={loaded} title={webhookText('one.title')}>
        {(webhook) => <OneWebhook key={webhook.id} webhook={webhook} />}
      </ShownView>
    </div>
  );
}

function OneWebhook({ webhook: loaded }: { webhook: Webhook }) {
  const webhook = useSignal(loaded);
  const sent = useSignal(0);
  const { id, url, description, enabled, disabledReason = 'owner' } = webhook.value;
  useEffect(() => {
    document.title = `${new URL(url).host} · ${studioText('title')}`;
  }, [url]);
  return (
    <>
      <header class="stack">
        <div class="row">
          <WebhookBadge of={webhook.value} />
        </div>
        <h1>{url}</h1>
        {description !== undefined && <p class="soft">{description}</p>}
        {!enabled && <Notice tone="warn">{webhookText(`off.${disabledReason}`)}</Notice>}
      </header>
      <SecretOnce webhookId={id} />
      <WebhookActions
        webhook={webhook.value}
        onChange={(changed) => (webhook.value = changed)}
        onSent={() => sent.value++}
      />
      <Deliveries webhookId={id} sent={sent.value} isEnabled={enabled} />
      <Settings webhook={webhook.value} onChange={(changed) => (webhook.value = changed)} />
    </>
  );
}

interface SettingsProps {
  readonly webhook: Webhook;
  readonly onChange: (webhook: Webhook) => void;
}

function Settings({ webhook, onChange }: SettingsProps) {
  const working = useWorking();
  const isSaved = useSignal(false);
  const path = { id: webhook.id };
  return (
    <section class="stack">
      <h2>{webhookText('settings')}</h2>
      <WebhookForm
        webhook={webhook}
        working={working}
        go={webhookText('save')}
        said={isSaved.value ? webhookText('saved') : ''}
        onInput={() => (isSaved.value = false)}
        onGo={({ description, ...fields }) =>
          working.run(
            () =>
              client.call('PATCH /v1/webhooks/{id}', {
                path,
                body: { ...fields, description: description === '' ? null : description },
              }),
            (changed) => {
              isSaved.value = true;
              onChange(changed);
            },
          )
        }
      />
    </section>
  );
}
