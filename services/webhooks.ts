// The Moleculer service of `app/webhooks/`.

import type { ServiceSchema } from 'moleculer';
import {
  WebhookDeliveries,
  type WebhookDeliveriesOptions,
} from '../app/webhooks/webhook-deliveries.ts';
import { Webhooks, type WebhooksOptions } from '../app/webhooks/webhooks.ts';
import { defineService } from './moleculer/define-service.ts';

export function webhooksService(
  options: WebhooksOptions & WebhookDeliveriesOptions,
): ServiceSchema {
  const webhooks = new Webhooks(options);
  const deliveries = new WebhookDeliveries(options);
  return defineService('webhooks', {
    create: (params) => webhooks.create(params),
    list: (params) => webhooks.list(params),
    get: (params) => webhooks.get(params),
    change: (params) => webhooks.change(params),
    remove: (params) => webhooks.remove(params),
    rotate: (params) => webhooks.rotate(params),
    test: (params) => deliveries.test(params),
    deliveries: (params) => deliveries.list(params),
    resend: (params) => deliveries.resend(params),
  });
}
