// Following creators (F1 to F4).

import { Type } from 'typebox';
import { list } from './paging.ts';
import type { Plain } from './plain.ts';
import { STRICT, time, userId } from './scalars.ts';
import { wire } from './wire.ts';

/** The other end of a follow: a follower of a creator, or a creator that a user follows. */
export const NamedFollow = Type.Object(
  { userId, name: Type.String(), since: time },
  { title: 'Follow' },
);
export type NamedFollow = Plain<typeof NamedFollow>;

export const Follow = Type.Pick(NamedFollow, ['userId', 'since']);
export type Follow = Plain<typeof Follow>;

// On the wire

export const FollowPage = list(wire(NamedFollow), 'FollowPage');
export const FollowQuery = Type.Object({ user_id: userId, creator_id: userId }, STRICT);
export const Following = Type.Object({ following: Type.Boolean() }, { title: 'Following' });
