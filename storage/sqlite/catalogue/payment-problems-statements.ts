// The part of the writer of catalogue.db that keeps the payments that operators must look at: their
// table and what changes it. A row is the problem as JSON, with the columns that change or that its
// indexes need beside it.

import type { Database } from 'better-sqlite3';
import type { ProblemKind, ProblemOutcome } from '../../../contracts/payment-problems.ts';
import type { ShardPosition } from '../../ports/consumer-positions.ts';
import { PAYMENT_PROBLEMS_CONSUMER } from '../../ports/payment-problems.ts';

export const PAYMENT_PROBLEMS_SCHEMA = `
  create table payment_problems (
    id text primary key,
    kind text not null,
    open integer not null,
    opened_at integer not null,
    amount integer not null,
    outcome text,
    closed_at integer,
    problem text not null
  ) strict;
  create index payment_problems_by_time on payment_problems (opened_at, id);
  create index payment_problems_by_kind on payment_problems (kind, open, opened_at, id);
`;

/** A problem that is opened: insert it. One that is closed has no `problem`. */
export type ProblemRow =
  | {
      readonly id: string;
      readonly kind: ProblemKind;
      readonly open: 0 | 1;
      readonly openedAt: number;
      readonly amount: number;
      /** JSON. */
      readonly problem: string;
    }
  | {
      readonly id: string;
      readonly outcome: ProblemOutcome;
      readonly closedAt: number;
      readonly amount: number | null;
    };

export interface ProblemBatch extends ShardPosition {
  readonly rows: readonly ProblemRow[];
}

export function paymentProblemHandlers(database: Database) {
  const position = database
    .prepare<[string, number], number>(
      'select sequence from consumer_positions where consumer = ? and shard = ?',
    )
    .pluck();
  const move = database.prepare<[string, number, number]>(`
    insert into consumer_positions (consumer, shard, sequence) values (?, ?, ?)
    on conflict do update set sequence = excluded.sequence`);
  const add = database.prepare<[ProblemRow]>(`
    insert or ignore into payment_problems (id, kind, open, opened_at, amount, problem)
    values (@id, @kind, @open, @openedAt, @amount, @problem)`);
  const close = database.prepare<[ProblemRow]>(`
    update payment_problems set open = 0, outcome = @outcome, closed_at = @closedAt
    where id = @id and open = 1 and amount <= ifnull(@amount, amount)`);
  const removeOldest = database.prepare<[{ kind: ProblemKind; max: number }]>(`
    delete from payment_problems where id in (
      select id from payment_problems where kind = @kind order by opened_at, id
      limit max(0, (select count(*) from payment_problems where kind = @kind) - @max))`);

  return {
    storePaymentProblems(batches: readonly ProblemBatch[], max: number): void {
      for (const { shard, sequence, rows } of batches) {
        if (sequence <= (position.get(PAYMENT_PROBLEMS_CONSUMER, shard) ?? 0)) continue;
        for (const row of rows) {
          if (!('problem' in row)) close.run(row);
          else if (add.run(row).changes > 0) removeOldest.run({ kind: row.kind, max });
        }
        move.run(PAYMENT_PROBLEMS_CONSUMER, shard, sequence);
      }
    },
  };
}
