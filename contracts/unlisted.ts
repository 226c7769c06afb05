// Products and drops that are unlisted (D10): who has the id of one reads it, and buys. No list and
// no search shows it to anybody but its creator and operators, and nobody is told of it. It is so
// from feature level 7 on, and for good.

import { Type } from 'typebox';

/** Absent where it is listed. */
export const unlisted = Type.Optional(
  Type.Literal(true, { description: 'in no list and no search: who has its id reads it' }),
);

/** Of what is to be made. */
export const madeUnlisted = Type.Optional(
  Type.Boolean({
    default: false,
    description: 'true, for good: in no list and no search, and nobody is told of it',
  }),
);

/** Of a list. */
export const unlistedToo = Type.Optional(
  Type.Boolean({
    default: false,
    description: 'true: also the caller’s own that are unlisted, with an access token',
  }),
);
