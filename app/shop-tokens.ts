// Access tokens for a shop's own users, in exchange for the shop's API key (A6). The users are the
// shop's: their ids begin with it, so no two shops can mean the same user.

import { ACCESS_TOKEN_LIFETIME_SECONDS } from '../contracts/accounts.ts';
import type { ActionParams } from '../contracts/actions.ts';
import type { Outcome } from '../contracts/refusals.ts';
import type { ShopToken } from '../contracts/token-exchange.ts';
import { success } from '../domain/refusal.ts';
import type { AccessTokens } from './access-tokens.ts';
import { shopUserId } from './user-ids.ts';

export class ShopTokens {
  readonly #accessTokens: AccessTokens;

  constructor({ accessTokens }: { readonly accessTokens: AccessTokens }) {
    this.#accessTokens = accessTokens;
  }

  exchange({ shopId, user }: ActionParams<'shops.exchangeToken'>): Outcome<ShopToken> {
    const userId = shopUserId(shopId, user);
    const lifetimeSeconds = ACCESS_TOKEN_LIFETIME_SECONDS;
    const accessToken = this.#accessTokens.sign({ userId, roles: [], lifetimeSeconds });
    return success({ userId, accessToken, expiresIn: lifetimeSeconds });
  }
}
