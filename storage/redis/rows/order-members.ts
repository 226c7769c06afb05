// The format of an order in a user's sorted set on Redis: one short text that begins with the
// order's id. Usual orders take less than 64 characters, and then Redis stores a small set in one
// piece of memory. In a row of the feed the same text follows the type and time of the
// notification. Rows of the first format lack the time when the order was placed: those orders are
// in the list already.

import { assert } from '../../../domain/assert.ts';
import { paymentReference } from '../../../domain/ids.ts';
import type { OrderStatus, OrderView } from '../../../contracts/orders.ts';
import type { NewNotification, OrderNotificationType } from '../../../contracts/notifications.ts';
import { orderNotification } from '../../ports/read-models.ts';
import { NewerFormatError } from '../../formats/format-version.ts';
import { ORDER_ONLY } from './bucket-calls.ts';

/** Part of the stored format, one letter each. */
const LETTERS: Readonly<Record<OrderStatus, string>> = {
  reserved: 'r',
  confirmed: 'c',
  failed: 'f',
  cancelled: 'x',
  expired: 'e',
  refunded: 'b',
};
const STATUSES = new Map(
  Object.entries(LETTERS).map(([status, letter]) => [letter, status as OrderStatus]),
);
/** Part of the stored format, one letter each. */
const NOTIFICATION_LETTERS: Readonly<Record<OrderNotificationType, string>> = {
  'order.confirmed': 'c',
  'order.failed': 'f',
  'order.cancelled': 'x',
  'order.expired': 'e',
  'order.refunded': 'b',
  'order.partially_refunded': 'p',
};
const NOTIFICATION_TYPES = new Map(
  Object.entries(NOTIFICATION_LETTERS).map(([type, letter]) => [
    letter,
    type as OrderNotificationType,
  ]),
);
const REFUND_REQUESTED = 'R';
const HAS_DETAILS = 'A';
/** The payment reference is the one that `paymentReference` derives. */
const DERIVED_REFERENCE = 'D';
const NO_HOLD = '-';
/** A member of a newer format will begin with this and its version. No order's id begins so. */
const VERSION_MARK = '~';
const RADIX = 36;
/** Id, version, flags, quantity, amount, currency, hold. Rare fields follow as JSON. */
const FIELDS = 7;

interface Rare {
  readonly reference?: string;
  readonly dropId?: string;
  readonly metadata?: string;
  readonly refundedAmount?: number;
  readonly refundedQuantity?: number;
}

export function statusLetter(status: OrderStatus): string {
  return LETTERS[status];
}

export function statusOf(letter: string): OrderStatus {
  const status = STATUSES.get(letter);
  assert(status !== undefined, 'an order has a known status');
  return status;
}

/** The score has the time of the order; other times are differences from it. */
export function packOrder(order: OrderView): string {
  const { id, dropId, holdExpiresAt, paymentReference: reference, metadata } = order;
  let flags = LETTERS[order.status];
  if (order.refundRequested) flags += REFUND_REQUESTED;
  const derived = reference !== null && reference === paymentReference(id);
  if (derived) flags += DERIVED_REFERENCE;
  if (order.hasDetails === true) flags += HAS_DETAILS;
  const hold = holdExpiresAt === null ? NO_HOLD : (holdExpiresAt - order.createdAt).toString(RADIX);
  const version = order.version.toString(RADIX);
  const quantity = order.quantity.toString(RADIX);
  const amount = order.totalAmount.toString(RADIX);
  const usual = `${id} ${version} ${flags} ${quantity} ${amount} ${order.currency} ${hold}`;
  const { refundedAmount, refundedQuantity } = order;
  const hasRefunds = refundedAmount !== undefined || refundedQuantity !== undefined;
  const isUsual = (derived || reference === null) && dropOf(id) === dropId;
  if (isUsual && metadata === undefined && !hasRefunds) return usual;
  const rare: Rare = {
    ...(derived || reference === null ? {} : { reference }),
    ...(dropOf(id) === dropId ? {} : { dropId }),
    ...(metadata === undefined ? {} : { metadata }),
    ...(refundedAmount !== undefined && { refundedAmount }),
    ...(refundedQuantity !== undefined && { refundedQuantity }),
  };
  return `${usual} ${JSON.stringify(rare)}`;
}

