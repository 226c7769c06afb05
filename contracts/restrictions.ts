// Restrictions: bans of users (A9), what is taken down, and how sellers stand (A11). They are kept
// in every node's memory, as `RestrictionChange`.

import { Type } from 'typebox';
import { SELLER_REASON_LENGTH_MAX } from './bounds.ts';
import { list, paging } from './paging.ts';
import { LINE } from './patterns.ts';
import type { Plain } from './plain.ts';
import { STRICT, textOrNull, time, userId } from './scalars.ts';
import { STANDINGS, type Standing, TAKEN_DOWN } from './standings.ts';
import { absentIfNull, wire } from './wire.ts';

export type RestrictionKind = 'ban' | 'take-down' | Standing;

/** What a restriction is about; there is at most one of each key. */
export interface RestrictionKey {
  readonly kind: RestrictionKind;
  /**
   * Of a ban: the creator whose drops it is about; empty: everywhere. Of a take-down: what is taken
   * down, as `TakenDown`. Empty of others.
   */
  readonly scope: string;
  /** The id of the user, creator, product or drop. */
  readonly subject: string;
}

export interface Restriction extends RestrictionKey {
  readonly reason: string | null;
  /** Milliseconds since the Unix epoch. */
  readonly since: number;
  /** Its end, in milliseconds since the Unix epoch; null: until it is lifted. */
  readonly until: number | null;
  /** The user id in the token of who made it. */
  readonly by: string;
  /** Of a take-down: whose it is. */
  readonly creatorId?: string;
}

export interface RestrictionChange extends RestrictionKey {
  readonly until: number | null;
  readonly isLifted: boolean;
  /** Rises with each change of any restriction: of two changes of one the higher one counts. */
  readonly sequence: number;
}

const reason = Type.String({ maxLength: SELLER_REASON_LENGTH_MAX, pattern: LINE });

export const NewBan = Type.Object(
  {
    reason: Type.Optional({ ...reason, description: 'shown to whoever may list bans' }),
    /** Its end; without one it lasts until it is lifted. */
    until: Type.Optional(time),
    refundOrders: Type.Optional(
      Type.Boolean({
        default: false,
        description: 'refund the user’s confirmed orders, too; their holds are let go anyway',
      }),
    ),
    restock: Type.Optional(
      Type.Boolean({
        default: true,
        description: 'of refunded orders: their units are free again',
      }),
    ),
  },
  { ...STRICT, title: 'NewBan' },
);
export type NewBan = Plain<typeof NewBan>;

export const Ban = Type.Object(
  {
    userId,
    /** From whose drops; absent: everywhere. */
    creatorId: absentIfNull(userId),
    reason: textOrNull,
    bannedAt: time,
    bannedBy: userId,
    until: Type.Union([time, Type.Null()]),
  },
  { title: 'Ban' },
);
export type Ban = Plain<typeof Ban>;

export const MadeBan = Type.Object(
  {
    ban: Ban,
    jobId: Type.String({ description: 'of the job that lets holds go and refunds orders' }),
  },
  { title: 'MadeBan' },
);
export type MadeBan = Plain<typeof MadeBan>;

const standing = Type.Enum([...STANDINGS], { type: 'string' });

/** How a seller is to stand. */
export const SellerChange = Type.Object(
  {
    standing: Type.Enum(['approved', 'suspended', 'none'], {
      type: 'string',
      description: 'none: neither; then LIVEDROPS_SELLERS says whether the creator may sell',
    }),
    reason: Type.Optional(reason),
    pauseDrops: Type.Optional(
      Type.Boolean({
        default: false,
        description: 'with suspended: pause the creator’s drops that are live or upcoming',
      }),
    ),
  },
  { ...STRICT, title: 'SellerChange' },
);
export type SellerChange = Plain<typeof SellerChange>;

export const Seller = Type.Object(
  {
    creatorId: userId,
    /** Null: the creator has none of them. */
    standing: Type.Union([standing, Type.Null()]),
    reason: textOrNull,
    since: Type.Union([time, Type.Null()]),
    /** Who decided it; of a pending one the creator. */
    by: textOrNull,
  },
  { title: 'Seller' },
);
export type Seller = Plain<typeof Seller>;

export const NewTakeDown = Type.Object(
  {
    reason: Type.Optional(reason),
    cancelDrops: Type.Optional(
      Type.Boolean({
        default: false,
        description:
          'cancel the drops, also those that have ended, which refunds everything; else those ' +
          'that are live or upcoming are paused',
      }),
    ),
  },
  { ...STRICT, title: 'NewTakeDown' },
);
export type NewTakeDown = Plain<typeof NewTakeDown>;

export const TakeDown = Type.Object(
  {
    of: Type.Enum([...TAKEN_DOWN], { type: 'string' }),
    id: Type.String(),
    /** Whose it is. */
    creatorId: userId,
    reason: textOrNull,
    since: time,
    by: userId,
  },
  { title: 'TakeDown' },
);
export type TakeDown = Plain<typeof TakeDown>;

const jobId = Type.Union([Type.String(), Type.Null()], {
  description: 'of the job that pauses or cancels drops; null where there is nothing to do',
});
export const ChangedSeller = Type.Object({ seller: Seller, jobId }, { title: 'ChangedSeller' });
export type ChangedSeller = Plain<typeof ChangedSeller>;
export const MadeTakeDown = Type.Object({ takeDown: TakeDown, jobId }, { title: 'MadeTakeDown' });
export type MadeTakeDown = Plain<typeof MadeTakeDown>;

// On the wire

export const SellerBody = wire(Seller);
export const SellerPage = list(SellerBody, 'SellerPage');
export const SellerQuery = Type.Object({ standing: Type.Optional(standing), ...paging }, STRICT);
export const ChangedSellerBody = wire(ChangedSeller);
export const TakeDownPage = list(wire(TakeDown), 'TakeDownPage');
export const MadeTakeDownBody = wire(MadeTakeDown);
export const NewBanBody = wire(NewBan);
export const MadeBanBody = wire(MadeBan);
export const BanPage = list(wire(Ban), 'BanPage');
export const BanQuery = Type.Object(
  {
    creator_id: Type.Optional({ ...userId, description: 'those of a creator; else everywhere' }),
    ...paging,
  },
  STRICT,
);
