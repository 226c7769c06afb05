// What of the journal's events people are told by push and mail (R1): moments of drops, for
// followers; and moments of orders, for their buyers. Pure: it says who and what, not how.

import type { Fact } from '../../actors/shard/facts.ts';
import type { OrderView } from '../../contracts/orders.ts';
import type { PushType } from '../../contracts/push.ts';
import { freedUnits } from '../../domain/free-units.ts';
import { milestoneOf } from '../../domain/milestones.ts';

export const DROP_NEWS = [
  'drop-announced',
  'drop-started',
  'low-stock',
  'back-in-stock',
] as const satisfies readonly (PushType | 'drop-announced')[];
export type DropNewsType = (typeof DROP_NEWS)[number];
export type OrderNewsType = Extract<
  PushType,
  'order-confirmed' | 'order-refunded' | 'payment-failed'
>;

/** Whose positions these are. */
export const NEWS_CONSUMER = 'news';

interface About {
  readonly dropId: string;
  readonly creatorId: string;
  readonly productId: string;
  /** Of the event, in milliseconds since the Unix epoch. */
  readonly at: number;
}

export interface DropNews extends About {
  readonly type: DropNewsType;
  /** The event's place in the journals, which no other has. */
  readonly place: string;
  /** Somebody decided it; else it came about by itself, and may come about often. */
  readonly isDecided: boolean;
}

export interface OrderNews extends About {
  readonly type: OrderNewsType;
  readonly userId: string;
  readonly orderId: string;
}

/** Null: it is no news of a drop, or the drop is unlisted. `place` and `at` are the event's. */
export function dropNewsOf(fact: Fact, place: string, at: number): DropNews | null {
  const { event, order, terms } = fact;
  if (terms.unlisted === true) return null;
  // Most events: an order took units, and left enough.
  const free = terms.stocked - fact.held - fact.sold;
  const freeBefore = free - freedUnits(event, order);
  const milestone = milestoneOf(event, freeBefore, terms.endsAt, {
    free,
    stocked: terms.stocked,
    status: terms.status,
    endsAt: terms.endsAt,
    pause: pauseOf(fact),
  });
  const type = milestone === null ? undefined : TYPES[milestone];
  if (type === undefined) return null;
  const isDecided = type !== 'back-in-stock' || event.type === 'drop-restocked';
  return { ...aboutOf(fact, at), type, place, isDecided };
}

/** Null: it is no news of an order. */
export function orderNewsOf(fact: Fact, at: number): OrderNews | null {
  const { order } = fact;
  const type = order === null ? null : orderTypeOf(fact, order);
  if (type === null) return null;
  const { userId, id: orderId } = order!;
  return { ...aboutOf(fact, at), type, userId, orderId };
}

const TYPES: Readonly<Partial<Record<string, DropNewsType>>> = {
  scheduled: 'drop-announced',
  started: 'drop-started',
  low_stock: 'low-stock',
  back_in_stock: 'back-in-stock',
};

function orderTypeOf({ event }: Fact, order: OrderView): OrderNewsType | null {
  switch (event.type) {
    case 'order-placed':
      // Without a payment it is confirmed at once.
      return order.status === 'confirmed' ? 'order-confirmed' : null;
    case 'order-confirmed':
    case 'order-confirmed-late':
      return 'order-confirmed';
    case 'order-refunded':
    case 'order-part-refunded':
    case 'order-rest-refunded':
    case 'order-refunded-at-provider':
      return 'order-refunded';
    case 'order-failed':
    case 'payment-declined':
    case 'payment-voided':
      return 'payment-failed';
    default:
      return null;
  }
}

function aboutOf({ terms }: Fact, at: number): About {
  const { id: dropId, creatorId, productId } = terms;
  return { dropId, creatorId, productId, at };
}

/** Only that there is one matters. */
function pauseOf({ terms }: Fact) {
  if (terms.paused !== true) return null;
  return { at: 0, version: 0, extendsHolds: false, reason: null };
}
