// The form of a webhook: for a new one, and for changes.

import { useSignal } from '@preact/signals';
import { useId } from 'preact/hooks';
import {
  URL_LENGTH_MAX,
  WEBHOOK_DESCRIPTION_LENGTH_MAX,
  WEBHOOK_RATE_DEFAULT,
  WEBHOOK_RATE_MAX,
} from '../../../contracts/bounds.ts';
import type { Webhook } from '../../../sdk/api.ts';
import { Choice } from '../../shared/components/choice.tsx';
import { Fault } from '../../shared/components/fault.tsx';
import { Notice } from '../../shared/components/parts.tsx';
import type { Working } from '../../shared/working.ts';
import { EventChoice, type WebhookEvent } from './event-choice.tsx';
import { webhookText } from './texts.ts';

export interface WebhookFields {
  readonly url: string;
  readonly description: string;
  readonly events: readonly WebhookEvent[];
  readonly ordering: Webhook['ordering'];
  readonly ratePerSecond: number;
}

const NEW: WebhookFields = {
  url: 'https://',
  description: '',
  events: ['order.confirmed', 'order.refunded'],
  ordering: 'none',
  ratePerSecond: WEBHOOK_RATE_DEFAULT,
};

interface WebhookFormProps {
  /** Absent: it is a new one. */
  readonly webhook?: Webhook;
  readonly working: Working;
  /** Of the button. */
  readonly go: string;
  /** What became of it; empty: nothing yet. */
  readonly said?: string;
  readonly onInput?: () => void;
  readonly onGo: (fields: WebhookFields) => void;
}

export function WebhookForm(props: WebhookFormProps) {
  const { webhook, working, go, said = '', onInput, onGo } = props;
  const before = webhook ?? NEW;
  const id = useId();
  const url = useSignal(before.url);
  const description = useSignal(before.description ?? '');
  const events = useSignal(before.events);
  const ordering = useSignal(before.ordering);
  const rate = useSignal(before.ratePerSecond);
  const hasEvents = events.value.length > 0;
  return (
    <form
      class="panel stack"
      onInput={onInput}
      onSubmit={(event) => {
        event.preventDefault();
        if (!hasEvents) return;
        onGo({
          url: url.value.trim(),
          description: description.value.trim(),
          events: events.value,
          ordering: ordering.value,
          ratePerSecond: rate.value,
        });
      }}
    >
      <div class="field">
        <label for={`${id}-url`}>{webhookText('url')}</label>
        <input
          class="input"
          id={`${id}-url`}
          type="url"
          required
          maxLength={URL_LENGTH_MAX}
          autocomplete="off"
          spellcheck={false}
          aria-describedby={`${id}-hint`}
          value={url.value}
          onInput={({ currentTarget }) => (url.value = currentTarget.value)}
        />
        <span class="soft small" id={`${id}-hint`}>
          {webhookText('url.hint')}
        </span>
      </div>
      <div class="field">
        <label for={`${id}-description`}>{webhookText('description')}</label>
        <input
          class="input"
          id={`${id}-description`}
          maxLength={WEBHOOK_DESCRIPTION_LENGTH_MAX}
          value={description.value}
          onInput={({ currentTarget }) => (description.value = currentTarget.value)}
        />
      </div>
      <p>
        <b>{webhookText('events')}</b>
      </p>
      <EventChoice of={events} />
      {!hasEvents && <Notice tone="warn">{webhookText('events.none')}</Notice>}
      <details>
        <summary>{webhookText('more')}</summary>
        <div class="stack webhook-more">
          <Choice
            label={webhookText('ordering')}
            of={ordering}
            choices={[
              ['none', webhookText('ordering.none')],
              ['drop', webhookText('ordering.drop')],
            ]}
          />
          <div class="field">
            <label for={`${id}-rate`}>{webhookText('rate')}</label>
            <input
              class="input number studio-units"
              id={`${id}-rate`}
              type="number"
              required
              min={1}
              max={WEBHOOK_RATE_MAX}
              value={rate.value}
              onInput={({ currentTarget }) => (rate.value = currentTarget.valueAsNumber || 0)}
            />
          </div>
        </div>
      </details>
      <Fault of={working.fault} />
      <p class="row">
        <button
          class="button button-main"
          type="submit"
          disabled={!hasEvents}
          aria-disabled={working.isBusy.value}
        >
          {go}
        </button>
        <span role="status">{said}</span>
      </p>
    </form>
  );
}
