// The Moleculer service of shops' own users (A6).

import type { ServiceSchema } from 'moleculer';
import type { AccessTokens } from '../app/access-tokens.ts';
import { ShopTokens } from '../app/shop-tokens.ts';
import { defineService } from './moleculer/define-service.ts';

export interface ShopsServiceOptions {
  readonly accessTokens: AccessTokens;
}

export function shopsService(options: ShopsServiceOptions): ServiceSchema {
  const tokens = new ShopTokens(options);
  return defineService('shops', {
    exchangeToken: async (params) => tokens.exchange(params),
  });
}
