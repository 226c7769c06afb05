// The routes of a shop's server for the shop's own users (A6). They take API keys only.

import {
  ACCESS_TOKEN_TYPE,
  ExchangedToken,
  type ExchangedToken as Exchanged,
  TokenExchange,
} from '../../contracts/token-exchange.ts';
import { ContactBody, ContactPage, ContactQuery, NewContact } from '../../contracts/contacts.ts';
import { emptyReply, jsonReply, keyRoute, type Route } from '../http/route.ts';
import { contactBody, pageBody } from '../present.ts';
import { pageRequest } from './paging.ts';

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
        action: 'shops.exchangeToken',
        refusesBanned: 'everywhere',
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
    ...contactRoutes(),
  ];
}

const CONTACTS = '/v1/shop/contacts';
const OF_CONTACTS = { tag: TAG, access: 'key', idsOfUsers: ['id'] } as const;

/** The id in a path is how the shop names its user. */
function contactRoutes(): Route[] {
  return [
    keyRoute(
      {
        method: 'GET',
        path: CONTACTS,
        summary: 'Where the users of one’s own shop are reached: all of them, newest first.',
        tag: TAG,
        access: 'key',
        action: 'shops.contacts',
        rateClass: 'exchanges',
        query: ContactQuery,
        status: 200,
        response: ContactPage,
        refusals: ['unavailable'],
      },
      async ({ call, caller, query }) => {
        const page = pageRequest(query);
        const listed = await call('shops.contacts', { shopId: caller.userId, page });
        return listed.ok ? jsonReply(200, pageBody(listed.value, contactBody)) : listed;
      },
    ),
    keyRoute(
      {
        ...OF_CONTACTS,
        method: 'GET',
        path: `${CONTACTS}/{id}`,
        summary: 'Where a user of one’s own shop is reached.',
        action: 'shops.contact',
        rateClass: 'exchanges',
        status: 200,
        response: ContactBody,
        refusals: ['not-found', 'unavailable'],
      },
      async ({ call, caller, id: user }) => {
        const found = await call('shops.contact', { shopId: caller.userId, user });
        return found.ok ? jsonReply(200, contactBody(found.value)) : found;
      },
    ),
    keyRoute(
      {
        ...OF_CONTACTS,
        method: 'PUT',
        path: `${CONTACTS}/{id}`,
        summary: 'Store where a user of one’s own shop is reached, in place of what was stored.',
        action: 'shops.putContact',
        rateClass: 'exchanges',
        body: NewContact,
        status: 200,
        response: ContactBody,
        refusals: ['unavailable'],
      },
      async ({ call, caller, id: user, body: contact }) => {
        const stored = await call('shops.putContact', { shopId: caller.userId, user, contact });
        return stored.ok ? jsonReply(200, contactBody(stored.value)) : stored;
      },
    ),
    keyRoute(
      {
        ...OF_CONTACTS,
        method: 'DELETE',
        path: `${CONTACTS}/{id}`,
        summary: 'Erase where a user of one’s own shop is reached.',
        action: 'shops.eraseContact',
        rateClass: 'exchanges',
        status: 204,
        refusals: ['unavailable'],
      },
      async ({ call, caller, id: user }) => {
        const erased = await call('shops.eraseContact', { shopId: caller.userId, user });
        return erased.ok ? emptyReply(204) : erased;
      },
    ),
  ];
}
