// The statements of the catalogue's thread for follows. The row, both counts (F3) and the change
// stream (C1) change in one transaction.

import type { Database } from 'better-sqlite3';
import type { KeyedRequest } from '../../../contracts/requests.ts';
import type { Answered } from '../../ports/requests.ts';
import type { CountsDifference } from './follow-counts-sqlite.ts';
import type { AppendChange } from './changes-statements.ts';
import type { Once } from './requests-statements.ts';

export const FOLLOW_REVISIONS_SCHEMA = `
  alter table follow_counts add column revision integer not null default 0;
`;

export function followHandlers(database: Database, appendChange: AppendChange, once: Once) {
  const follow = database.prepare(
    'insert or ignore into follows (creator_id, since, user_id) values (?, ?, ?)',
  );
  const unfollow = database.prepare('delete from follows where user_id = ? and creator_id = ?');
  const addFollowers = database.prepare(`
    insert into follow_counts (user_id, followers) values (?, ?)
    on conflict do update set followers = followers + excluded.followers`);
  const addFollowing = database.prepare(`
    insert into follow_counts (user_id, following, revision) values (?, ?, 1)
    on conflict do update
    set following = following + excluded.following, revision = revision + 1`);

  const addCounts = database.prepare(`
    insert into follow_counts (user_id, followers, following)
    values (@userId, @followers, @following)
    on conflict do update set followers = followers + excluded.followers,
      following = following + excluded.following`);

  const record = (userId: string, creatorId: string, since: number | null): void => {
    const step = since === null ? -1 : 1;
    addFollowers.run(creatorId, step);
    addFollowing.run(userId, step);
    appendChange({ kind: 'follow', userId, creatorId, since });
  };

  const handlers = {
    follow(userId: string, creatorId: string, since: number): boolean {
      const changed = follow.run(creatorId, since, userId).changes > 0;
      if (changed) record(userId, creatorId, since);
      return changed;
    },

    unfollow(userId: string, creatorId: string): boolean {
      const changed = unfollow.run(userId, creatorId).changes > 0;
      if (changed) record(userId, creatorId, null);
      return changed;
    },
  };
  return {
    ...handlers,
    mendFollowCounts(differences: readonly CountsDifference[]): void {
      for (const difference of differences) addCounts.run(difference);
    },
    followOnce: (
      request: KeyedRequest,
      ...change: Parameters<typeof handlers.follow>
    ): Answered<null> =>
      once(request, () => {
        handlers.follow(...change);
        return null;
      }),
  };
}
