// Views as the REST contract shows them. Times leave as RFC 3339 in UTC, and what only the inside
// needs stays inside.

import type { DropView } from '../contracts/drops.ts';
import type { OrderView } from '../contracts/orders.ts';
import type { NamedFollow, OwnProfile, PublicProfile, Session } from '../services/contracts.ts';
import type { Product } from '../storage/ports/catalogue.ts';
import type { Notification } from '../storage/ports/feed.ts';
import type { Page } from '../storage/ports/page.ts';
import { jsonString, rfc3339 } from './encode.ts';

/**
 * Written by hand because it is on the order path; `test/gateway/present.test.ts` keeps it valid
 * JSON for any text.
 */
export function orderJson(order: OrderView, paymentProvider: string): string {
  let json =
    `{"id":"${order.id}","dropId":"${order.dropId}","userId":${jsonString(order.userId)}` +
    `,"quantity":${order.quantity},"status":"${order.status}","totalCents":${order.totalCents}` +
    `,"currency":"${order.currency}","createdAt":"${rfc3339(order.createdAt)}"`;
  if (order.holdExpiresAt !== null) {
    json += `,"holdExpiresAt":"${new Date(order.holdExpiresAt).toISOString()}"`;
  }
  if (order.paymentReference !== null) {
    const reference = jsonString(order.paymentReference);
    json += `,"payment":{"provider":${jsonString(paymentProvider)},"reference":${reference}}`;
  }
  if (order.refundRequested) json += ',"refundRequested":true';
  return `${json},"version":${order.version}}`;
}

export function orderPageJson(page: Page<OrderView>, paymentProvider: string): string {
  const items = page.items.map((order) => orderJson(order, paymentProvider));
  return `{"items":[${items.join(',')}],"nextCursor":${JSON.stringify(page.nextCursor)}}`;
}

export function dropBody(view: DropView): object {
  return {
    id: view.id,
    productId: view.productId,
    creatorId: view.creatorId,
    status: view.status,
    soldOut: view.soldOut,
    startsAt: rfc3339(view.startsAt),
    endsAt: rfc3339(view.endsAt),
    priceCents: view.priceCents,
    currency: view.currency,
    limitPerUser: view.limitPerUser,
    holdSeconds: view.holdSeconds,
    payment: view.payment,
    stocked: view.stocked,
    held: view.held,
    sold: view.sold,
    free: view.free,
    version: view.version,
    createdAt: rfc3339(view.createdAt),
  };
}

export function productBody(product: Product): object {
  return {
    id: product.id,
    creatorId: product.creatorId,
    name: product.name,
    description: product.description,
    imageUrls: product.imageUrls,
    createdAt: rfc3339(product.createdAt),
  };
}

export function profileBody(profile: PublicProfile): object {
  return {
    id: profile.id,
    name: profile.name,
    followerCount: profile.followerCount,
    followingCount: profile.followingCount,
    createdAt: rfc3339(profile.createdAt),
  };
}

export function ownProfileBody(profile: OwnProfile): object {
  return { ...profileBody(profile), email: profile.email, roles: profile.roles };
}

export function sessionBody(session: Session): object {
  return {
    user: ownProfileBody(session.user),
    accessToken: session.accessToken,
    refreshToken: session.refreshToken,
    expiresIn: session.expiresIn,
  };
}

export function followBody(follow: NamedFollow): object {
  return { userId: follow.userId, name: follow.name, since: rfc3339(follow.since) };
}

export function notificationBody(notification: Notification): object {
  return {
    id: notification.id,
    type: notification.type,
    data: notification.data,
    createdAt: rfc3339(notification.createdAt),
    readAt: notification.readAt === null ? null : rfc3339(notification.readAt),
  };
}

export function pageBody<T>(page: Page<T>, present: (item: T) => object): object {
  return { items: page.items.map(present), nextCursor: page.nextCursor };
}
