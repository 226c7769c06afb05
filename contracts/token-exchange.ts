// A short access token for a user of a shop, in exchange for the shop's API key (A6): the shape of
// RFC 8693, whose names are kept as they are there.

import { Type } from 'typebox';
import type { Plain } from './plain.ts';
import { STRICT, userId } from './scalars.ts';

const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
/** RFC 8693 leaves room for types of one's own: the shop's own id of its user. */
const SHOP_USER = 'urn:livedrops:params:oauth:token-type:shop-user';
export const ACCESS_TOKEN_TYPE = 'urn:ietf:params:oauth:token-type:access_token';

export const TokenExchange = Type.Object(
  {
    grant_type: Type.Literal(TOKEN_EXCHANGE),
    /** How the shop itself names its user. */
    subject_token: userId,
    subject_token_type: Type.Literal(SHOP_USER),
    requested_token_type: Type.Optional(Type.Literal(ACCESS_TOKEN_TYPE)),
  },
  { ...STRICT, title: 'TokenExchange' },
);
export type TokenExchange = Plain<typeof TokenExchange>;

export const ExchangedToken = Type.Object(
  {
    access_token: Type.String(),
    issued_token_type: Type.Literal(ACCESS_TOKEN_TYPE),
    token_type: Type.Literal('Bearer'),
    expires_in: Type.Integer({ description: 'seconds' }),
    user_id: Type.String({ description: "the user's id here, as orders and changes have it" }),
  },
  { title: 'ExchangedToken' },
);
export type ExchangedToken = Plain<typeof ExchangedToken>;

/** A token and whom it is for, before it takes the shape of RFC 8693. */
export interface ShopToken {
  readonly userId: string;
  readonly accessToken: string;
  /** Seconds. */
  readonly expiresIn: number;
}
