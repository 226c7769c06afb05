// The routes of follows (F1 to F3).

import { followBody, pageBody } from '../present.ts';
import { emptyReply, jsonReply, route, type Route, userRoute } from '../http/route.ts';
import { Following, FollowPage, FollowQuery } from '../../contracts/follows.ts';
import { PageQuery } from '../../contracts/paging.ts';
import { pageRequest } from './paging.ts';

const TAG = 'follows';

export function followRoutes(): Route[] {
  return [
    userRoute(
      {
        method: 'POST',
        path: '/v1/creators/{id}/follow',
        idsOfUsers: ['id'],
        summary: 'Follow a creator; doing so twice is the same.',
        tag: TAG,
        access: 'user',
        rateClass: 'writes',
        refusesBanned: 'by-creator',
        keyed: true,
        status: 204,
        refusals: ['not-found', 'unavailable'],
      },
      async ({ call, id: creatorId, caller: { userId }, request }) => {
        const done = await call('follows.follow', { userId, creatorId, request });
        return done.ok ? emptyReply(204) : done;
      },
    ),
    userRoute(
      {
        method: 'DELETE',
        path: '/v1/creators/{id}/follow',
        idsOfUsers: ['id'],
        summary: 'Unfollow a creator; doing so twice is the same.',
        tag: TAG,
        access: 'user',
        rateClass: 'writes',
        status: 204,
        refusals: ['not-found', 'unavailable'],
      },
      async ({ call, id, caller }) => {
        const done = await call('follows.unfollow', { userId: caller.userId, creatorId: id });
        return done.ok ? emptyReply(204) : done;
      },
    ),
    route(
      {
        method: 'GET',
        path: '/v1/creators/{id}/followers',
        idsOfUsers: ['id'],
        summary: 'Who follows a creator, newest first.',
        tag: TAG,
        access: 'public',
        rateClass: 'reads',
        query: PageQuery,
        status: 200,
        response: FollowPage,
        refusals: ['unavailable'],
        cache: 'public, max-age=1',
      },
      async ({ call, id, query }) => {
        const page = await call('follows.followers', { creatorId: id, page: pageRequest(query) });
        return page.ok ? jsonReply(200, pageBody(page.value, followBody)) : page;
      },
    ),
    route(
      {
        method: 'GET',
        path: '/v1/users/{id}/following',
        idsOfUsers: ['id'],
        summary: 'Whom a user follows, newest first.',
        tag: TAG,
        access: 'public',
        rateClass: 'reads',
        query: PageQuery,
        status: 200,
        response: FollowPage,
        refusals: ['unavailable'],
        cache: 'public, max-age=1',
      },
      async ({ call, id, query }) => {
        const page = await call('follows.following', { userId: id, page: pageRequest(query) });
        return page.ok ? jsonReply(200, pageBody(page.value, followBody)) : page;
      },
    ),
    route(
      {
        method: 'GET',
        path: '/v1/follows',
        summary: 'Whether a user follows a creator.',
        tag: TAG,
        access: 'public',
        rateClass: 'reads',
        query: FollowQuery,
        status: 200,
        response: Following,
        refusals: ['unavailable'],
        cache: 'public, no-cache',
      },
      async ({ call, query }) => {
        const { user_id: userId, creator_id: creatorId } = query;
        const following = await call('follows.isFollowing', { userId, creatorId });
        return following.ok ? jsonReply(200, { following: following.value }) : following;
      },
    ),
  ];
}
