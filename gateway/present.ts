// The bodies of replies. `contracts/wire.ts` derives them from each shape; only orders are written
// by hand. Those that show media are made by `media-urls.ts`.

import { Type } from 'typebox';
import { AccountSession } from '../contracts/accounts.ts';
import { Analytics, AnalyticsPoint, DropAnalytics } from '../contracts/analytics.ts';
import { ApiKey, CreatedApiKey } from '../contracts/api-keys.ts';
import { Contact } from '../contracts/contacts.ts';
import { type DropCard, type DropsPage, DropView, ShownStatus } from '../contracts/drops.ts';
import { NamedFollow } from '../contracts/follows.ts';
import { Job } from '../contracts/jobs.ts';
import { Picture } from '../contracts/media.ts';
import { Notification } from '../contracts/notifications.ts';
import { AuditEntry } from '../contracts/audit.ts';
import { MoveRecord, NodeRow, RunState, ShardRow } from '../contracts/operator.ts';
import type { DropOrdersPage, OrderView } from '../contracts/orders.ts';
import {
  NamedMember,
  OwnOrganisation,
  ReceivedInvitation,
  SentInvitation,
} from '../contracts/organisations.ts';
import type { Page } from '../contracts/paging.ts';
import { BuyerPayment, OrderPayments, PREPARING_PROVIDERS } from '../contracts/payments.ts';
import { PaymentProblem } from '../contracts/payment-problems.ts';
import { OwnPushSubscription } from '../contracts/push.ts';
import { ParkedRefund } from '../contracts/refunds.ts';
import { SearchItem, SearchNode, SearchResult } from '../contracts/search.ts';
import { CreatedWebhook, Delivery, Webhook } from '../contracts/webhooks.ts';
import { presenter } from '../contracts/wire.ts';
import { fnv1a, paymentReference } from '../domain/ids.ts';
import { jsonString, rfc3339 } from './encode.ts';
import { type SharedBody, sharedBody } from './http/shared-replies.ts';

/**
 * `OrderBody` as JSON, written by hand because it is on the order path.
 * `test/gateway/present.test.ts` compares it with the derived shape, for any text.
 */
export function orderJson(order: OrderView, paymentProvider: string): string {
  let json =
    `{"id":"${order.id}","dropId":"${order.dropId}","userId":${jsonString(order.userId)}` +
    `,"quantity":${order.quantity},"status":"${order.status}","totalAmount":${order.totalAmount}` +
    `,"currency":"${order.currency}","createdAt":"${rfc3339(order.createdAt)}"`;
  if (order.holdExpiresAt !== null) {
    json += `,"holdExpiresAt":"${new Date(order.holdExpiresAt).toISOString()}"`;
  }
  if (order.paymentReference !== null) {
    const reference = jsonString(order.paymentReference);
    json += `,"payment":{"provider":${jsonString(paymentProvider)},"reference":${reference}`;
    json += order.status === 'reserved' ? `${readiness(order, paymentProvider)}}` : '}';
  }
  if (order.refundRequested) json += ',"refundRequested":true';
  if (order.metadata !== undefined) json += `,"metadata":${order.metadata}`;
  if (order.hasDetails === true) json += ',"hasDetails":true';
  if (order.refundedAmount !== undefined) json += `,"refundedAmount":${order.refundedAmount}`;
  if (order.refundedQuantity !== undefined) json += `,"refundedQuantity":${order.refundedQuantity}`;
  return `${json},"version":${order.version}}`;
}

/** A payment is prepared once it has the provider's own reference. */
function readiness({ id, paymentReference: reference }: OrderView, provider: string): string {
  if (!PREPARING_PROVIDERS.has(provider)) return '';
  return reference === paymentReference(id) ? ',"status":"preparing"' : ',"status":"ready"';
}

export function orderPageJson(page: Page<OrderView>, paymentProvider: string): string {
  const items = page.items.map((order) => orderJson(order, paymentProvider));
  return `{"items":[${items.join(',')}],"nextCursor":${JSON.stringify(page.nextCursor)}}`;
}

export function dropOrdersJson(page: DropOrdersPage, paymentProvider: string): string {
  const list = orderPageJson(page, paymentProvider);
  return `${list.slice(0, -1)},"version":${page.version}}`;
}

/** Of a draft as well. */
export const dropBody = presenter(
  Type.Object({
    ...DropView.properties,
    status: ShownStatus,
    picture: Type.Optional(Picture),
  }),
);
export const analyticsBody = presenter(Analytics);
export const analyticsPointBody = presenter(AnalyticsPoint);
export const dropAnalyticsBody = presenter(DropAnalytics);
export const webhookBody = presenter(Webhook);
export const createdWebhookBody = presenter(CreatedWebhook);
export const deliveryBody = presenter(Delivery);
export const buyerPaymentBody = presenter(BuyerPayment);
export const accountSessionBody = presenter(AccountSession);
export const apiKeyBody = presenter(ApiKey);
export const createdApiKeyBody = presenter(CreatedApiKey);
export const ownOrganisationBody = presenter(OwnOrganisation);
export const memberBody = presenter(NamedMember);
export const sentInvitationBody = presenter(SentInvitation);
export const receivedInvitationBody = presenter(ReceivedInvitation);
export const contactBody = presenter(Contact);
export const ownPushSubscriptionBody = presenter(OwnPushSubscription);
export const followBody = presenter(NamedFollow);
export const notificationBody = presenter(Notification);
export const nodeBody = presenter(NodeRow);
export const shardBody = presenter(ShardRow);
export const moveBody = presenter(MoveRecord);
export const auditEntryBody = presenter(AuditEntry);
export const jobBody = presenter(Job);
export const refundBody = presenter(ParkedRefund);
export const problemBody = presenter(PaymentProblem);
export const orderPaymentsBody = presenter(OrderPayments);
export const runBody = presenter(RunState);
export const searchItemBody = presenter(SearchItem);
export const searchResultBody = presenter(SearchResult);
export const searchNodeBody = presenter(SearchNode);

/** Of views that are shown again and again: a cache has the same object until it changes. */
const sharedDrops = new WeakMap<DropView, SharedBody>();

/** `picture`: null for none. */
export function sharedDrop(view: DropView, picture: Picture | null): SharedBody {
  let body = sharedDrops.get(view);
  if (body === undefined || body.picture?.url !== picture?.url) {
    const shown = picture === null ? view : { ...view, picture };
    const etag = `W/"${view.version}-${view.status}${tagOf(picture)}"`;
    const made = sharedBody(JSON.stringify(dropBody(shown)), etag);
    sharedDrops.set(view, (body = { ...made, picture: picture ?? undefined }));
  }
  return body;
}

/** In an entity tag of what shows it. A medium never changes; where it is delivered may. */
export function tagOf(picture: Picture | null | undefined): string {
  return picture ? `-${fnv1a(picture.url).toString(36)}` : '';
}

export function dropPageBody(page: Omit<DropsPage, 'items'> & Page<DropCard>): object {
  const { asOf = null } = page;
  return { ...pageBody(page, dropBody), ...(asOf !== null && { asOf: rfc3339(asOf) }) };
}

export function pageBody<T>(page: Page<T>, present: (item: T) => object): object {
  return { items: page.items.map(present), nextCursor: page.nextCursor };
}
