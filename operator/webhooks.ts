// `livedrops webhooks`: lists the webhooks of creators and their deliveries, has a delivery sent
// again, or disables a webhook.

import type { DeliveryState } from '../contracts/webhooks.ts';
import type { Webhook, WebhookDelivery } from '../sdk/api.ts';
import { connectOperator } from './connect.ts';
import { type ListOptions, showList } from './show-list.ts';
import { count, table } from './table.ts';

export interface WebhooksOptions extends ListOptions {
  readonly limit: number;
}

export interface DeliveriesOptions extends WebhooksOptions {
  readonly state?: DeliveryState;
}

export async function webhooks(options: WebhooksOptions): Promise<void> {
  await showList(options, (api) => api.webhooks(options.limit), webhooksText);
}

export async function deliveries(id: string, options: DeliveriesOptions): Promise<void> {
  const { state = null, limit } = options;
  await showList(options, (api) => api.deliveries(id, state, limit), deliveriesText);
}

export async function resend(
  id: string,
  deliveryId: string,
  options: WebhooksOptions,
): Promise<void> {
  const delivery = await (await connectOperator(options)).resendDelivery(id, deliveryId);
  print(options, delivery, `delivery ${delivery.id} is sent again\n`);
}

export async function disable(id: string, options: WebhooksOptions): Promise<void> {
  const webhook = await (await connectOperator(options)).disableWebhook(id);
  print(options, webhook, `${webhook.id} is disabled\n`);
}

export function webhooksText(rows: readonly Webhook[]): string {
  if (rows.length === 0) return 'No webhooks.\n';
  const lines = table(
    ['id', 'creator', 'enabled', 'reason', 'url', 'events', 'ordering'],
    rows.map((webhook) => [
      webhook.id,
      webhook.creatorId,
      webhook.enabled ? 'yes' : 'no',
      webhook.disabledReason ?? '-',
      webhook.url,
      String(webhook.events.length),
      webhook.ordering,
    ]),
    ['events'],
  );
  return `${lines}${count(rows.length, 'webhook')}\n`;
}

export function deliveriesText(rows: readonly WebhookDelivery[]): string {
  if (rows.length === 0) return 'No deliveries.\n';
  const lines = table(
    ['id', 'event', 'type', 'state', 'attempts', 'last', 'status', 'next', 'webhook-id'],
    rows.map((delivery) => {
      const last = delivery.attempts.at(-1);
      return [
        delivery.id,
        delivery.occurredAt,
        delivery.type,
        delivery.state,
        String(delivery.attemptCount),
        last?.at ?? '-',
        String(last?.status ?? last?.reason ?? '-'),
        delivery.nextAttemptAt ?? '-',
        delivery.messageId,
      ];
    }),
    ['id', 'attempts'],
  );
  return `${lines}${count(rows.length, 'call')}\n`;
}

function print(options: WebhooksOptions, value: object, text: string): void {
  process.stdout.write(options.json === true ? `${JSON.stringify(value, null, 2)}\n` : text);
}
