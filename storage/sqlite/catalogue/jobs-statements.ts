// The part of the writer of catalogue.db that keeps jobs: their table and what changes it. A row is
// the job as JSON, with the columns that its indexes need beside it.

import type { Database } from 'better-sqlite3';
import type { JobState } from '../../../contracts/jobs.ts';
import type { KeyedRequest } from '../../../contracts/requests.ts';
import type { JobBounds } from '../../ports/jobs.ts';
import type { Answered } from '../../ports/requests.ts';
import { isNull, type Once } from './requests-statements.ts';

export const JOBS_SCHEMA = `
  create table jobs (
    id text primary key,
    kind text not null,
    state text not null,
    caller_id text not null,
    created_at integer not null,
    due_at integer,
    finished_at integer,
    expires_at integer,
    revision integer not null,
    job text not null
  ) strict;
  create index jobs_by_time on jobs (created_at, id);
  create index jobs_by_state on jobs (state, created_at, id);
  create index jobs_by_caller on jobs (caller_id, created_at, id);
  create index jobs_by_due on jobs (kind, due_at) where due_at is not null;
  create index jobs_by_end on jobs (caller_id, finished_at, id) where finished_at is not null;
  create index jobs_by_expiry on jobs (expires_at) where expires_at is not null;
`;

/** How many there are, by kind and state: reading it costs the same however many jobs there are. */
export const JOB_COUNTS_SCHEMA = `
  create table job_counts (
    kind text not null,
    state text not null,
    count integer not null,
    primary key (kind, state)
  ) strict, without rowid;
  insert into job_counts select kind, state, count(*) from jobs group by kind, state;
  create trigger jobs_added after insert on jobs begin
    insert into job_counts values (new.kind, new.state, 1)
      on conflict do update set count = count + 1;
  end;
  create trigger jobs_changed after update of state on jobs when old.state <> new.state begin
    update job_counts set count = count - 1 where kind = old.kind and state = old.state;
    insert into job_counts values (new.kind, new.state, 1)
      on conflict do update set count = count + 1;
  end;
  create trigger jobs_removed after delete on jobs begin
    update job_counts set count = count - 1 where kind = old.kind and state = old.state;
  end;
`;

export interface JobRow {
  readonly id: string;
  readonly kind: string;
  readonly state: JobState;
  readonly callerId: string;
  readonly createdAt: number;
  readonly dueAt: number | null;
  readonly finishedAt: number | null;
  readonly expiresAt: number | null;
  readonly revision: number;
  /** JSON. */
  readonly job: string;
}

/** Unfinished jobs are those that have a time at which they are due. */
export function jobHandlers(database: Database, once: Once) {
  const has = database.prepare<[string], 1>('select 1 from jobs where id = ?').pluck();
  const countOfKind = database
    .prepare<[string], number>('select count(*) from jobs where kind = ? and due_at is not null')
    .pluck();
  const countOfCaller = database
    .prepare<[string], number>(
      'select count(*) from jobs where caller_id = ? and due_at is not null',
    )
    .pluck();
  const add = database.prepare<[JobRow]>(`
    insert into jobs (id, kind, state, caller_id, created_at, due_at, finished_at, expires_at,
      revision, job)
    values (@id, @kind, @state, @callerId, @createdAt, @dueAt, @finishedAt, @expiresAt, @revision,
      @job)`);
  const replace = database.prepare<[JobRow]>(`
    update jobs
    set state = @state, due_at = @dueAt, finished_at = @finishedAt, expires_at = @expiresAt,
      revision = @revision, job = @job
    where id = @id and revision = @revision - 1`);
  const removeOldest = database.prepare<[{ callerId: string; max: number }]>(`
    delete from jobs where id in (
      select id from jobs where caller_id = @callerId and finished_at is not null
      order by finished_at desc, id desc limit -1 offset @max)`);
  const removeExpired = database.prepare<[number, number]>(`
    delete from jobs where id in (
      select id from jobs where expires_at <= ? order by expires_at limit ?)`);

  const handlers = {
    addJob(row: JobRow, { ofKindMax, ofCallerMax }: JobBounds): 'added' | 'exists' | 'full' {
      if (has.get(row.id) !== undefined) return 'exists';
      if (countOfKind.get(row.kind)! >= ofKindMax) return 'full';
      if (countOfCaller.get(row.callerId)! >= ofCallerMax) return 'full';
      add.run(row);
      return 'added';
    },
    /** False: the stored revision is another one. */
    replaceJob(row: JobRow, finishedMax: number): boolean {
      if (replace.run(row).changes === 0) return false;
      if (row.finishedAt !== null) removeOldest.run({ callerId: row.callerId, max: finishedMax });
      return true;
    },
    removeExpiredJobs: (time: number, limit: number): number =>
      removeExpired.run(time, limit).changes,
  };
  return {
    ...handlers,
    replaceJobOnce: (
      request: KeyedRequest,
      row: JobRow,
      finishedMax: number,
      answer: string,
    ): Answered<string | null> =>
      once(request, () => (handlers.replaceJob(row, finishedMax) ? answer : null), isNull),
  };
}
