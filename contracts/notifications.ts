// The feed of kept notifications (N1).

import { Type } from 'typebox';
import type { Page } from './paging.ts';
import { paging } from './paging.ts';
import { NOTIFICATION_ID } from './patterns.ts';
import type { Plain } from './plain.ts';
import { count, STRICT, textOrNull, time, userId } from './scalars.ts';
import { inside, wire } from './wire.ts';

/** What buyers are told of their orders. */
export const OrderNotificationType = Type.Union([
  Type.Literal('order.confirmed'),
  Type.Literal('order.failed'),
  Type.Literal('order.cancelled'),
  Type.Literal('order.expired'),
  Type.Literal('order.refunded'),
  Type.Literal('order.partially_refunded'),
]);
export type OrderNotificationType = Plain<typeof OrderNotificationType>;

export const Notification = Type.Object(
  {
    userId: inside(userId),
    /** Decimal digits; rises in each user's feed, and is unique in it. */
    id: Type.String(),
    /** Such as `order.confirmed`. */
    type: Type.String(),
    /** A small JSON object: ids and amounts. */
    data: Type.Record(Type.String(), Type.Union([Type.String(), Type.Number(), Type.Boolean()])),
    createdAt: time,
    readAt: Type.Union([time, Type.Null()]),
  },
  { title: 'Notification' },
);
export type Notification = Plain<typeof Notification>;

/** One that is not in the feed yet. */
export const NewNotification = Type.Pick(Notification, ['userId', 'type', 'data', 'createdAt']);
export type NewNotification = Plain<typeof NewNotification>;

export interface NotificationsPage extends Page<Notification> {
  readonly unreadCount: number;
}

// On the wire

export const NotificationPage = Type.Object(
  { items: Type.Array(wire(Notification)), nextCursor: textOrNull, unreadCount: count },
  { title: 'NotificationPage' },
);
/** Notifications after `upTo` stay unread; without it all are marked. */
export const ReadAllBody = Type.Object(
  { upTo: Type.Optional(Type.String({ pattern: NOTIFICATION_ID })) },
  { title: 'ReadAll', ...STRICT },
);
export const NotificationQuery = Type.Object(
  { unread: Type.Optional(Type.Boolean({ default: false })), ...paging },
  STRICT,
);
