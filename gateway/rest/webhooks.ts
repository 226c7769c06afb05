// The routes of webhooks (R3): of one's own, and of creators whose member one is.

import { PageQuery } from '../../contracts/paging.ts';
import {
  CreatedWebhookBody,
  DeliveriesQuery,
  DeliveryBody,
  DeliveryPage,
  NewWebhook,
  WebhookBody,
  WebhookChange,
  WebhookPage,
  WebhookRotation,
  WebhooksQuery,
} from '../../contracts/webhooks.ts';
import { emptyReply, jsonReply, type Route, userRoute } from '../http/route.ts';
import { createdWebhookBody, deliveryBody, pageBody, webhookBody } from '../present.ts';
import { operatorRoute } from './operator-route.ts';
import { pageRequest } from './paging.ts';

const PATH = '/v1/webhooks';
const ABOUT = { tag: 'webhooks', access: 'user' } as const;
const WRITES = { ...ABOUT, rateClass: 'writes', action: 'webhooks.change' } as const;
const READS = { ...ABOUT, rateClass: 'reads', action: 'webhooks.read', status: 200 } as const;

export function webhookRoutes(): Route[] {
  return [...ownRoutes(), ...changeRoutes(), ...deliveryRoutes(), ...operatorRoutes()];
}

function ownRoutes(): Route[] {
  return [
    userRoute(
      {
        ...ABOUT,
        method: 'POST',
        path: PATH,
        summary: 'Make a webhook: its URL is called with what happens from now on.',
        description: 'The secret that signs its calls is shown this once.',
        action: 'webhooks.create',
        rateClass: 'writes',
        refusesBanned: 'everywhere',
        body: NewWebhook,
        status: 201,
        response: CreatedWebhookBody,
        refusals: ['not-found', 'forbidden', 'too-many', 'overloaded', 'unavailable'],
      },
      async ({ call, caller, body: webhook }) => {
        const made = await call('webhooks.create', { caller, webhook });
        if (!made.ok) return made;
        const location = ['location', `${PATH}/${made.value.id}`] as const;
        return jsonReply(201, createdWebhookBody(made.value), [location]);
      },
    ),
    userRoute(
      {
        ...READS,
        method: 'GET',
        path: PATH,
        summary: 'Webhooks of one’s own, or of a creator whose member one is; all in one page.',
        query: WebhooksQuery,
        response: WebhookPage,
        refusals: ['not-found', 'forbidden', 'unavailable'],
      },
      async ({ call, caller, query: { creator_id: creatorId } }) => {
        const whose = creatorId === undefined ? {} : { creatorId };
        const listed = await call('webhooks.list', { caller, ...whose });
        if (!listed.ok) return listed;
        return jsonReply(200, { items: listed.value.map(webhookBody), nextCursor: null });
      },
    ),
    userRoute(
      {
        ...READS,
        method: 'GET',
        path: `${PATH}/{id}`,
        summary: 'A webhook.',
        response: WebhookBody,
        refusals: ['not-found', 'forbidden', 'unavailable'],
      },
      async ({ call, caller, id: webhookId }) => {
        const found = await call('webhooks.get', { caller, webhookId });
        return found.ok ? jsonReply(200, webhookBody(found.value)) : found;
      },
    ),
  ];
}

function changeRoutes(): Route[] {
  return [
    userRoute(
      {
        ...WRITES,
        method: 'PATCH',
        path: `${PATH}/{id}`,
        summary: 'Change a webhook, disable it, or enable it again from now on.',
        body: WebhookChange,
        status: 200,
        response: WebhookBody,
        refusals: ['not-found', 'forbidden', 'overloaded', 'unavailable'],
      },
      async ({ call, caller, id: webhookId, body: change }) => {
        const changed = await call('webhooks.change', { caller, webhookId, change });
        return changed.ok ? jsonReply(200, webhookBody(changed.value)) : changed;
      },
    ),
    userRoute(
      {
        ...WRITES,
        method: 'DELETE',
        path: `${PATH}/{id}`,
        summary: 'Remove a webhook with the record of its deliveries.',
        status: 204,
        refusals: ['not-found', 'forbidden', 'unavailable'],
      },
      async ({ call, caller, id: webhookId }) => {
        const removed = await call('webhooks.remove', { caller, webhookId });
        return removed.ok ? emptyReply(204) : removed;
      },
    ),
    userRoute(
      {
        ...WRITES,
        method: 'POST',
        path: `${PATH}/{id}/secret`,
        summary: 'Make a new secret; the one before signs as well for a while.',
        body: WebhookRotation,
        bodyOptional: true,
        status: 200,
        response: CreatedWebhookBody,
        refusals: ['not-found', 'forbidden', 'unavailable'],
      },
      async ({ call, caller, id: webhookId, body }) => {
        const rotated = await call('webhooks.rotate', { ...body, caller, webhookId });
        return rotated.ok ? jsonReply(200, createdWebhookBody(rotated.value)) : rotated;
      },
    ),
  ];
}

