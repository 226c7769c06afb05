// The Moleculer service of `app/follows.ts`.

import type { ServiceSchema } from 'moleculer';
import { Follows, type FollowsOptions } from '../app/follows.ts';
import { defineService } from './moleculer/define-service.ts';

export function followsService(options: FollowsOptions): ServiceSchema {
  const follows = new Follows(options);
  return defineService('follows', {
    follow: (params) => follows.follow(params),
    unfollow: (params) => follows.unfollow(params),
    isFollowing: (params) => follows.isFollowing(params),
    followers: (params) => follows.followers(params),
    following: (params) => follows.following(params),
    revision: (params) => follows.revision(params),
    creatorsOf: (params) => follows.creatorsOf(params),
  });
}
