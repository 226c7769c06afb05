// The calls of a webhook, newest first, with their attempts. While it is looked at, the first page
// is read again; not when older pages are open, which would move under the reader.

import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { WebhookDelivery, WebhookDeliveryAttempt } from '../../../sdk/api.ts';
import { Choice } from '../../shared/components/choice.tsx';
import { DataTable } from '../../shared/components/data-table.tsx';
import { Fault } from '../../shared/components/fault.tsx';
import { PagedList } from '../../shared/components/paged-list.tsx';
import { Badge, Empty } from '../../shared/components/parts.tsx';
import { clockTimeText, momentText } from '../../shared/language.ts';
import { usePaged } from '../../shared/paged.ts';
import { client, serverNow } from '../../shared/server.ts';
import { useWorking } from '../../shared/working.ts';
import { webhookText } from './texts.ts';

const LIMIT = 20;
const REFRESH_MS = 3_000;
const TONES = {
  waiting: 'warn',
  sent: 'good',
  failed: 'bad',
} as const satisfies Record<WebhookDelivery['state'], string>;
const STATES = ['waiting', 'sent', 'failed'] as const satisfies readonly WebhookDelivery['state'][];

interface DeliveriesProps {
  readonly webhookId: string;
  /** Rises with each test event that was asked for here. */
  readonly sent: number;
  /** A webhook that is paused sends nothing again. */
  readonly isEnabled: boolean;
}

export function Deliveries({ webhookId, sent, isEnabled }: DeliveriesProps) {
  const state = useSignal<WebhookDelivery['state'] | ''>('');
  const turn = useSignal(0);
  const paged = usePaged(
    (cursor, signal) => {
      const query = { limit: LIMIT, cursor, ...(state.value !== '' && { state: state.value }) };
      const path = { id: webhookId };
      return client.call('GET /v1/webhooks/{id}/deliveries', { path, query, signal });
    },
    [webhookId, state.value],
    [turn.value, sent],
  );
  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.hidden && paged.rest.peek() === null) turn.value++;
    }, REFRESH_MS);
    return () => clearInterval(timer);
  }, []);
  return (
    <section class="stack">
      <div class="row row-apart">
        <h2>{webhookText('deliveries.title')}</h2>
        <Choice
          label={webhookText('deliveries.state')}
          of={state}
          choices={[
            ['', webhookText('deliveries.all')],
            ...STATES.map((one) => [one, webhookText(`delivery.${one}`)] as const),
          ]}
        />
      </div>
      <PagedList
        of={paged}
        waiting={<div class="waiting studio-waiting" />}
        empty={
          <Empty title={webhookText('deliveries.none.title')}>
            {state.value === '' && <p>{webhookText('deliveries.none.text')}</p>}
          </Empty>
        }
      >
        {(items) => (
          <ul class="panel webhook-deliveries" role="list">
            {items.map((delivery) => (
              <li key={delivery.id}>
                <OneDelivery
                  of={delivery}
                  webhookId={webhookId}
                  isEnabled={isEnabled}
                  onResent={() => turn.value++}
                />
              </li>
            ))}
          </ul>
        )}
      </PagedList>
    </section>
  );
}

interface OneDeliveryProps {
  readonly of: WebhookDelivery;
  readonly webhookId: string;
  readonly isEnabled: boolean;
  readonly onResent: () => void;
}

function OneDelivery({ of, webhookId, isEnabled, onResent }: OneDeliveryProps) {
  const { isBusy, fault, run } = useWorking();
  const { id, type, state, occurredAt, attemptCount, attempts, nextAttemptAt } = of;
  return (
    <details class="webhook-delivery">
      <summary>
        <Badge tone={TONES[state]}>{webhookText(`delivery.${state}`)}</Badge> <b>{type}</b>{' '}
        <span class="soft">
          {momentText(occurredAt, serverNow())},{' '}
          {attemptCount === 0
            ? webhookText('delivery.untried')
            : webhookText('delivery.attempts', { n: attemptCount }) + lastAnswer(attempts)}
          {nextAttemptAt !== undefined &&
            `, ${webhookText('delivery.next', { time: clockTimeText(Date.parse(nextAttemptAt)) })}`}
        </span>
      </summary>
      <div class="stack webhook-attempts">
        {attempts.length > 0 && <Attempts of={attempts} label={of.messageId} />}
        <Fault of={fault} />
        {isEnabled && (
          <p>
            <button
              class="button"
              type="button"
              aria-disabled={isBusy.value}
              onClick={() => {
                const path = { id: webhookId, deliveryId: id };
                run(
                  () =>
                    client.call('POST /v1/webhooks/{id}/deliveries/{deliveryId}/resend', { path }),
                  onResent,
                );
              }}
            >
              {webhookText('delivery.again')}
            </button>
          </p>
        )}
      </div>
    </details>
  );
}

function lastAnswer(attempts: readonly WebhookDeliveryAttempt[]): string {
  const last = attempts.at(-1);
  return last === undefined ? '' : `: ${answerText(last)}`;
}

function answerText({ status, reason }: WebhookDeliveryAttempt): string {
  return [status, reason].filter((one) => one !== undefined).join(' ');
}

function Attempts({ of, label }: { of: readonly WebhookDeliveryAttempt[]; label: string }) {
  return (
    <DataTable
      label={label}
      heads={[
        webhookText('attempt.time'),
        webhookText('attempt.took'),
        webhookText('attempt.answer'),
        webhookText('attempt.excerpt'),
      ]}
    >
      {of.map((attempt) => (
        <tr key={attempt.at}>
          <td>{clockTimeText(Date.parse(attempt.at))}</td>
          <td class="number">{webhookText('attempt.ms', { n: attempt.durationMs })}</td>
          <td class="number">{answerText(attempt)}</td>
          <td>{attempt.excerpt ?? ''}</td>
        </tr>
      ))}
    </DataTable>
  );
}
