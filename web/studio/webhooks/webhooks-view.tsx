// The creator's webhooks, and a form for a new one.

import { useSignal } from '@preact/signals';
import { useLocation } from 'preact-iso';
import { useEffect } from 'preact/hooks';
import type { Webhook } from '../../../sdk/api.ts';
import { Empty, Shown } from '../../shared/components/parts.tsx';
import { useLoaded } from '../../shared/loaded.ts';
import { client } from '../../shared/server.ts';
import { useWorking } from '../../shared/working.ts';
import { studioText } from '../texts.ts';
import { freshSecret } from './secret-once.tsx';
import { webhookText } from './texts.ts';
import { WebhookBadge } from './webhook-badge.tsx';
import { WebhookForm } from './webhook-form.tsx';

export function WebhooksView() {
  const isOpen = useSignal(false);
  const loaded = useLoaded((signal) => client.call('GET /v1/webhooks', { signal }), []);
  useEffect(() => {
    document.title = `${webhookText('title')} · ${studioText('title')}`;
  }, []);
  return (
    <div class="stack">
      <div class="row row-apart">
        <h1>{webhookText('title')}</h1>
        <button
          class="button button-main"
          type="button"
          aria-expanded={isOpen.value}
          onClick={() => (isOpen.value = !isOpen.value)}
        >
          {webhookText('new')}
        </button>
      </div>
      <p class="soft">
        {webhookText('about')} <a href="/docs/guides/webhooks">{webhookText('guide')}</a>
      </p>
      {isOpen.value && <NewWebhookForm />}
      <Shown from={loaded} waiting={<div class="waiting studio-waiting" />}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title={webhookText('empty.title')}>
              <p>{webhookText('empty.text')}</p>
            </Empty>
          ) : (
            <ul class="stack" role="list">
              {items.map((webhook) => (
                <li key={webhook.id}>
                  <Line of={webhook} />
                </li>
              ))}
            </ul>
          )
        }
      </Shown>
    </div>
  );
}

function Line({ of }: { of: Webhook }) {
  return (
    <a
      class="panel row row-apart studio-line"
      href={`/studio/webhooks/${encodeURIComponent(of.id)}`}
    >
      <span class="webhook-line">
        <b>{of.url}</b>
        {of.description !== undefined && <span>{of.description}</span>}
        <span class="soft small">{webhookText('events.count', { n: of.events.length })}</span>
      </span>
      <WebhookBadge of={of} />
    </a>
  );
}

function NewWebhookForm() {
  const working = useWorking();
  const { route } = useLocation();
  return (
    <WebhookForm
      working={working}
      go={webhookText('make')}
      onGo={({ description, ...fields }) =>
        working.run(
          () =>
            client.call('POST /v1/webhooks', {
              body: { ...fields, ...(description !== '' && { description }) },
            }),
          ({ id, secret }) => {
            freshSecret.value = { id, secret };
            route(`/studio/webhooks/${encodeURIComponent(id)}`);
          },
        )
      }
    />
  );
}
