// The shape of the file of limits: rates, numbers of open live streams, and networks whose
// addresses are not limited. What a file leaves out keeps its default.

import { type Static, Type } from 'typebox';
import { compileCheck } from './check.ts';

const QUOTA_MAX = 1_000_000;
/** No gateway has more live streams. */
export const LIVE_STREAMS_MAX = 100_000;
const EXEMPT_NETWORKS_MAX = 1_000;
/** The longest text of an IPv6 network that ends as an IPv4 address. */
const NETWORK_LENGTH_MAX = 49;

/** Requests in each window of the class. */
const QUOTA = Type.Optional(Type.Integer({ minimum: 1, maximum: QUOTA_MAX }));
const STREAMS = Type.Optional(Type.Integer({ minimum: 1, maximum: LIVE_STREAMS_MAX }));

const BY_ADDRESS = Type.Object({ address: QUOTA }, { additionalProperties: false });
const BY_BOTH = Type.Object({ user: QUOTA, address: QUOTA }, { additionalProperties: false });

const RATES = Type.Object(
  {
    orders: Type.Optional(BY_BOTH),
    writes: Type.Optional(BY_BOTH),
    reads: Type.Optional(BY_BOTH),
    exchanges: Type.Optional(BY_BOTH),
    searches: Type.Optional(BY_ADDRESS),
    'log-ins': Type.Optional(BY_ADDRESS),
    'bad-tokens': Type.Optional(BY_ADDRESS),
  },
  { additionalProperties: false },
);

const LIMITS = Type.Object(
  {
    rates: Type.Optional(RATES),
    streams: Type.Optional(
      Type.Object(
        { user: STREAMS, address: STREAMS, total: STREAMS },
        { additionalProperties: false },
      ),
    ),
    /** Networks in CIDR notation. */
    exempt: Type.Optional(
      Type.Array(Type.String({ maxLength: NETWORK_LENGTH_MAX }), { maxItems: EXEMPT_NETWORKS_MAX }),
    ),
  },
  { additionalProperties: false },
);

export type Limits = Static<typeof LIMITS>;

export const checkLimits = compileCheck(LIMITS);
