// The formats of webhooks and their deliveries in a durable store: JSON with its version. The id of
// a delivery is stored beside it, because the store gives it.

import type { Delivery, Webhook } from '../../contracts/webhooks.ts';
import type { NewDelivery } from '../ports/webhooks.ts';
import { NewerFormatError } from './format-version.ts';

const FORMAT = 1;

export function encodeWebhook(webhook: Webhook): string {
  return JSON.stringify({ format: FORMAT, ...webhook });
}

/** Errors: `newer-format`. */
export function decodeWebhook(text: string): Webhook {
  const { format, ...webhook } = JSON.parse(text) as Webhook & { format: number };
  if (format > FORMAT) throw new NewerFormatError('a webhook', format);
  return webhook;
}

export function encodeDelivery(delivery: NewDelivery): string {
  const { id: _id, ...stored } = delivery as Delivery;
  return JSON.stringify({ format: FORMAT, ...stored });
}

/** Errors: `newer-format`. */
export function decodeDelivery(id: string, text: string): Delivery {
  const { format, ...delivery } = JSON.parse(text) as NewDelivery & { format: number };
  if (format > FORMAT) throw new NewerFormatError('a delivery of a webhook', format);
  return { id, ...delivery };
}

/** By the time of making, then by id, newest first. */
export function newestWebhookFirst(one: Webhook, other: Webhook): number {
  return other.createdAt - one.createdAt || (one.id < other.id ? 1 : -1);
}
