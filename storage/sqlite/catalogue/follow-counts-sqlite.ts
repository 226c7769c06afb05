// Compares the counts of follows with the follows themselves (L3), on the event loop in short
// steps. A connection of its own reads rows and counts of one moment, so that a list of millions
// can be counted in many steps while follows go on. A change adds the same to rows and counts, so
// the difference at that moment is the difference ever after: it is added to the counts as they
// are by then.

import type { Database } from 'better-sqlite3';
import { Findings, type Reconciled, type ReconcileOptions } from '../../ports/reconciled.ts';
import { openReaderDatabase } from '../thread/database.ts';
import { readQuery } from '../thread/read-query.ts';
import type { Submits } from '../thread/thread.ts';
import type { CatalogueHandlers } from './catalogue-program.ts';

/** Rows counted without a pause: less than a millisecond. */
const ROWS_AT_ONCE = 4096;
/** Users compared without a pause. */
const USERS_AT_ONCE = 16;
/** Rows after which a call ends, though fewer users were compared than wished. */
const ROWS_MAX = 1 << 18;

/** What is to be added to the counts of a user. */
export interface CountsDifference {
  readonly userId: string;
  readonly followers: number;
  readonly following: number;
}

interface Counts {
  readonly followers: number;
  readonly following: number;
}

export interface FollowCountsOptions {
  readonly file: string;
  readonly writer: Submits<CatalogueHandlers>;
}

/** As `FollowStore.reconcile`. The cursor is the last compared user. */
export async function reconcileFollowCounts(
  { file, writer }: FollowCountsOptions,
  options: ReconcileOptions,
): Promise<Reconciled> {
  const findings = new Findings();
  const differences: CountsDifference[] = [];
  const database = readQuery(() => openReaderDatabase(file));
  let cursor: string | null;
  try {
    readQuery(() => database.exec('begin'));
    cursor = await compare(database, options, findings, differences);
  } finally {
    database.close();
  }
  if (differences.length > 0) await writer.submit('mendFollowCounts', differences);
  return findings.at(cursor);
}

async function compare(
  database: Database,
  { cursor, limit, pause }: ReconcileOptions,
  findings: Findings,
  differences: CountsDifference[],
): Promise<string | null> {
  const stored = database.prepare<[string], Counts>(
    'select followers, following from follow_counts where user_id = ?',
  );
  const countFollowers = counterOf(database, 'creator_id', 'user_id');
  const countFollowing = counterOf(database, 'user_id', 'creator_id');
  const userIds = usersAfter(database, cursor ?? '', limit);
  let rows = 0;
  for (const userId of userIds) {
    if (findings.compared % USERS_AT_ONCE === 0) await pause();
    const followers = await countFollowers(userId, pause);
    const following = await countFollowing(userId, pause);
    const counts = readQuery(() => stored.get(userId)) ?? { followers: 0, following: 0 };
    findings.compared += 1;
    if (counts.followers !== followers || counts.following !== following) {
      findings.differed(userId);
      differences.push({
        userId,
        followers: followers - counts.followers,
        following: following - counts.following,
      });
    }
    rows += followers + following;
    if (rows >= ROWS_MAX) return userId;
  }
  return userIds.length < limit ? null : userIds.at(-1)!;
}

/** Users with follows or with counts, each found by one look into an index. */
function usersAfter(database: Database, after: string, limit: number): string[] {
  const each = (name: string, column: string) => `
    ${name} (id) as (
      select min(${column}) from follows where ${column} > @after
      union all
      select (select min(${column}) from follows where ${column} > ${name}.id) from ${name}
      where id is not null limit @limit)`;
  const users = database
    .prepare<[{ after: string; limit: number }], string>(`
      with recursive ${each('creators', 'creator_id')}, ${each('users', 'user_id')},
        counted (id) as (
          select user_id from follow_counts where user_id > @after order by user_id limit @limit)
      select id from creators where id is not null
      union select id from users where id is not null
      union select id from counted
      order by id limit @limit`)
    .pluck();
  return readQuery(() => users.all({ after, limit }));
}

/** The user, and the position above the rows. */
type Position = [userId: string, since: number, id: string];

/** Counts the follows of one user, from the newest, a bounded number at a time. */
function counterOf(
  database: Database,
  own: 'creator_id' | 'user_id',
  other: 'creator_id' | 'user_id',
): (userId: string, pause: ReconcileOptions['pause']) => Promise<number> {
  const inside = `${own} = ? and (since, ${other}) < (?, ?)`;
  const last = database.prepare<Position, { since: number; id: string }>(`
    select since, ${other} as id from follows where ${inside}
    order by since desc, ${other} desc limit 1 offset ${ROWS_AT_ONCE - 1}`);
  const rest = database
    .prepare<Position, number>(`select count(*) from follows where ${inside}`)
    .pluck();
  return async (userId, pause) => {
    let count = 0;
    let [since, id] = [Number.MAX_SAFE_INTEGER, ''];
    for (;;) {
      const found = readQuery(() => last.get(userId, since, id));
      if (found === undefined) return count + readQuery(() => rest.get(userId, since, id))!;
      count += ROWS_AT_ONCE;
      [since, id] = [found.since, found.id];
      await pause();
    }
  };
}
