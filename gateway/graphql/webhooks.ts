// Webhooks of creators, and the record of their deliveries.

import {
  CreatedWebhookBody,
  DeliveriesQuery,
  DeliveryBody,
  WebhookBody,
} from '../../contracts/webhooks.ts';
import { idOf, type ObjectRef, type Row, type RowFields } from './builder.ts';
import { type Catalogue, optionalId } from './catalogue.ts';
import { connectionOf, connectionType, pageArgs } from './connections.ts';
import { COSTS, costOfList } from './costs.ts';
import { addMutation } from './mutations.ts';
import type { Parts } from './parts.ts';

/** Fields that are not as in REST. */
const OTHERWISE = ['creatorId', 'url'];

const pathOf = (id: string) => `/v1/webhooks/${encodeURIComponent(id)}`;

export function addWebhooks(parts: Parts, { user }: Catalogue, viewer: ObjectRef): void {
  const { builder, shapes } = parts;
  const delivery = shapes.objectOf(DeliveryBody);
  const deliveries = connectionType(parts, delivery);
  const common = (t: RowFields) => ({
    url: t.field({ type: 'URL', resolve: (row) => String(row['url']) }),
    creator: t.field({
      type: user,
      nullable: true,
      complexity: COSTS.loaded,
      description: 'Null where the creator has no account here.',
      resolve: (row, _, { users }) => users.load(String(row['creatorId'])),
    }),
  });
  const webhook = shapes.extend('Webhook', WebhookBody, OTHERWISE, (t) => ({
    ...common(t),
    deliveries: t.field({
      type: deliveries,
      nullable: true,
      complexity: costOfList,
      description: 'With their attempts, newest first.',
      args: {
        ...pageArgs(t.arg),
        state: t.arg({ type: shapes.enumOf(DeliveriesQuery.properties.state) }),
      },
      resolve: (row, { state, ...args }, context) =>
        connectionOf(context, `${pathOf(idOf(row))}/deliveries`, args, { state }),
    }),
  }));
  builder.objectFields(viewer, (t) => ({
    webhooks: t.field({
      type: [webhook],
      nullable: true,
      complexity: { field: COSTS.read, multiplier: 1 },
      description: 'Of oneself or of an organisation.',
      args: { creatorId: t.arg.id() },
      resolve: async (_, { creatorId }, context) => {
        const creator_id = optionalId('User', creatorId);
        const { items } = await context.read('/v1/webhooks', { creator_id });
        return items as readonly Row[];
      },
    }),
    webhook: t.field({
      type: webhook,
      nullable: true,
      complexity: COSTS.read,
      args: { id: t.arg.id({ required: true }) },
      resolve: (_, { id }, context) => context.find(pathOf(id)),
    }),
  }));
  const created = shapes.extend('CreatedWebhook', CreatedWebhookBody, OTHERWISE, common);
  addMutations(parts, { webhook, created, delivery });
}

function addMutations(
  parts: Parts,
  { webhook, created, delivery }: Readonly<Record<'webhook' | 'created' | 'delivery', ObjectRef>>,
): void {
  const ids = [['webhookId', 'Webhook']] as const;
  const payload = { name: 'webhook', type: webhook } as const;
  const withSecret = { name: 'webhook', type: created } as const;
  const ofDelivery = { name: 'delivery', type: delivery } as const;
  addMutation(parts, {
    name: 'createWebhook',
    route: 'POST /v1/webhooks',
    idsInBody: { creatorId: 'User' },
    payload: withSecret,
  });
  addMutation(parts, { name: 'changeWebhook', route: 'PATCH /v1/webhooks/{id}', ids, payload });
  addMutation(parts, { name: 'removeWebhook', route: 'DELETE /v1/webhooks/{id}', ids });
  addMutation(parts, {
    name: 'rotateWebhookSecret',
    route: 'POST /v1/webhooks/{id}/secret',
    ids,
    payload: withSecret,
  });
  addMutation(parts, {
    name: 'testWebhook',
    route: 'POST /v1/webhooks/{id}/test',
    ids,
    payload: ofDelivery,
  });
  addMutation(parts, {
    name: 'resendWebhookDelivery',
    route: 'POST /v1/webhooks/{id}/deliveries/{deliveryId}/resend',
    ids: [...ids, ['deliveryId', 'WebhookDelivery']],
    payload: ofDelivery,
  });
}
