// How an order stands in a row: its key is when it was placed, which never changes, so all versions
// of an order are neighbours.

import { assert } from '../../domain/assert.ts';
import type { OrderStatus, OrderView } from '../../domain/views.ts';
import { RowFields, type RowPacker, type RowPlace, rowIdHash } from './row-pack.ts';

/** By the number they are stored as. Append only. */
const STATUSES: readonly OrderStatus[] = [
  'reserved',
  'confirmed',
  'failed',
  'cancelled',
  'expired',
  'refunded',
];
const HAS_REFERENCE = 8;
const REFUND_REQUESTED = 16;
const HAS_HOLD = 32;

export function packOrder(packer: RowPacker, order: OrderView): void {
  const { id, userId, dropId, holdExpiresAt, paymentReference } = order;
  const status = STATUSES.indexOf(order.status);
  assert(status >= 0, 'an order has a known status');
  packer.row(userId, order.createdAt);
  packer.id(id);
  // An order's id usually begins with its drop, which then need not be written again.
  packer.text(id.startsWith(dropId) && id[dropId.length] === '-' ? '' : dropId);
  packer.text(order.currency);
  packer.text(paymentReference ?? '');
  packer.number(
    status +
      (paymentReference === null ? 0 : HAS_REFERENCE) +
      (order.refundRequested ? REFUND_REQUESTED : 0) +
      (holdExpiresAt === null ? 0 : HAS_HOLD),
  );
  packer.number(order.version);
  packer.number(order.quantity);
  packer.number(order.totalCents);
  if (holdExpiresAt !== null) packer.number(holdExpiresAt);
  packer.endRow();
}

export function unpackOrder(place: RowPlace): OrderView {
  const fields = new RowFields(place);
  const userId = fields.text();
  const id = fields.text();
  const drop = fields.text();
  const currency = fields.text();
  const reference = fields.text();
  const flags = fields.number();
  const version = fields.number();
  const quantity = fields.number();
  const totalCents = fields.number();
  return {
    id,
    dropId: drop === '' ? id.slice(0, id.lastIndexOf('-')) : drop,
    userId,
    quantity,
    status: STATUSES[flags % HAS_REFERENCE]!,
    totalCents,
    currency,
    createdAt: place.key,
    holdExpiresAt: (flags & HAS_HOLD) === 0 ? null : fields.number(),
    paymentReference: (flags & HAS_REFERENCE) === 0 ? null : reference,
    refundRequested: (flags & REFUND_REQUESTED) !== 0,
    version,
  };
}

export function mayBeOrder({ bytes, offset }: RowPlace, idHash: number): boolean {
  return rowIdHash(bytes, offset) === idHash;
}

/**
 * The newest version of each order among rows that come with the last kept first. Of equal versions
 * the one kept first stays.
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
