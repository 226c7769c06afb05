// What a journal says should be in the order lists and feeds, and what of it is not there: how the
// read models are proved and made good (`ReadModels.restore`). What is missing is found by what a
// row tells and never by its sequence, so a rebuild that comes again adds nothing.

import type { OrderView } from '../../contracts/orders.ts';
import type { NewNotification, OrderNotificationType } from '../../contracts/notifications.ts';
import type { OrderChanges } from '../ports/read-models.ts';

/** Something a buyer was told: what a row of the feed says. */
export interface ExpectedNotification {
  readonly order: OrderView;
  readonly type: OrderNotificationType;
  readonly refundRequested: boolean;
  readonly at: number;
}

/** What one user should find. */
export interface ExpectedRows {
  readonly orders: Map<string, OrderView>;
  /** In the order in which it happened. */
  readonly notifications: ExpectedNotification[];
}

/** What one user finds. */
export interface PresentRows {
  /** The newest version that is listed; 0 for none. */
  readonly versionOf: (order: OrderView) => number;
  readonly hasNotification: (notification: ExpectedNotification) => boolean;
}

export interface MissingRows {
  readonly orders: readonly OrderView[];
  readonly notifications: readonly ExpectedNotification[];
}

/** Rows looked at without a pause: about a millisecond. */
export const ROWS_AT_ONCE = 2048;

/** Between two slices of a long look at rows everything else has its turn. */
export function turnOfOthers(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

export async function expectedByUser(
  changes: readonly OrderChanges[],
): Promise<Map<string, ExpectedRows>> {
  const users = new Map<string, ExpectedRows>();
  let sliceRows = 0;
  for (const { time, rows } of changes) {
    sliceRows += rows.length;
    if (sliceRows > ROWS_AT_ONCE) {
      await turnOfOthers();
      sliceRows = rows.length;
    }
    for (const { order, notificationType, refundRequested } of rows) {
      let expected = users.get(order.userId);
      if (expected === undefined) {
        expected = { orders: new Map(), notifications: [] };
        users.set(order.userId, expected);
      }
      expected.orders.set(order.id, order);
      if (notificationType !== null)
        expected.notifications.push({ order, type: notificationType, refundRequested, at: time });
    }
  }
  return users;
}

export function missingOf(expected: ExpectedRows, present: PresentRows): MissingRows {
  return {
    orders: [...expected.orders.values()].filter(
      (order) => present.versionOf(order) < order.version,
    ),
    notifications: expected.notifications.filter((one) => !present.hasNotification(one)),
  };
}

/** Tells a user's notifications of orders apart: an order is told the same once at a moment. */
export function notificationName({
  order,
  type,
  refundRequested,
  at,
}: ExpectedNotification): string {
  return nameOf(order.id, type, refundRequested, at);
}

/** As `toldName`, of a notification that is kept; those that tell of no order have no match. */
export function storedNotificationName({ type, data, createdAt }: NewNotification): string {
  return nameOf(String(data['orderId']), type, data['refundRequested'] === true, createdAt);
}

function nameOf(orderId: string, type: string, refundRequested: boolean, at: number): string {
  return `${at} ${type} ${refundRequested} ${orderId}`;
}
