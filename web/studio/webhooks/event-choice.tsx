// Which events a webhook is told of, in two groups.

import type { Signal } from '@preact/signals';
import type { Webhook } from '../../../sdk/api.ts';
import { webhookText } from './texts.ts';

export type WebhookEvent = Webhook['events'][number];

/** Each of them, with its group. */
const EVENTS = {
  'order.reserved': 'orders',
  'order.confirmed': 'orders',
  'order.payment_failed': 'orders',
  'order.failed': 'orders',
  'order.cancelled': 'orders',
  'order.expired': 'orders',
  'order.partially_refunded': 'orders',
  'order.refunded': 'orders',
  'drop.scheduled': 'drops',
  'drop.started': 'drops',
  'drop.sold_out': 'drops',
  'drop.restocked': 'drops',
  'drop.paused': 'drops',
  'drop.resumed': 'drops',
  'drop.changed': 'drops',
  'drop.ended': 'drops',
  'drop.cancelled': 'drops',
} as const satisfies Record<WebhookEvent, string>;

type Group = (typeof EVENTS)[WebhookEvent];

interface EventChoiceProps {
  readonly of: Signal<readonly WebhookEvent[]>;
}

export function EventChoice({ of }: EventChoiceProps) {
  return (
    <div class="webhook-events">
      <EventGroup group="orders" of={of} />
      <EventGroup group="drops" of={of} />
    </div>
  );
}

function EventGroup({ group, of }: EventChoiceProps & { readonly group: Group }) {
  const events = (Object.keys(EVENTS) as WebhookEvent[]).filter((one) => EVENTS[one] === group);
  const chosen = new Set(of.value);
  const set = (changed: readonly WebhookEvent[], isChosen: boolean): void => {
    const others = of.value.filter((one) => !changed.includes(one));
    of.value = isChosen ? [...others, ...changed] : others;
  };
  const isAll = events.every((event) => chosen.has(event));
  return (
    <fieldset class="webhook-group">
      <legend>{webhookText(`events.${group}`)}</legend>
      <label class="studio-switch webhook-event">
        <input
          type="checkbox"
          checked={isAll}
          onInput={({ currentTarget }) => set(events, currentTarget.checked)}
        />
        <b>{webhookText('events.all')}</b>
      </label>
      {events.map((event) => (
        <label class="studio-switch webhook-event" key={event}>
          <input
            type="checkbox"
            checked={chosen.has(event)}
            onInput={({ currentTarget }) => set([event], currentTarget.checked)}
          />
          <span>
            {webhookText(`event.${event}`)} <code class="soft small">{event}</code>
          </span>
        </label>
      ))}
    </fieldset>
  );
}
