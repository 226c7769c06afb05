// The number of an order, and whether an order is what somebody looks for.

import type { Order } from '../../../sdk/api.ts';

/** Of the order within its drop: what its id has behind the drop's. */
export function numberOf({ id, dropId }: Pick<Order, 'id' | 'dropId'>): string {
  return id.startsWith(`${dropId}-`) ? id.slice(dropId.length + 1) : id;
}

/**
 * Every word is in its id, in its number after a `#`, or in its buyer's name or id; in any case.
 */
export function matches(
  order: Pick<Order, 'id' | 'dropId' | 'userId'>,
  name: string,
  words: string,
): boolean {
  const texts = [order.id, `#${numberOf(order)}`, order.userId, name].map((one) =>
    one.toLocaleLowerCase(),
  );
  return words
    .trim()
    .toLocaleLowerCase()
    .split(/\s+/)
    .every((word) => texts.some((text) => text.includes(word)));
}
