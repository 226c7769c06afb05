// Drops: what a creator decides about one, and what readers see of it.

import { Type } from 'typebox';
import {
  EARLY_ACCESS_SECONDS_MAX,
  HOLD_SECONDS_DEFAULT,
  HOLD_SECONDS_MAX,
  LIMIT_PER_USER_DEFAULT,
  LIMIT_PER_USER_MAX,
  SELLER_REASON_LENGTH_MAX,
  STOCK_MAX,
  UNIT_AMOUNT_MAX,
} from './bounds.ts';
import { Picture } from './media.ts';
import { described, describedAnew, externalId } from './metadata.ts';
import { list, type Page, paging } from './paging.ts';
import { LINE } from './patterns.ts';
import type { Plain } from './plain.ts';
import { count, currency, currencyCode, id, STRICT, time, userId } from './scalars.ts';
import { madeUnlisted, unlisted, unlistedToo } from './unlisted.ts';
import { inside, wire, wireTime } from './wire.ts';

export const DropStatus = Type.Union([
  Type.Literal('upcoming'),
  Type.Literal('live'),
  Type.Literal('ended'),
  Type.Literal('cancelled'),
]);
export type DropStatus = Plain<typeof DropStatus>;

export const PaymentMode = Type.Union([Type.Literal('instant'), Type.Literal('provider')]);
export type PaymentMode = Plain<typeof PaymentMode>;

/** Who may order: everybody, or those with a pass. */
export const DropAccess = Type.Union([Type.Literal('public'), Type.Literal('pass')]);
export type DropAccess = Plain<typeof DropAccess>;

/** Moments that people are told about at once, beyond the running stock figures (N2, N3). */
export const MilestoneType = Type.Union([
  Type.Literal('scheduled'),
  Type.Literal('started'),
  Type.Literal('low_stock'),
  Type.Literal('sold_out'),
  Type.Literal('back_in_stock'),
  Type.Literal('restocked'),
  Type.Literal('paused'),
  Type.Literal('resumed'),
  /** A live drop ends later. */
  Type.Literal('extended'),
  Type.Literal('ended'),
  Type.Literal('cancelled'),
]);
export type MilestoneType = Plain<typeof MilestoneType>;

const limitPerUser = Type.Integer({ minimum: 1, maximum: LIMIT_PER_USER_MAX });

/** A drop as of one version: `free = stocked - held - sold` always. */
export const DropView = Type.Object(
  {
    id,
    productId: id,
    creatorId: userId,
    status: DropStatus,
    /** No unit is free. A flag beside the status, not a status. */
    soldOut: Type.Boolean(),
    startsAt: time,
    endsAt: time,
    unitAmount: count,
    currency: currencyCode,
    limitPerUser,
    holdSeconds: count,
    payment: PaymentMode,
    stocked: count,
    held: count,
    sold: count,
    free: count,
    /** How many events the drop has applied. */
    version: count,
    /**
     * Rises with each change that the creator or an operator makes, and with nothing else (H12).
     * Absent from nodes of level 2.
     */
    revision: Type.Optional(count),
    createdAt: time,
    /** Only those with a pass may order (D9); absent where everybody may. */
    access: Type.Optional(Type.Literal('pass')),
    /** Those with a pass may order for so long before the start; absent: they may not. */
    earlyAccessSeconds: Type.Optional(count),
    unlisted,
    /**
     * No orders are taken for a while. A flag beside the status, absent where it is not so: the
     * drop opens and ends on time all the same.
     */
    paused: Type.Optional(Type.Literal(true)),
    pausedAt: Type.Optional(time),
    /** In the words of who paused it. */
    pauseReason: Type.Optional(Type.String()),
    /** The deadlines of holds move by the length of the pause. */
    holdsPaused: Type.Optional(Type.Literal(true)),
    /** At which the pause began: no order was placed since. */
    pausedVersion: inside(Type.Optional(count)),
    ...described,
  },
  { title: 'Drop' },
);
export type DropView = Plain<typeof DropView>;

/** What is decided about a drop when it is made. */
export const DropTerms = Type.Object({
  ...Type.Pick(DropView, [
    'id',
    'productId',
    'creatorId',
    'startsAt',
    'endsAt',
    'unitAmount',
    'currency',
    'limitPerUser',
    'holdSeconds',
    'payment',
    'access',
    'earlyAccessSeconds',
    'unlisted',
    'metadata',
    'externalId',
  ]).properties,
  /**
   * How far apart the provider prepares payments, in milliseconds: a hold waits for its turn before
   * its own time begins. Absent where the provider prepares none, and below feature level 3.
   */
  paymentPaceMs: Type.Optional(count),
});
export type DropTerms = Plain<typeof DropTerms>;

