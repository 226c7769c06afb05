// The routes of follows (F1 to F3).

import { cachedReply, cacheKey } from '../cache/cached-reply.ts';
import { type PublicReads, TAGS } from '../cache/public-reads.ts';
import { followBody, pageBody } from '../present.ts';
import { emptyReply, jsonReply, route, type Route, userRoute } from '../http/route.ts';
import { Following, FollowPage, FollowQuery } from '../../contracts/follows.ts';
import { PageQuery } from '../../contracts/paging.ts';
import { pageRequest, paramsOf } from './paging.ts';

const TAG = 'follows';

export interface FollowRoutesOptions {
  readonly reads: PublicReads;
}

export function followRoutes({ reads }: FollowRoutesOptions): Route[] {
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
        cache: 'public, max-age=1, stale-while-revalidate=1, stale-if-error=60',
      },
      async ({ call, id, query }) => {
        const page = pageRequest(query);
        return await cachedReply(reads, {
          kind: 'follows',
          key: cacheKey(`/v1/creators/${encodeURIComponent(id)}/followers`, paramsOf(page)),
          tags: [TAGS.followers(id), TAGS.names, TAGS.creator(id)],
          load: () => call('follows.followers', { creatorId: id, page }),
          present: (follows) => pageBody(follows, followBody),
        });
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
        cache: 'public, max-age=1, stale-while-revalidate=1, stale-if-error=60',
      },
      async ({ call, id, query }) => {
        const page = pageRequest(query);
        return await cachedReply(reads, {
          kind: 'follows',
          key: cacheKey(`/v1/users/${encodeURIComponent(id)}/following`, paramsOf(page)),
          tags: [TAGS.following(id), TAGS.names, TAGS.creator(id)],
          load: () => call('follows.following', { userId: id, page }),
          present: (follows) => pageBody(follows, followBody),
        });
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
