// Parked refunds in memory, for tests.

import type { Page, PageRequest } from '../../contracts/paging.ts';
import type { ParkedRefund, RefundState } from '../../contracts/refunds.ts';
import type { KeyedRequest } from '../../contracts/requests.ts';
import { PARKED_REFUNDS_MAX, type ParkedRefunds } from '../ports/parked-refunds.ts';
import type { Answered } from '../ports/requests.ts';
import { pageNewestFirst } from './newest-first.ts';
import { isNull, MemoryRequests } from './requests-memory.ts';

export class MemoryParkedRefunds implements ParkedRefunds {
  readonly requests: MemoryRequests;
  readonly #refunds = new Map<string, ParkedRefund>();
  readonly #max: number;

  constructor({
    max = PARKED_REFUNDS_MAX,
    requests = new MemoryRequests(),
  }: { readonly max?: number; readonly requests?: MemoryRequests } = {}) {
    this.#max = max;
    this.requests = requests;
  }

  async park(refund: ParkedRefund): Promise<boolean> {
    if (this.#refunds.has(refund.id)) return true;
    const open = this.#in('parked').length + this.#in('retrying').length;
    if (open >= this.#max) return false;
    this.#refunds.set(refund.id, structuredClone(refund));
    return true;
  }

  async replace(refund: ParkedRefund): Promise<boolean> {
    return this.#replace(refund);
  }

  async replaceOnce(
    request: KeyedRequest,
    refund: ParkedRefund,
    answer: string,
  ): Promise<Answered<string | null>> {
    return this.requests.once(request, () => (this.#replace(refund) ? answer : null), isNull);
  }

  #replace(refund: ParkedRefund): boolean {
    if (this.#refunds.get(refund.id)?.revision !== refund.revision - 1) return false;
    this.#refunds.set(refund.id, structuredClone(refund));
    for (const state of ['done', 'dismissed'] as const) {
      const oldest = this.#in(state).toSorted((a, b) => a.parkedAt - b.parkedAt);
      for (const { id } of oldest.slice(0, Math.max(0, oldest.length - this.#max)))
        this.#refunds.delete(id);
    }
    return true;
  }

  async find(id: string): Promise<ParkedRefund | null> {
    return this.#refunds.get(id) ?? null;
  }

  async list(state: RefundState | null, page: PageRequest): Promise<Page<ParkedRefund>> {
    const refunds = state === null ? this.#refunds.values() : this.#in(state);
    return pageNewestFirst('refunds', refunds, ({ parkedAt: time, id }) => ({ time, id }), page);
  }

  async due(time: number, limit: number): Promise<readonly ParkedRefund[]> {
    const dueAt = ({ nextAttemptAt }: ParkedRefund) => nextAttemptAt ?? Infinity;
    return [...this.#refunds.values()]
      .filter((refund) => dueAt(refund) <= time)
      .sort((a, b) => dueAt(a) - dueAt(b))
      .slice(0, limit);
  }

  async count(state: RefundState): Promise<number> {
    return this.#in(state).length;
  }

  #in(state: RefundState): ParkedRefund[] {
    return [...this.#refunds.values()].filter((refund) => refund.state === state);
  }
}
