// Payments that operators must look at, on SQLite, in the catalogue's file.

import type { Page, PageRequest } from '../../../contracts/paging.ts';
import type {
  PaymentProblem,
  ProblemCount,
  ProblemFilter,
  ProblemKind,
  ProblemOutcome,
} from '../../../contracts/payment-problems.ts';
import { PROBLEM_KINDS } from '../../../contracts/problem-kinds.ts';
import { decodePaymentProblem, encodePaymentProblem } from '../../formats/payment-problem.ts';
import {
  type PaymentProblems,
  type ProblemChange,
  PROBLEMS_OF_KIND_MAX,
} from '../../ports/payment-problems.ts';
import type { ProjectionBatch } from '../../ports/projection.ts';
import { readPage } from '../thread/read-page.ts';
import { readQuery } from '../thread/read-query.ts';
import type { CatalogueDatabase } from './catalogue-options.ts';
import type { ProblemRow } from './payment-problems-statements.ts';

interface StoredProblem {
  readonly problem: string;
  readonly outcome: ProblemOutcome | null;
  readonly closedAt: number | null;
}

interface ListRange {
  readonly kind: ProblemKind | null;
  readonly open: 0 | 1 | null;
  readonly time: number;
  readonly id: string;
  readonly limit: number;
}

export class SqlitePaymentProblems implements PaymentProblems {
  readonly #writer;
  readonly #max;
  readonly #list;
  readonly #counts;

  constructor(options: CatalogueDatabase & { readonly max?: number }) {
    const { writer, reader, max = PROBLEMS_OF_KIND_MAX } = options;
    this.#writer = writer;
    this.#max = max;
    // The bound keeps the rows that a filter passes over few.
    this.#list = reader.prepare<[ListRange], StoredProblem>(`
      select problem, outcome, closed_at as closedAt from payment_problems
      where (opened_at, id) < (@time, @id)
        and (@kind is null or kind = @kind) and (@open is null or open = @open)
      order by opened_at desc, id desc limit @limit`);
    this.#counts = reader.prepare<[], { kind: ProblemKind; open: 0 | 1; count: number }>(
      'select kind, open, count(*) as count from payment_problems group by kind, open',
    );
  }

  async store(batches: readonly ProjectionBatch<ProblemChange>[]): Promise<void> {
    const rows = batches.map((batch) => ({ ...batch, rows: batch.rows.map(rowOf) }));
    await this.#writer.submit('storePaymentProblems', rows, this.#max);
  }

  async list({ kind, open }: ProblemFilter, page: PageRequest): Promise<Page<PaymentProblem>> {
    const filter = { kind: kind ?? null, open: open === undefined ? null : flag(open) };
    return readPage(
      'payment-problems',
      page,
      (start, limit) =>
        readQuery(() => this.#list.all({ ...filter, ...start, limit })).map(problemOf),
      ({ openedAt: time, id }) => ({ time, id }),
    );
  }

  async counts(): Promise<readonly ProblemCount[]> {
    const rows = readQuery(() => this.#counts.all());
    return PROBLEM_KINDS.flatMap((kind) =>
      [true, false].map((open) => {
        const row = rows.find((one) => one.kind === kind && one.open === flag(open));
        return { kind, open, count: row?.count ?? 0 };
      }),
    );
  }
}

function flag(value: boolean): 0 | 1 {
  return value ? 1 : 0;
}

function rowOf(change: ProblemChange): ProblemRow {
  if (change.type === 'closed') {
    const { id, outcome, closedAt, amount } = change;
    return { id, outcome, closedAt, amount };
  }
  const { id, kind, open, openedAt, amount } = change.problem;
  const problem = encodePaymentProblem(change.problem);
  return { id, kind, open: flag(open), openedAt, amount, problem };
}

function problemOf({ problem, outcome, closedAt }: StoredProblem): PaymentProblem {
  return decodePaymentProblem(problem, closedAt === null ? null : { outcome, closedAt });
}