/** Of a new drop, and of a change: from feature level 4 on. */
const whoMayBuy = {
  access: Type.Optional({
    ...DropAccess,
    default: 'public',
    description: 'pass: only those with a pass may order; afterwards it may become public',
  }),
  earlyAccessSeconds: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: EARLY_ACCESS_SECONDS_MAX,
      default: 0,
      description: 'how long before the start those with a pass may order',
    }),
  ),
} as const;

/** A drop that is to be made of a product. */
export const NewDrop = Type.Object(
  {
    startsAt: time,
    endsAt: time,
    stock: Type.Integer({ minimum: 1, maximum: STOCK_MAX }),
    unitAmount: Type.Integer({ minimum: 0, maximum: UNIT_AMOUNT_MAX }),
    currency,
    limitPerUser: Type.Optional(
      Type.Integer({ minimum: 1, maximum: LIMIT_PER_USER_MAX, default: LIMIT_PER_USER_DEFAULT }),
    ),
    holdSeconds: Type.Optional(
      Type.Integer({ minimum: 1, maximum: HOLD_SECONDS_MAX, default: HOLD_SECONDS_DEFAULT }),
    ),
    payment: Type.Optional(PaymentMode),
    ...whoMayBuy,
    ...described,
    draft: Type.Optional(
      Type.Boolean({ description: 'true: seen by its creator alone, until it is announced' }),
    ),
    unlisted: madeUnlisted,
  },
  { ...STRICT, title: 'NewDrop' },
);
export type NewDrop = Plain<typeof NewDrop>;

export const DropPatch = Type.Object(
  {
    startsAt: Type.Optional(time),
    endsAt: Type.Optional(time),
    limitPerUser: Type.Optional(limitPerUser),
    addStock: Type.Optional(
      Type.Integer({
        minimum: -STOCK_MAX,
        maximum: STOCK_MAX,
        description: 'not 0; negative takes away',
      }),
    ),
    stock: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: STOCK_MAX,
        description: 'before the start: all units of the drop; not together with addStock',
      }),
    ),
    unitAmount: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: UNIT_AMOUNT_MAX,
        description: 'before the start',
      }),
    ),
    ...whoMayBuy,
    ...describedAnew,
  },
  { ...STRICT, minProperties: 1, title: 'DropPatch' },
);
export type DropPatch = Plain<typeof DropPatch>;

/** How a drop is paused. */
export const PauseDetails = Type.Object(
  {
    extendHolds: Type.Optional(
      Type.Boolean({
        default: false,
        description: 'move the deadlines of present holds by the length of the pause',
      }),
    ),
    reason: Type.Optional(
      Type.String({
        maxLength: SELLER_REASON_LENGTH_MAX,
        pattern: LINE,
        description: 'shown to everybody, and kept for good',
      }),
    ),
  },
  { ...STRICT, title: 'PauseDetails' },
);
export type PauseDetails = Plain<typeof PauseDetails>;

export interface DropsPage extends Page<DropView> {
  /**
   * Every drop of the page was so at this time, in milliseconds since the Unix epoch, or later.
   * Null where an owner did not answer and its drop's age is not known; a node of level 1 leaves it
   * out.
   */
  readonly asOf?: number | null;
}

/** Which drops a list has. */
export const DropFilter = Type.Object({
  status: Type.Optional(DropStatus),
  creatorId: Type.Optional(userId),
  productId: Type.Optional(id),
  /** Only together with `creatorId`. */
  externalId: Type.Optional(externalId),
  /** Also what is unlisted (D10). */
  withUnlisted: Type.Optional(Type.Boolean()),
});
export type DropFilter = Plain<typeof DropFilter>;

// On the wire

/** A draft is in answers to its creator alone. */
export const ShownStatus = Type.Union([...DropStatus.anyOf, Type.Literal('draft')]);
export const DropBody = Type.Object(
  {
    ...wire(DropView).properties,
    status: ShownStatus,
    revision: count,
    picture: Type.Optional({
      ...wire(Picture),
      description: 'of its product; in public reads of drops, where everybody may see it',
    }),
  },
  { title: 'Drop' },
);
/** As public reads show it. */
export interface DropCard extends DropView {
  readonly picture?: Picture;
}
export const NewDropBody = wire(NewDrop);
export const DropPage = Type.Object(
  {
    ...list(DropBody, 'DropPage').properties,
    asOf: Type.Optional({
      ...wireTime,
      description:
        'Every drop of the page was so at this time or later. It is more than a moment ago where ' +
        'the node of a drop does not answer, and left out where it is not known.',
    }),
  },
  { title: 'DropPage' },
);
export const DropQuery = Type.Object(
  {
    status: Type.Optional({
      ...ShownStatus,
      description: 'draft: the caller’s own, with an access token',
    }),
    creator_id: Type.Optional(userId),
    product_id: Type.Optional(id),
    external_id: Type.Optional({ ...externalId, description: 'only together with creator_id' }),
    unlisted: unlistedToo,
    ...paging,
  },
  STRICT,
);
