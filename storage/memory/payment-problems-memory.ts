// Payments that operators must look at in memory, for tests.

import type { Page, PageRequest } from '../../contracts/paging.ts';
import type {
  PaymentProblem,
  ProblemCount,
  ProblemFilter,
} from '../../contracts/payment-problems.ts';
import { PROBLEM_KINDS } from '../../contracts/problem-kinds.ts';
import type { ConsumerPositions } from '../ports/consumer-positions.ts';
import {
  PAYMENT_PROBLEMS_CONSUMER,
  type PaymentProblems,
  type ProblemChange,
  PROBLEMS_OF_KIND_MAX,
} from '../ports/payment-problems.ts';
import type { ProjectionBatch } from '../ports/projection.ts';
import { pageNewestFirst } from './newest-first.ts';

export class MemoryPaymentProblems implements PaymentProblems {
  readonly #problems = new Map<string, PaymentProblem>();
  readonly #positions: ConsumerPositions;
  readonly #max: number;

  constructor(options: { readonly positions: ConsumerPositions; readonly max?: number }) {
    this.#positions = options.positions;
    this.#max = options.max ?? PROBLEMS_OF_KIND_MAX;
  }

  async store(batches: readonly ProjectionBatch<ProblemChange>[]): Promise<void> {
    for (const { shard, sequence, rows } of batches) {
      if (sequence <= (await this.#positions.load(PAYMENT_PROBLEMS_CONSUMER, shard))) continue;
      for (const change of rows) this.#apply(change);
      await this.#positions.save(PAYMENT_PROBLEMS_CONSUMER, [{ shard, sequence }]);
    }
  }

  async list(filter: ProblemFilter, page: PageRequest): Promise<Page<PaymentProblem>> {
    const position = ({ openedAt: time, id }: PaymentProblem) => ({ time, id });
    return pageNewestFirst('payment-problems', this.#matching(filter), position, page);
  }

  async counts(): Promise<readonly ProblemCount[]> {
    return PROBLEM_KINDS.flatMap((kind) =>
      [true, false].map((open) => ({ kind, open, count: this.#matching({ kind, open }).length })),
    );
  }

  #apply(change: ProblemChange): void {
    if (change.type === 'closed') {
      const { id, outcome, closedAt, amount } = change;
      const problem = this.#problems.get(id);
      if (problem?.open !== true || problem.amount > (amount ?? Infinity)) return;
      this.#problems.set(id, { ...problem, open: false, outcome, closedAt });
      return;
    }
    const { id, kind } = change.problem;
    if (!this.#problems.has(id)) this.#problems.set(id, structuredClone(change.problem));
    const oldest = this.#matching({ kind }).toSorted(
      (a, b) => a.openedAt - b.openedAt || (a.id < b.id ? -1 : 1),
    );
    for (const one of oldest.slice(0, Math.max(0, oldest.length - this.#max)))
      this.#problems.delete(one.id);
  }

  #matching({ kind, open }: ProblemFilter): PaymentProblem[] {
    return [...this.#problems.values()].filter(
      (problem) =>
        (kind === undefined || problem.kind === kind) &&
        (open === undefined || problem.open === open),
    );
  }
}
