// The routes of a shop's server for the shop's own users (A6). They take API keys only.

import {
  ACCESS_TOKEN_TYPE,
  ExchangedToken,
  type ExchangedToken as Exchanged,
  TokenExchange,
} from '../../contracts/token-exchange.ts';
import { jsonReply, keyRoute, type Route } from '../http/route.ts';

const TAG = 'shops';

export function shopRoutes(): Route[] {
  return [
    keyRoute(
      {
        method: 'POST',
        path: '/v1/token',
        summary: 'A short access token for a user of one’s own shop (RFC 8693).',
        tag: TAG,
        access: 'key',
        keyUse: 'shops.exchangeToken',
        rateClass: 'exchanges',
        body: TokenExchange,
        bodyAsForm: true,
        status: 200,
        response: ExchangedToken,
        refusals: ['unavailable'],
      },
      async ({ call, caller, body }) => {
        const user = body.subject_token;
        const token = await call('shops.exchangeToken', { shopId: caller.userId, user });
        if (!token.ok) return token;
        const reply: Exchanged = {
          access_token: token.value.accessToken,
          issued_token_type: ACCESS_TOKEN_TYPE,
          token_type: 'Bearer',
          expires_in: token.value.expiresIn,
          user_id: token.value.userId,
        };
        return jsonReply(200, reply);
      },
    ),
  ];
}
