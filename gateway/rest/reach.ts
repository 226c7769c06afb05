// The routes of push subscriptions (R1), of preferences, and of the links that end mails (R2).

import { Type } from 'typebox';
import {
  OneClick,
  Preferences,
  PreferencesPatch,
  UnsubscribeQuery,
} from '../../contracts/preferences.ts';
import { NewPushSubscription, PushKey, PushSubscriptionQuery } from '../../contracts/push.ts';
import { HTML_MEDIA_TYPE } from '../docs/html.ts';
import { emptyReply, jsonReply, type Route, route, userRoute } from '../http/route.ts';
import { unsubscribePage, unsubscribeProblemPage } from './unsubscribe-page.ts';

const PUSH = 'push';
const TAG = 'preferences';
/** An endpoint of 2,048 characters, percent-encoded. */
const ENDPOINT_QUERY_LENGTH_MAX = 8_000;

export function reachRoutes(): Route[] {
  return [...pushRoutes(), ...preferenceRoutes(), ...unsubscribeRoutes()];
}

function pushRoutes(): Route[] {
  return [
    route(
      {
        method: 'GET',
        path: '/v1/push/key',
        summary: 'The key that a browser needs to subscribe to pushes (RFC 8292).',
        tag: PUSH,
        access: 'public',
        rateClass: 'reads',
        status: 200,
        response: PushKey,
        refusals: ['unavailable'],
        cache: 'public, max-age=60',
      },
      async ({ call }) => {
        const key = await call('push.key', {});
        return key.ok ? jsonReply(200, key.value) : key;
      },
    ),
    userRoute(
      {
        method: 'PUT',
        path: '/v1/push/subscriptions',
        summary:
          'Subscribe a browser to pushes. It is the caller’s alone then, until the session of ' +
          'this request’s token ends. Past 16 the oldest one ends.',
        tag: PUSH,
        access: 'user',
        rateClass: 'writes',
        body: NewPushSubscription,
        status: 204,
        refusals: ['unavailable'],
      },
      async ({ call, caller: { userId }, sessionId, body: subscription }) => {
        const session = sessionId === undefined ? {} : { sessionId };
        const done = await call('push.subscribe', { userId, ...session, subscription });
        return done.ok ? emptyReply(204) : done;
      },
    ),
    userRoute(
      {
        method: 'DELETE',
        path: '/v1/push/subscriptions',
        summary: 'End a browser’s subscription; doing so twice is the same.',
        tag: PUSH,
        access: 'user',
        rateClass: 'writes',
        query: PushSubscriptionQuery,
        queryLengthMax: ENDPOINT_QUERY_LENGTH_MAX,
        status: 204,
        refusals: ['unavailable'],
      },
      async ({ call, caller: { userId }, query: { endpoint } }) => {
        const done = await call('push.unsubscribe', { userId, endpoint });
        return done.ok ? emptyReply(204) : done;
      },
    ),
  ];
}

function preferenceRoutes(): Route[] {
  return [
    userRoute(
      {
        method: 'GET',
        path: '/v1/users/me/preferences',
        summary: 'What the caller wants to be told by push and by mail.',
        tag: TAG,
        access: 'user',
        rateClass: 'reads',
        status: 200,
        response: Preferences,
        refusals: ['unavailable'],
      },
      async ({ call, caller: { userId } }) => {
        const preferences = await call('preferences.get', { userId });
        return preferences.ok ? jsonReply(200, preferences.value) : preferences;
      },
    ),
    userRoute(
      {
        method: 'PATCH',
        path: '/v1/users/me/preferences',
        summary: 'Change what the caller wants to be told. What is left out stays as it is.',
        tag: TAG,
        access: 'user',
        rateClass: 'writes',
        body: PreferencesPatch,
        status: 200,
        response: Preferences,
        refusals: ['unavailable'],
      },
      async ({ call, caller: { userId }, body: change }) => {
        const changed = await call('preferences.change', { userId, change });
        return changed.ok ? jsonReply(200, changed.value) : changed;
      },
    ),
  ];
}

/** With which the link's page may be refused. */
const PAGE_STATUSES = [400, 403, 422, 429, 503];

/** Reading the link in a mail changes nothing, because programs read all links of a mail. */
function unsubscribeRoutes(): Route[] {
  const path = '/v1/mail/unsubscribe';
  const pages = {
    problemPage: unsubscribeProblemPage,
    otherMediaTypeOfStatus: Object.fromEntries(
      PAGE_STATUSES.map((status) => [status, HTML_MEDIA_TYPE]),
    ),
  };
  return [
    route(
      {
        method: 'GET',
        path,
        summary: 'The page of a mail’s link, with the button that ends such mails.',
        tag: TAG,
        access: 'public',
        rateClass: 'reads',
        query: UnsubscribeQuery,
        status: 200,
        response: Type.String(),
        responseMediaType: HTML_MEDIA_TYPE,
        ...pages,
        refusals: [],
      },
      async () => unsubscribePage('asked'),
    ),
    route(
      {
        method: 'POST',
        path,
        summary: 'End the mails of one kind, by the token of a mail, without a sign-in (RFC 8058).',
        tag: TAG,
        access: 'public',
        // Mail programs of many readers have one address, and no token can be guessed.
        rateClass: 'reads',
        query: UnsubscribeQuery,
        body: OneClick,
        bodyAsForm: true,
        bodyOptional: true,
        // Mail programs may send it as multipart/form-data, too (RFC 8058, 3.2): the token decides.
        bodyAsBytes: true,
        status: 200,
        response: Type.String(),
        responseMediaType: HTML_MEDIA_TYPE,
        ...pages,
        refusals: ['forbidden', 'unavailable'],
      },
      async ({ call, query: { token } }) => {
        const done = await call('preferences.unsubscribe', { token });
        return done.ok ? unsubscribePage('done') : done;
      },
    ),
  ];
}
