// The statements of the catalogue's thread for the change stream: one record for each change of an
// account, a product or a follow, in the transaction of the change (C1).

import type { Database } from 'better-sqlite3';
import type { EntityChange } from '../../../contracts/changes.ts';
import { CHANGES_RETAINED_MAX } from '../../ports/change-stream.ts';

/**
 * `changes_trimmed` has one row: the last removed sequence. Numbering continues from it when no
 * record is left. Entities older than the stream have no records, so a database with such entities
 * begins as if one record had been removed: position 0 must make a full pass.
 */
export const CHANGES_SCHEMA = `
  create table changes (
    sequence integer primary key,
    at integer not null,
    change text not null
  ) strict;
  create table changes_trimmed (
    id integer primary key check (id = 1),
    sequence integer not null
  ) strict;
  insert into changes_trimmed (id, sequence) select 1, exists (select 1 from users)
    or exists (select 1 from products) or exists (select 1 from follows);
`;

/** The reader's connection uses it too. */
export const HEAD_OF_CHANGES = `
  select coalesce((select max(sequence) from changes), sequence) as last, sequence as trimmed
  from changes_trimmed`;

/** Records evicted with one append while there are too many: few, but more than it adds. */
const EVICTED_WITH_APPEND = 2;

export type AppendChange = (change: EntityChange) => void;

export function changeStatements(database: Database) {
  const head = database.prepare<[], { last: number; trimmed: number }>(HEAD_OF_CHANGES);
  const insert = database.prepare('insert into changes (sequence, at, change) values (?, ?, ?)');
  const remove = database.prepare('delete from changes where sequence > ? and sequence <= ?');
  const setTrimmed = database.prepare('update changes_trimmed set sequence = ?');
  const forget = database.prepare(`
    update changes set change = @nobody
    where sequence > @from and sequence <= @through
      and substr(change, 1, length(@begin)) = @begin`);
  let retainedMax = CHANGES_RETAINED_MAX;

  const removeThrough = (trimmed: number, through: number): void => {
    remove.run(trimmed, through);
    setTrimmed.run(through);
  };

  const appendChange: AppendChange = (change) => {
    const { last, trimmed } = head.get()!;
    const sequence = last + 1;
    insert.run(sequence, Date.now(), JSON.stringify(change));
    const through = Math.min(sequence - retainedMax, trimmed + EVICTED_WITH_APPEND);
    if (through > trimmed) removeThrough(trimmed, through);
  };

  return {
    appendChange,
    handlers: {
      /** Removes at most `limit` of the records up to `through`. False: no record is left there. */
      trimChanges(through: number, limit: number): boolean {
        const { last, trimmed } = head.get()!;
        const target = Math.min(through, last);
        if (target <= trimmed) return false;
        const end = Math.min(target, trimmed + limit);
        removeThrough(trimmed, end);
        return end < target;
      },
      /** Where to go on; null at the end. */
      forgetUser(userId: string, after: number, limit: number): number | null {
        const { last, trimmed } = head.get()!;
        const from = Math.max(after, trimmed);
        const through = Math.min(from + limit, last);
        const begin = JSON.stringify({ kind: 'user', userId }).slice(0, -1);
        const nobody = JSON.stringify({ kind: 'user', userId, user: null });
        forget.run({ from, through, begin: `${begin},`, nobody });
        return through < last ? through : null;
      },
      /** For tests. */
      limitChanges(max: number): void {
        retainedMax = max;
      },
    },
  };
}