/** Errors: NewerFormatError. */
export function unpackOrder(userId: string, createdAt: number, member: string): OrderView {
  if (member.startsWith(VERSION_MARK)) {
    throw new NewerFormatError('an order in a user’s list', member.slice(1).split(' ', 1)[0]);
  }
  const fields = member.split(' ', FIELDS);
  const [id, version, flags, quantity, amount, currency, hold] = fields as [
    string,
    string,
    string,
    string,
    string,
    string,
    string,
  ];
  const usualLength = fields.join(' ').length;
  const rare: Rare =
    member.length > usualLength ? (JSON.parse(member.slice(usualLength)) as Rare) : {};
  const derived = flags.includes(DERIVED_REFERENCE) ? paymentReference(id) : null;
  return {
    id,
    dropId: rare.dropId ?? dropOf(id),
    userId,
    quantity: numberOf(quantity),
    status: statusOf(flags[0]!),
    totalAmount: numberOf(amount),
    currency,
    createdAt,
    holdExpiresAt: hold === NO_HOLD ? null : createdAt + numberOf(hold),
    paymentReference: rare.reference ?? derived,
    refundRequested: flags.includes(REFUND_REQUESTED),
    version: numberOf(version),
    ...(rare.metadata !== undefined && { metadata: rare.metadata }),
    ...(flags.includes(HAS_DETAILS) && { hasDetails: true as const }),
    ...(rare.refundedAmount !== undefined && { refundedAmount: rare.refundedAmount }),
    ...(rare.refundedQuantity !== undefined && { refundedQuantity: rare.refundedQuantity }),
  };
}

/**
 * A row of the feed: the type and time of the notification, the time when the order was placed
 * (empty if it is the same), and the order.
 */
export function packNotification(
  type: OrderNotificationType,
  refundRequested: boolean,
  at: number,
  order: OrderView,
): string {
  const flags = NOTIFICATION_LETTERS[type] + (refundRequested ? REFUND_REQUESTED : '');
  const placedAt = order.createdAt === at ? '' : order.createdAt.toString(RADIX);
  return `${flags} ${at.toString(RADIX)}:${placedAt} ${packOrder(order)}`;
}

/** A row without a notification. */
export function packOrderOnly(order: OrderView): string {
  return `${ORDER_ONLY}${order.createdAt} ${packOrder(order)}`;
}

export function unpackNotification(userId: string, row: string): NewNotification {
  const timeAt = row.indexOf(' ') + 1;
  const memberAt = row.indexOf(' ', timeAt) + 1;
  const type = NOTIFICATION_TYPES.get(row[0]!);
  assert(type !== undefined, 'a notification has a known type');
  const refundRequested = row[1] === REFUND_REQUESTED;
  // A notification does not have the time when its order was placed.
  const order = unpackOrder(userId, 0, row.slice(memberAt));
  // The number ends at the colon.
  const time = numberOf(row.slice(timeAt, memberAt - 1));
  return orderNotification(type, order, refundRequested, time);
}

/** The order of a row of the feed; null if the list has the order already (first format). */
export function orderOfRow(userId: string, row: string): OrderView | null {
  const found = NOTIFICATION_ROW.exec(row);
  if (found === null) return null;
  const [, notifiedAt, placed, member] = found as unknown as [string, string, string, string];
  return unpackOrder(userId, numberOf(placed === '' ? notifiedAt : placed), member);
}

const NOTIFICATION_ROW = /^[A-Za-z]+ (\w+):(\w*) (.*)$/;

/** The drop's id according to the order's id; nearly always right. */
export function dropOf(id: string): string {
  return id.slice(0, Math.max(id.lastIndexOf('-'), 0));
}

function numberOf(text: string): number {
  return Number.parseInt(text, RADIX);
}
