// The Moleculer service of shops' own users (A6).

import type { ServiceSchema } from 'moleculer';
import type { AccessTokens } from '../app/access-tokens.ts';
import { Contacts, type ContactsOptions } from '../app/contacts.ts';
import { ShopTokens } from '../app/shop-tokens.ts';
import { defineService } from './moleculer/define-service.ts';

export interface ShopsServiceOptions extends ContactsOptions {
  readonly accessTokens: AccessTokens;
}

export function shopsService(options: ShopsServiceOptions): ServiceSchema {
  const tokens = new ShopTokens(options);
  const contacts = new Contacts(options);
  return defineService('shops', {
    exchangeToken: async (params) => tokens.exchange(params),
    putContact: (params) => contacts.put(params),
    contact: (params) => contacts.find(params),
    contacts: (params) => contacts.list(params),
    eraseContact: (params) => contacts.erase(params),
  });
}
