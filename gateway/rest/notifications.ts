// The routes of the stored feed of notifications (N1), and the paths of the live streams, which
// only answer upgrades.

import { notificationBody, pageBody } from '../present.ts';
import type { Problem } from '../http/problems.ts';
import { NotificationPage, NotificationQuery, ReadAllBody } from '../../contracts/notifications.ts';
import { emptyReply, jsonReply, route, type Route, userRoute } from '../http/route.ts';
import { pageRequest } from './paging.ts';

const TAG = 'notifications';

const UPGRADE: Problem = {
  ok: false,
  code: 'upgrade-required',
  headers: [['upgrade', 'websocket']],
};

export function notificationRoutes(): Route[] {
  return [
    userRoute(
      {
        method: 'GET',
        path: '/v1/notifications',
        summary:
          'Notifications, newest first. Upgraded to WebSocket it is the live stream, which also ' +
          'takes its token as a subprotocol (livedrops.v1, bearer.TOKEN) or as ?access_token=.',
        tag: TAG,
        access: 'user',
        rateClass: 'reads',
        query: NotificationQuery,
        status: 200,
        upgrades: true,
        response: NotificationPage,
        refusals: ['unavailable'],
      },
      async ({ call, query, caller }) => {
        const { userId } = caller;
        const unread = query.unread ?? false;
        const page = await call('notifications.list', { userId, unread, page: pageRequest(query) });
        if (!page.ok) return page;
        const { unreadCount } = page.value;
        return jsonReply(200, { ...pageBody(page.value, notificationBody), unreadCount });
      },
    ),
    userRoute(
      {
        method: 'POST',
        path: '/v1/notifications/read-all',
        summary: 'Mark all notifications read, or those up to an id.',
        tag: TAG,
        access: 'user',
        rateClass: 'writes',
        keyed: true,
        body: ReadAllBody,
        bodyOptional: true,
        status: 204,
        refusals: ['unavailable'],
      },
      async ({ call, caller: { userId }, body: { upTo }, request }) => {
        const done = await call('notifications.markAllRead', { userId, upTo, request });
        return done.ok ? emptyReply(204) : done;
      },
    ),
    userRoute(
      {
        method: 'POST',
        path: '/v1/notifications/{id}/read',
        summary: 'Mark one notification read.',
        tag: TAG,
        access: 'user',
        rateClass: 'writes',
        keyed: true,
        status: 204,
        refusals: ['not-found', 'unavailable'],
      },
      async ({ call, id: notificationId, caller: { userId }, request }) => {
        const done = await call('notifications.markRead', { userId, notificationId, request });
        return done.ok ? emptyReply(204) : done;
      },
    ),
    route(
      {
        method: 'GET',
        path: '/v1/drops/{id}/live',
        summary: 'The live stream of one drop, without an account: upgrade to WebSocket.',
        tag: TAG,
        access: 'public',
        rateClass: 'reads',
        status: 101,
        refusals: [
          'unauthenticated',
          'forbidden',
          'not-found',
          'upgrade-required',
          'overloaded',
          'unavailable',
        ],
      },
      () => UPGRADE,
    ),
  ];
}
