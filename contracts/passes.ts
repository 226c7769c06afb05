// Passes: what a buyer shows to order of a drop that asks for one, or before its start (D9).

import { Type } from 'typebox';
import {
  PASS_LENGTH_MAX,
  PASS_UNITS_MAX,
  PASSES_AT_ONCE_MAX,
  PASSES_OF_JOB_MAX,
} from './bounds.ts';
import { EXPORT_FORMATS } from './export-formats.ts';
import type { Plain } from './plain.ts';
import { count, STRICT, time, userId } from './scalars.ts';
import { wire } from './wire.ts';

/** A pass as a person or a program has it; letters may be small, and hyphens may be left out. */
export const passText = Type.String({
  minLength: 1,
  maxLength: PASS_LENGTH_MAX,
  description: 'a pass of the drop, as its creator gave it out',
  examples: ['0A7KQ-F2M9X-R4TD8-WPN3V-HB6YC'],
});

/** A pass that was proved to be of the drop and for the buyer, as the drop's actor gets it. */
export const ProvedPass = Type.Object({
  /** Says what it is good for: see `domain/pass.ts`. */
  number: count,
  /** It is good from then on: milliseconds since the Unix epoch; 0: from the drop's beginning. */
  from: time,
});
export type ProvedPass = Plain<typeof ProvedPass>;

/** What new passes are good for. */
const terms = {
  units: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: PASS_UNITS_MAX,
      default: 1,
      description: 'that all orders with one of the passes may have together',
    }),
  ),
  singleUse: Type.Optional(
    Type.Boolean({
      default: false,
      description: 'a pass is spent by its first order, whatever becomes of that',
    }),
  ),
  /**
   * A whole minute from which on they are good. Absent: from the drop's start, or its early access.
   */
  from: Type.Optional(time),
} as const;

const userIds = Type.Optional(
  Type.Array(userId, {
    minItems: 1,
    maxItems: PASSES_AT_ONCE_MAX,
    uniqueItems: true,
    description: 'a pass for each of these users, good for nobody else',
  }),
);
const countUpTo = (maximum: number) =>
  Type.Optional(
    Type.Integer({ minimum: 1, maximum, description: 'so many passes, each for who has it' }),
  );

/** A few passes, whose texts the answer has: either `count` or `userIds`. */
export const NewPasses = Type.Object(
  { count: countUpTo(PASSES_AT_ONCE_MAX), userIds, ...terms },
  { ...STRICT, minProperties: 1, title: 'NewPasses' },
);
export type NewPasses = Plain<typeof NewPasses>;

/** Many passes, which a job writes to a file: one of `count`, `userIds` and `followersSince`. */
export const NewPassList = Type.Object(
  {
    count: countUpTo(PASSES_OF_JOB_MAX),
    userIds,
    /** A pass for each present follower of the creator who follows since then. */
    followersSince: Type.Optional(time),
    format: Type.Optional(
      Type.Enum([...EXPORT_FORMATS], { type: 'string', default: EXPORT_FORMATS[0] }),
    ),
    ...terms,
  },
  { ...STRICT, minProperties: 1, title: 'NewPassList' },
);
export type NewPassList = Plain<typeof NewPassList>;

/** A pass as it is given to its creator, once: it is stored nowhere. */
export const MadePass = Type.Object(
  {
    pass: Type.String(),
    /** Absent: it is for who has it. */
    userId: Type.Optional(userId),
  },
  { title: 'MadePass' },
);
export type MadePass = Plain<typeof MadePass>;
export const MadePasses = Type.Object({ items: Type.Array(MadePass) }, { title: 'MadePasses' });
export type MadePasses = Plain<typeof MadePasses>;

// On the wire

export const NewPassesBody = wire(NewPasses);
export const NewPassListBody = wire(NewPassList);
