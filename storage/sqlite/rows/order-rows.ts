// The format of an order and its notification in one row. The key in the order list is the time
// when the order was placed. It never changes, so all versions of an order are neighbours. The key
// in the feed is the notification's id. The fields of the order in a notification never change
// either, so the notification adds only its type and time.

import { assert } from '../../../domain/assert.ts';
import type { OrderStatus, OrderView } from '../../../contracts/orders.ts';
import type { NewNotification, OrderNotificationType } from '../../../contracts/notifications.ts';
import { type Stored, withOurNames, withStoredNames } from '../../formats/amount-names.ts';
import { orderNotification } from '../../ports/read-models.ts';
import { NO_KEY, RowFields, type RowPacker, type RowPlace } from './row-pack.ts';

/** The index is the stored number. Append only. */
const STATUSES: readonly OrderStatus[] = [
  'reserved',
  'confirmed',
  'failed',
  'cancelled',
  'expired',
  'refunded',
];
/** The index is the stored number. Append only. */
const NOTIFICATION_TYPES: readonly OrderNotificationType[] = [
  'order.confirmed',
  'order.failed',
  'order.cancelled',
  'order.expired',
  'order.refunded',
  'order.partially_refunded',
];
/** The kind of a row, its second field: an order without a notification. */
const ORDER_ONLY = 0;
/** The kind of a notification with its own data. */
const NOTIFICATION_ONLY = 1;
/**
 * From here on, in steps of two, the kinds of orders with a notification, by its type. An odd
 * distance from here means that a refund was requested.
 */
const NOTIFIED_FIRST = 2;
const HAS_REFERENCE = 8;
const REFUND_REQUESTED = 16;
const HAS_HOLD = 32;
const HAS_METADATA = 64;
const HAS_REFUNDS = 128;
const HAS_DETAILS = 256;

export function packOrder(packer: RowPacker, order: OrderView): void {
  packer.row(order.userId, order.createdAt, NO_KEY);
  packer.number(ORDER_ONLY);
  packOrderFields(packer, order);
  packer.endRow();
}

/** Packs an order with its notification `notificationId` of the time `notifiedAt`. */
export function packNotifiedOrder(
  packer: RowPacker,
  order: OrderView,
  notificationId: number,
  type: OrderNotificationType,
  refundRequested: boolean,
  notifiedAt: number,
): void {
  packer.row(order.userId, order.createdAt, notificationId);
  packer.number(NOTIFIED_FIRST + NOTIFICATION_TYPES.indexOf(type) * 2 + (refundRequested ? 1 : 0));
  packer.number(notifiedAt);
  packOrderFields(packer, order);
  packer.endRow();
}

export function packNotification(
  packer: RowPacker,
  notificationId: number,
  row: NewNotification,
): void {
  packer.row(row.userId, NO_KEY, notificationId);
  packer.number(NOTIFICATION_ONLY);
  packer.number(row.createdAt);
  packer.text(row.type);
  packer.longText(JSON.stringify(withStoredNames(row.data)));
  packer.endRow();
}

function packOrderFields(packer: RowPacker, order: OrderView): void {
  const { id, dropId, holdExpiresAt, paymentReference, metadata } = order;
  const status = STATUSES.indexOf(order.status);
  assert(status >= 0, 'an order has a known status');
  const { refundedAmount = 0, refundedQuantity = 0 } = order;
  const hasRefunds = refundedAmount > 0 || refundedQuantity > 0;
  packer.id(id);
  // An order's id usually begins with its drop's id, which is then left out.
  packer.text(id.startsWith(dropId) && id[dropId.length] === '-' ? '' : dropId);
  packer.text(order.currency);
  packer.text(paymentReference ?? '');
  packer.number(
    status +
      (paymentReference === null ? 0 : HAS_REFERENCE) +
      (order.refundRequested ? REFUND_REQUESTED : 0) +
      (holdExpiresAt === null ? 0 : HAS_HOLD) +
      (metadata === undefined ? 0 : HAS_METADATA) +
      (hasRefunds ? HAS_REFUNDS : 0) +
      (order.hasDetails === true ? HAS_DETAILS : 0),
  );
  packer.number(order.version);
  packer.number(order.quantity);
  packer.number(order.totalAmount);
  if (holdExpiresAt !== null) packer.number(holdExpiresAt);
  if (metadata !== undefined) packer.longText(metadata);
  if (!hasRefunds) return;
  packer.number(refundedAmount);
  packer.number(refundedQuantity);
}

export function unpackOrder(place: RowPlace): OrderView {
  const fields = new RowFields(place);
  const userId = fields.text();
  if (fields.number() >= NOTIFIED_FIRST) fields.number(); // The time of the notification.
  return unpackOrderFields(fields, userId, place.key);
}

/** The notification of a row that is in the feed. */
export function unpackNotification(place: RowPlace): NewNotification {
  const fields = new RowFields(place);
  const userId = fields.text();
  const kind = fields.number();
  const createdAt = fields.number();
  if (kind === NOTIFICATION_ONLY) {
    const type = fields.text();
    const data = withOurNames(JSON.parse(fields.text()) as Stored<NewNotification['data']>);
    return { userId, type, data, createdAt };
  }
  const typeAndRefund = kind - NOTIFIED_FIRST;
  const order = unpackOrderFields(fields, userId, 0);
  return orderNotification(
    NOTIFICATION_TYPES[typeAndRefund >> 1]!,
    order,
    (typeAndRefund & 1) === 1,
    createdAt,
  );
}

function unpackOrderFields(fields: RowFields, userId: string, createdAt: number): OrderView {
  const id = fields.text();
  const drop = fields.text();
  const currency = fields.text();
  const reference = fields.text();
  const flags = fields.number();
  const version = fields.number();
  const quantity = fields.number();
  const totalAmount = fields.number();
  const order: OrderView = {
    id,
    dropId: drop === '' ? id.slice(0, id.lastIndexOf('-')) : drop,
    userId,
    quantity,
    status: STATUSES[flags % HAS_REFERENCE]!,
    totalAmount,
    currency,
    createdAt,
    holdExpiresAt: (flags & HAS_HOLD) === 0 ? null : fields.number(),
    paymentReference: (flags & HAS_REFERENCE) === 0 ? null : reference,
    refundRequested: (flags & REFUND_REQUESTED) !== 0,
    version,
    ...((flags & HAS_METADATA) !== 0 && { metadata: fields.text() }),
    ...((flags & HAS_DETAILS) !== 0 && { hasDetails: true as const }),
  };
  if ((flags & HAS_REFUNDS) === 0) return order;
  const refundedAmount = fields.number();
  const refundedQuantity = fields.number();
  return {
    ...order,
    ...(refundedAmount > 0 && { refundedAmount }),
    ...(refundedQuantity > 0 && { refundedQuantity }),
  };
}

/**
 * The newest version of each order, among rows that come with the last added first. Of equal
 * versions the one that was added first stays.
 */
export class NewestOrders {
  readonly #orders = new Map<string, OrderView>();

  add(place: RowPlace): void {
    const order = unpackOrder(place);
    const present = this.#orders.get(order.id);
    if (present === undefined || order.version >= present.version)
      this.#orders.set(order.id, order);
  }

  get count(): number {
    return this.#orders.size;
  }

  all(): OrderView[] {
    return [...this.#orders.values()];
  }
}
