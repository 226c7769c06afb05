// How an order stands in a row: its key is when it was placed, which never changes, so all versions
// of an order are neighbours.

import { fnv1a } from '../../domain/ids.ts';
import type { OrderStatus, OrderView } from '../../domain/views.ts';
import { type RowPacker, type RowPlace, rowIdHash, rowText } from './row-pack.ts';

export function packOrder(packer: RowPacker, order: OrderView): void {
  const { id, userId, dropId, holdExpiresAt, paymentReference } = order;
  // An order's id usually begins with its drop, which then need not be written again.
  const drop = id.startsWith(`${dropId}-`) ? '' : dropId;
  const hold = holdExpiresAt === null ? '' : holdExpiresAt;
  const reference = paymentReference === null ? '' : `=${paymentReference}`;
  const refund = order.refundRequested ? '1' : '';
  packer.add(
    userId,
    fnv1a(id),
    order.createdAt,
    `${userId}\n${id}\n${drop}\n${order.quantity}\n${order.status}\n${order.totalCents}\n` +
      `${order.currency}\n${hold}\n${refund}\n${order.version}\n${reference}`,
  );
}

export function unpackOrder({ bytes, offset, key }: RowPlace): OrderView {
  const fields = rowText(bytes, offset).split('\n');
  const id = fields[1]!;
  const drop = fields[2]!;
  const hold = fields[7]!;
  const reference = fields[10]!;
  return {
    id,
    dropId: drop === '' ? id.slice(0, id.lastIndexOf('-')) : drop,
    userId: fields[0]!,
    quantity: Number(fields[3]),
    status: fields[4] as OrderStatus,
    totalCents: Number(fields[5]),
    currency: fields[6]!,
    createdAt: key,
    holdExpiresAt: hold === '' ? null : Number(hold),
    paymentReference: reference === '' ? null : reference.slice(1),
    refundRequested: fields[8] === '1',
    version: Number(fields[9]),
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
