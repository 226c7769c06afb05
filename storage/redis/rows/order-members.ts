// How an order stands in a user's sorted set on Redis: as one short text that begins with the
// order's id. Below 64 characters, which those of usual orders are, Redis keeps a small set in one
// piece of memory. In a row of the feed the same text stands behind what its buyer was told, and
// when. Rows of the first format do not say when the order was placed: it is in the list already.

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
};
const NOTIFICATION_TYPES = new Map(
  Object.entries(NOTIFICATION_LETTERS).map(([type, letter]) => [
    letter,
    type as OrderNotificationType,
  ]),
);
const REFUND_REQUESTED = 'R';
/** The payment reference is the one that `paymentReference` derives. */
const DERIVED_REFERENCE = 'D';
const NO_HOLD = '-';
/** A member of a newer format will begin with this and its version: no order's id does. */
const VERSION_MARK = '~';
const RADIX = 36;
/** Id, version, flags, quantity, cents, currency, hold; what is rare follows them as JSON. */
const FIELDS = 7;

interface Rare {
  readonly reference?: string;
  readonly dropId?: string;
}

export function statusLetter(status: OrderStatus): string {
  return LETTERS[status];
}

export function statusOf(letter: string): OrderStatus {
  const status = STATUSES.get(letter);
  assert(status !== undefined, 'an order has a known status');
  return status;
}

/** Times are in the score, and as a difference from it. */
export function packOrder(order: OrderView): string {
  const { id, dropId, holdExpiresAt, paymentReference: reference } = order;
  let flags = LETTERS[order.status];
  if (order.refundRequested) flags += REFUND_REQUESTED;
  const derived = reference !== null && reference === paymentReference(id);
  if (derived) flags += DERIVED_REFERENCE;
  const hold = holdExpiresAt === null ? NO_HOLD : (holdExpiresAt - order.createdAt).toString(RADIX);
  const version = order.version.toString(RADIX);
  const quantity = order.quantity.toString(RADIX);
  const cents = order.totalCents.toString(RADIX);
  const usual = `${id} ${version} ${flags} ${quantity} ${cents} ${order.currency} ${hold}`;
  if ((derived || reference === null) && dropOf(id) === dropId) return usual;
  const rare: Rare = {
    ...(derived || reference === null ? {} : { reference }),
    ...(dropOf(id) === dropId ? {} : { dropId }),
  };
  return `${usual} ${JSON.stringify(rare)}`;
}

/** Errors: NewerFormatError. */
export function unpackOrder(userId: string, createdAt: number, member: string): OrderView {
  if (member.startsWith(VERSION_MARK)) {
    throw new NewerFormatError('an order in a user’s list', member.slice(1).split(' ', 1)[0]);
  }
  const fields = member.split(' ', FIELDS);
  const [id, version, flags, quantity, cents, currency, hold] = fields as [
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
    totalCents: numberOf(cents),
    currency,
    createdAt,
    holdExpiresAt: hold === NO_HOLD ? null : createdAt + numberOf(hold),
    paymentReference: rare.reference ?? derived,
    refundRequested: flags.includes(REFUND_REQUESTED),
    version: numberOf(version),
  };
}

/**
 * A row of the feed: what the buyer is told and when, when the order was placed (nothing where that
 * is the same moment), and the order.
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

/** A row that tells nothing. */
export function packOrderOnly(order: OrderView): string {
  return `${ORDER_ONLY}${order.createdAt} ${packOrder(order)}`;
}

export function unpackNotification(userId: string, row: string): NewNotification {
  const timeAt = row.indexOf(' ') + 1;
  const memberAt = row.indexOf(' ', timeAt) + 1;
  const type = NOTIFICATION_TYPES.get(row[0]!);
  assert(type !== undefined, 'a notification has a known type');
  const refundRequested = row[1] === REFUND_REQUESTED;
  // A notification says nothing of when its order was placed.
  const order = unpackOrder(userId, 0, row.slice(memberAt));
  // As far as the colon: what is behind it is no digit.
  const time = numberOf(row.slice(timeAt, memberAt - 1));
  return orderNotification(type, order, refundRequested, time);
}

/** The order of a row of the feed; null where the row was written together with one of the list. */
export function orderOfRow(userId: string, row: string): OrderView | null {
  const found = NOTIFICATION_ROW.exec(row);
  if (found === null) return null;
  const [, notifiedAt, placed, member] = found as unknown as [string, string, string, string];
  return unpackOrder(userId, numberOf(placed === '' ? notifiedAt : placed), member);
}

const NOTIFICATION_ROW = /^[A-Za-z]+ (\w+):(\w*) (.*)$/;

/** What an order's id says its drop is; nearly always so. */
export function dropOf(id: string): string {
  return id.slice(0, Math.max(id.lastIndexOf('-'), 0));
}

function numberOf(text: string): number {
  return Number.parseInt(text, RADIX);
}
