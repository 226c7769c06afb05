// Parked refunds on SQLite, in the catalogue's file.

import type { Page, PageRequest } from '../../../contracts/paging.ts';
import type { ParkedRefund, RefundState } from '../../../contracts/refunds.ts';
import type { KeyedRequest } from '../../../contracts/requests.ts';
import { decodeParkedRefund, encodeParkedRefund } from '../../formats/parked-refund.ts';
import { PARKED_REFUNDS_MAX, type ParkedRefunds } from '../../ports/parked-refunds.ts';
import type { Answered } from '../../ports/requests.ts';
import { readPage } from '../thread/read-page.ts';
import { readQuery } from '../thread/read-query.ts';
import type { CatalogueDatabase } from './catalogue-options.ts';
import type { ParkedRefundRow } from './parked-refunds-statements.ts';
import { SqliteRequests } from './requests-sqlite.ts';

export class SqliteParkedRefunds implements ParkedRefunds {
  readonly requests: SqliteRequests;
  readonly #writer;
  readonly #max;
  readonly #find;
  readonly #all;
  readonly #inState;
  readonly #due;
  readonly #count;

  constructor(options: CatalogueDatabase & { readonly max?: number }) {
    const { writer, reader, max = PARKED_REFUNDS_MAX } = options;
    this.requests = new SqliteRequests(options);
    this.#writer = writer;
    this.#max = max;
    this.#find = reader
      .prepare<[string], string>('select refund from parked_refunds where id = ?')
      .pluck();
    this.#all = reader
      .prepare<[number, string, number], string>(`
        select refund from parked_refunds where (parked_at, id) < (?, ?)
        order by parked_at desc, id desc limit ?`)
      .pluck();
    this.#inState = reader
      .prepare<[string, number, string, number], string>(`
        select refund from parked_refunds where state = ? and (parked_at, id) < (?, ?)
        order by parked_at desc, id desc limit ?`)
      .pluck();
    this.#due = reader
      .prepare<[number, number], string>(`
        select refund from parked_refunds where next_attempt_at <= ?
        order by next_attempt_at limit ?`)
      .pluck();
    this.#count = reader
      .prepare<[string], number>('select count(*) from parked_refunds where state = ?')
      .pluck();
  }

  park(refund: ParkedRefund): Promise<boolean> {
    return this.#writer.submit('parkRefund', rowOf(refund), this.#max);
  }

  replace(refund: ParkedRefund): Promise<boolean> {
    return this.#writer.submit('replaceRefund', rowOf(refund), this.#max);
  }

  replaceOnce(
    request: KeyedRequest,
    refund: ParkedRefund,
    answer: string,
  ): Promise<Answered<string | null>> {
    const args = [request, rowOf(refund), this.#max, answer] as const;
    return this.#writer.submit('replaceRefundOnce', ...args);
  }

  async find(id: string): Promise<ParkedRefund | null> {
    const text = readQuery(() => this.#find.get(id));
    return text === undefined ? null : decodeParkedRefund(text);
  }

  async list(state: RefundState | null, page: PageRequest): Promise<Page<ParkedRefund>> {
    return readPage(
      'refunds',
      page,
      ({ time, id }, limit) =>
        readQuery(() =>
          state === null
            ? this.#all.all(time, id, limit)
            : this.#inState.all(state, time, id, limit),
        ).map(decodeParkedRefund),
      ({ parkedAt: time, id }) => ({ time, id }),
    );
  }

  async due(time: number, limit: number): Promise<readonly ParkedRefund[]> {
    return readQuery(() => this.#due.all(time, limit)).map(decodeParkedRefund);
  }

  async count(state: RefundState): Promise<number> {
    return readQuery(() => this.#count.get(state))!;
  }
}

function rowOf(refund: ParkedRefund): ParkedRefundRow {
  const { id, state, parkedAt, nextAttemptAt, revision } = refund;
  return { id, state, parkedAt, nextAttemptAt, revision, refund: encodeParkedRefund(refund) };
}
