// The part of the writer of catalogue.db that keeps restrictions. A lifted one stays as a row
// without the restriction, so that those who follow the sequence hear of it.

import type { Database } from 'better-sqlite3';
import { decodeRestriction, recordOfRestriction } from '../../formats/restriction.ts';
import type { AppendChange } from './changes-statements.ts';
import type { RestrictionChange, RestrictionKey } from '../../../contracts/restrictions.ts';
import {
  ENDED_RESTRICTIONS_REMOVED,
  LIFTED_RESTRICTIONS_MAX,
  type RestrictionBounds,
} from '../../ports/restrictions.ts';

export const RESTRICTIONS_SCHEMA = `
  create table restrictions (
    sequence integer primary key autoincrement,
    kind text not null,
    scope text not null,
    subject text not null,
    since integer not null,
    until integer,
    restriction text,
    unique (kind, scope, subject)
  ) strict;
  create index restrictions_by_scope on restrictions (kind, scope, since, subject)
    where restriction is not null;
  create index restrictions_by_end on restrictions (until) where until is not null;
  create index restrictions_lifted on restrictions (sequence) where restriction is null;
  create table restrictions_trimmed (
    only integer primary key check (only = 1),
    sequence integer not null
  ) strict;
`;

/** A restriction is lifted where it is null. */
export interface RestrictionRow extends RestrictionKey {
  readonly since: number;
  readonly until: number | null;
  /** JSON. */
  readonly restriction: string | null;
}

export function restrictionHandlers(database: Database, appendChange: AppendChange) {
  const removeEnded = database.prepare(`
    delete from restrictions where sequence in (
      select sequence from restrictions where until <= ? order by until
      limit ${ENDED_RESTRICTIONS_REMOVED})`);
  const find = database
    .prepare<[RestrictionKey], string>(`
      select restriction from restrictions
      where kind = @kind and scope = @scope and subject = @subject and restriction is not null`)
    .pluck();
  const countOfScope = database
    .prepare<[Pick<RestrictionKey, 'kind' | 'scope'>], number>(`
      select count(*) from restrictions
      where kind = @kind and scope = @scope and restriction is not null`)
    .pluck();
  const countOfKind = database
    .prepare<[Pick<RestrictionKey, 'kind'>], number>(
      'select count(*) from restrictions where kind = @kind and restriction is not null',
    )
    .pluck();
  // Another row, so that it has the next sequence.
  const remove = database.prepare<[RestrictionKey]>(`
    delete from restrictions where kind = @kind and scope = @scope and subject = @subject`);
  const add = database
    .prepare<[RestrictionRow], number>(`
      insert into restrictions (kind, scope, subject, since, until, restriction)
      values (@kind, @scope, @subject, @since, @until, @restriction) returning sequence`)
    .pluck();
  const trim = database
    .prepare<[number], number>(`
      delete from restrictions where sequence in (
        select sequence from restrictions where restriction is null
        order by sequence desc limit -1 offset ?)
      returning sequence`)
    .pluck();
  const setTrimmed = database.prepare(`
    insert into restrictions_trimmed (only, sequence) values (1, ?)
    on conflict do update set sequence = max(sequence, excluded.sequence)`);
  let liftedMax = LIFTED_RESTRICTIONS_MAX;

  const record = (text: string, since: number | null): void => {
    const change = recordOfRestriction(decodeRestriction(text), since);
    if (change !== null) appendChange(change);
  };

  return {
    /** The sequence; null: there are too many. */
    putRestriction(
      row: RestrictionRow,
      { ofScopeMax, max }: RestrictionBounds,
      now: number,
    ): number | null {
      removeEnded.run(now);
      const isFull = countOfKind.get(row)! >= max || countOfScope.get(row)! >= ofScopeMax;
      if (isFull && find.get(row) === undefined) return null;
      record(row.restriction!, row.since);
      remove.run(row);
      return add.get(row)!;
    },

    liftRestriction(key: RestrictionKey): RestrictionChange | null {
      const stored = find.get(key);
      if (stored === undefined) return null;
      record(stored, null);
      remove.run(key);
      const sequence = add.get({ ...key, since: 0, until: null, restriction: null })!;
      for (const trimmed of trim.all(liftedMax)) setTrimmed.run(trimmed);
      return { ...key, until: null, isLifted: true, sequence };
    },

    /** For tests. */
    limitLiftedRestrictions(max: number): void {
      liftedMax = max;
    },
  };
}
