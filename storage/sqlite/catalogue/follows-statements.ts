// What the catalogue's thread does to follows: the row and both counts change in one transaction
// (F3).

import type { Database } from 'better-sqlite3';

export function followHandlers(database: Database) {
  const follow = database.prepare(
    'insert or ignore into follows (creator_id, since, user_id) values (?, ?, ?)',
  );
  const unfollow = database.prepare('delete from follows where user_id = ? and creator_id = ?');
  const addFollowers = database.prepare(`
    insert into follow_counts (user_id, followers) values (?, ?)
    on conflict do update set followers = followers + excluded.followers`);
  const addFollowing = database.prepare(`
    insert into follow_counts (user_id, following) values (?, ?)
    on conflict do update set following = following + excluded.following`);

  const count = (userId: string, creatorId: string, step: 1 | -1): void => {
    addFollowers.run(creatorId, step);
    addFollowing.run(userId, step);
  };

  return {
    follow(userId: string, creatorId: string, since: number): boolean {
      const changed = follow.run(creatorId, since, userId).changes > 0;
      if (changed) count(userId, creatorId, 1);
      return changed;
    },

    unfollow(userId: string, creatorId: string): boolean {
      const changed = unfollow.run(userId, creatorId).changes > 0;
      if (changed) count(userId, creatorId, -1);
      return changed;
    },
  };
}
