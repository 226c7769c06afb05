// Deliveries of webhooks (R3): listed, sent again, and one to try whether calls arrive.

import type { ActionParams } from '../../contracts/actions.ts';
import type { Page } from '../../contracts/paging.ts';
import type { Outcome } from '../../contracts/refusals.ts';
import { type Delivery, TEST_EVENT } from '../../contracts/webhooks.ts';
import { ID_RANDOM_BYTES, makeId } from '../../domain/ids.ts';
import { refusal, success } from '../../domain/refusal.ts';
import { waitingDelivery } from '../../events/webhooks/webhook-delivery.ts';
import type { RandomBytes } from '../random-bytes.ts';
import { findWebhook, resend, type ResendOptions } from './webhook-changes.ts';

export interface WebhookDeliveriesOptions extends ResendOptions {
  readonly random: RandomBytes;
}

export class WebhookDeliveries {
  readonly #options: WebhookDeliveriesOptions;

  constructor(options: WebhookDeliveriesOptions) {
    this.#options = options;
  }

  async test({ caller, webhookId }: ActionParams<'webhooks.test'>): Promise<Outcome<Delivery>> {
    const { webhooks, webhookJobs, now, random } = this.#options;
    const found = await findWebhook(webhooks, caller, webhookId, 'webhooks.change');
    if (!found.ok) return found;
    if (!found.value.enabled) return refusal('webhook-disabled');
    const at = now();
    const messageId = makeId('msg_t', at, random(ID_RANDOM_BYTES));
    const delivery = waitingDelivery({ messageId, type: TEST_EVENT, occurredAt: at, key: null });
    const timestamp = new Date(at).toISOString();
    const body = JSON.stringify({ type: TEST_EVENT, timestamp, data: { webhookId } });
    const sent = await webhooks.send(webhookId, { delivery, body });
    if (sent === null) return refusal('overloaded', 'Too many deliveries of this webhook wait.');
    webhookJobs.wake(webhookId);
    return success(sent);
  }

  async list({
    caller,
    webhookId,
    state,
    page,
  }: ActionParams<'webhooks.deliveries'>): Promise<Outcome<Page<Delivery>>> {
    const { webhooks } = this.#options;
    const found = await findWebhook(webhooks, caller, webhookId, 'webhooks.read');
    if (!found.ok) return found;
    return success(await webhooks.deliveries(webhookId, state ?? null, page));
  }

  async resend(params: ActionParams<'webhooks.resend'>): Promise<Outcome<Delivery>> {
    const { webhooks } = this.#options;
    const { caller, webhookId, deliveryId } = params;
    const found = await findWebhook(webhooks, caller, webhookId, 'webhooks.change');
    return found.ok ? await resend(this.#options, found.value, deliveryId) : found;
  }
}
