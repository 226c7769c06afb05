// Restrictions (A9): bans of users. They are kept in every node's memory, as `RestrictionChange`.

import { Type } from 'typebox';
import { SELLER_REASON_LENGTH_MAX } from './bounds.ts';
import { list, paging } from './paging.ts';
import { LINE } from './patterns.ts';
import type { Plain } from './plain.ts';
import { STRICT, textOrNull, time, userId } from './scalars.ts';
import { absentIfNull, wire } from './wire.ts';

export type RestrictionKind = 'ban';

/** What a restriction is about; there is at most one of each key. */
export interface RestrictionKey {
  readonly kind: RestrictionKind;
  /** Of a ban: the creator whose drops it is about; empty: everywhere. */
  readonly scope: string;
  /** Of a ban: the user. */
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

// On the wire

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
