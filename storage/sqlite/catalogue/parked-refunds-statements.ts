// The part of the writer of catalogue.db that keeps parked refunds: their table and what changes
// it. A row is the refund as JSON, with the columns that its indexes need beside it.

import type { Database } from 'better-sqlite3';
import type { RefundState } from '../../../contracts/refunds.ts';
import type { KeyedRequest } from '../../../contracts/requests.ts';
import type { Answered } from '../../ports/requests.ts';
import { isNull, type Once } from './requests-statements.ts';

export const PARKED_REFUNDS_SCHEMA = `
  create table parked_refunds (
    id text primary key,
    state text not null,
    parked_at integer not null,
    next_attempt_at integer,
    revision integer not null,
    refund text not null
  ) strict;
  create index parked_refunds_by_time on parked_refunds (parked_at, id);
  create index parked_refunds_by_state on parked_refunds (state, parked_at, id);
  create index parked_refunds_by_attempt on parked_refunds (next_attempt_at)
    where next_attempt_at is not null;
`;

export interface ParkedRefundRow {
  readonly id: string;
  readonly state: RefundState;
  readonly parkedAt: number;
  readonly nextAttemptAt: number | null;
  readonly revision: number;
  /** JSON. */
  readonly refund: string;
}

export function parkedRefundHandlers(database: Database, once: Once) {
  const has = database.prepare<[string], 1>('select 1 from parked_refunds where id = ?').pluck();
  const countUnfinished = database
    .prepare<[], number>(
      "select count(*) from parked_refunds where state in ('parked', 'retrying')",
    )
    .pluck();
  const add = database.prepare<[ParkedRefundRow]>(`
    insert into parked_refunds (id, state, parked_at, next_attempt_at, revision, refund)
    values (@id, @state, @parkedAt, @nextAttemptAt, @revision, @refund)`);
  const replace = database.prepare<[ParkedRefundRow]>(`
    update parked_refunds
    set state = @state, next_attempt_at = @nextAttemptAt, revision = @revision, refund = @refund
    where id = @id and revision = @revision - 1`);
  const removeOldest = database.prepare<[{ state: RefundState; max: number }]>(`
    delete from parked_refunds where id in (
      select id from parked_refunds where state = @state order by parked_at, id
      limit max(0, (select count(*) from parked_refunds where state = @state) - @max))`);

  const handlers = {
    /** False: there is no room for it. */
    parkRefund(row: ParkedRefundRow, max: number): boolean {
      if (has.get(row.id) !== undefined) return true;
      if (countUnfinished.get()! >= max) return false;
      add.run(row);
      return true;
    },
    /** False: the stored revision is another one. */
    replaceRefund(row: ParkedRefundRow, max: number): boolean {
      if (replace.run(row).changes === 0) return false;
      const { state } = row;
      if (state === 'done' || state === 'dismissed') removeOldest.run({ state, max });
      return true;
    },
  };
  return {
    ...handlers,
    replaceRefundOnce: (
      request: KeyedRequest,
      row: ParkedRefundRow,
      max: number,
      answer: string,
    ): Answered<string | null> =>
      once(request, () => (handlers.replaceRefund(row, max) ? answer : null), isNull),
  };
}
