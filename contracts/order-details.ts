// The details of an order: what its seller needs in order to deliver it, such as the buyer's name
// and address. It is personal, so it is in no journal and no list: only in a store that can be
// erased, encrypted with a key of the buyer's own
// (docs/decisions/051-metadata-and-order-details.md).

import { Type } from 'typebox';
import type { Plain } from './plain.ts';
import { LINE, LINES } from './patterns.ts';
import { STRICT } from './scalars.ts';

const LINE_LENGTH_MAX = 200;
const ADDRESS_LINES_MAX = 5;
const NOTE_LENGTH_MAX = 1_000;
/** Orders whose details are read at once. */
export const ORDER_DETAILS_READ_MAX = 1_000;

const line = Type.String({ minLength: 1, maxLength: LINE_LENGTH_MAX, pattern: LINE });
const short = Type.String({ minLength: 1, maxLength: 32, pattern: LINE });

export const OrderDetails = Type.Object(
  {
    name: Type.Optional(line),
    company: Type.Optional(line),
    /** Street, house, and whatever else stands above the town. */
    lines: Type.Optional(Type.Array(line, { minItems: 1, maxItems: ADDRESS_LINES_MAX })),
    city: Type.Optional(line),
    region: Type.Optional(line),
    postalCode: Type.Optional(short),
    country: Type.Optional(
      Type.String({ pattern: '^[A-Z]{2}$', description: 'a code of ISO 3166-1, such as DE' }),
    ),
    phone: Type.Optional(short),
    email: Type.Optional(line),
    note: Type.Optional(Type.String({ minLength: 1, maxLength: NOTE_LENGTH_MAX, pattern: LINES })),
  },
  { ...STRICT, minProperties: 1, title: 'OrderDetails' },
);
export type OrderDetails = Plain<typeof OrderDetails>;