function deliveryRoutes(): Route[] {
  return [
    userRoute(
      {
        ...WRITES,
        method: 'POST',
        path: `${PATH}/{id}/test`,
        summary: 'Send an event of the type webhook.test.',
        status: 202,
        response: DeliveryBody,
        refusals: ['not-found', 'forbidden', 'webhook-disabled', 'overloaded', 'unavailable'],
      },
      async ({ call, caller, id: webhookId }) => {
        const sent = await call('webhooks.test', { caller, webhookId });
        return sent.ok ? jsonReply(202, deliveryBody(sent.value)) : sent;
      },
    ),
    userRoute(
      {
        ...READS,
        method: 'GET',
        path: `${PATH}/{id}/deliveries`,
        summary: 'Deliveries of a webhook with their attempts, newest first.',
        query: DeliveriesQuery,
        response: DeliveryPage,
        refusals: ['not-found', 'forbidden', 'unavailable'],
      },
      async ({ call, caller, id: webhookId, query: { state, ...rest } }) => {
        const filter = state === undefined ? {} : { state };
        const page = pageRequest(rest);
        const listed = await call('webhooks.deliveries', { caller, webhookId, ...filter, page });
        return listed.ok ? jsonReply(200, pageBody(listed.value, deliveryBody)) : listed;
      },
    ),
    userRoute(
      {
        ...WRITES,
        method: 'POST',
        path: `${PATH}/{id}/deliveries/{deliveryId}/resend`,
        summary: 'Send a delivery again, with the same webhook-id.',
        status: 202,
        response: DeliveryBody,
        refusals: ['not-found', 'forbidden', 'webhook-disabled', 'unavailable'],
      },
      async ({ call, caller, id: webhookId, ids }) => {
        const deliveryId = ids['deliveryId']!;
        const sent = await call('webhooks.resend', { caller, webhookId, deliveryId });
        return sent.ok ? jsonReply(202, deliveryBody(sent.value)) : sent;
      },
    ),
  ];
}

function operatorRoutes(): Route[] {
  return [
    userRoute(
      {
        ...operatorRoute('GET', 'webhooks'),
        summary: 'Webhooks of all creators.',
        query: PageQuery,
        response: WebhookPage,
      },
      async ({ call, caller, query }) => {
        const listed = await call('operator.listWebhooks', { caller, page: pageRequest(query) });
        return listed.ok ? jsonReply(200, pageBody(listed.value, webhookBody)) : listed;
      },
    ),
    userRoute(
      {
        ...operatorRoute('GET', 'webhooks/{id}/deliveries', ['not-found']),
        summary: 'Deliveries of any webhook, newest first.',
        query: DeliveriesQuery,
        response: DeliveryPage,
      },
      async ({ call, caller, id: webhookId, query: { state, ...rest } }) => {
        const filter = state === undefined ? {} : { state };
        const params = { caller, webhookId, ...filter, page: pageRequest(rest) };
        const listed = await call('operator.listDeliveries', params);
        return listed.ok ? jsonReply(200, pageBody(listed.value, deliveryBody)) : listed;
      },
    ),
    userRoute(
      {
        ...operatorRoute('POST', 'webhooks/{id}/disable', ['not-found']),
        keyed: false,
        summary: 'Disable a webhook; its creator cannot enable it. Harmless to repeat.',
        response: WebhookBody,
      },
      async ({ call, caller, id: webhookId }) => {
        const disabled = await call('operator.disableWebhook', { caller, webhookId });
        return disabled.ok ? jsonReply(200, webhookBody(disabled.value)) : disabled;
      },
    ),
    userRoute(
      {
        ...operatorRoute('POST', 'webhooks/{id}/deliveries/{deliveryId}/resend', [
          'not-found',
          'webhook-disabled',
        ]),
        keyed: false,
        summary: 'Have a delivery of any webhook sent again.',
        response: DeliveryBody,
      },
      async ({ call, caller, id: webhookId, ids }) => {
        const params = { caller, webhookId, deliveryId: ids['deliveryId']! };
        const sent = await call('operator.resendDelivery', params);
        return sent.ok ? jsonReply(200, deliveryBody(sent.value)) : sent;
      },
    ),
  ];
}
