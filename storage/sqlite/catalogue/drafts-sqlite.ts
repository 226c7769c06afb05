// Drafts on SQLite, in the catalogue's file.

import type { Draft, DraftFilter } from '../../../contracts/drafts.ts';
import type { Page, PageRequest } from '../../../contracts/paging.ts';
import type { KeyedRequest } from '../../../contracts/requests.ts';
import type { Drafts } from '../../ports/drafts.ts';
import type { Answered, Kept } from '../../ports/requests.ts';
import { readPage } from '../thread/read-page.ts';
import { readQuery } from '../thread/read-query.ts';
import type { ChangingDatabase } from './catalogue-options.ts';

export class SqliteDrafts implements Drafts {
  readonly #writer;
  readonly #signal;
  readonly #find;
  readonly #list;

  constructor({ writer, reader, signal }: ChangingDatabase) {
    this.#writer = writer;
    this.#signal = signal;
    this.#find = reader
      .prepare<[string, string], string>('select draft from drafts where creator_id = ? and id = ?')
      .pluck();
    // A creator has few drafts, so further conditions need no index.
    this.#list = reader
      .prepare<[string, string | null, string | null, number, string, number], string>(`
        select draft from drafts
        where creator_id = ? and product_id = coalesce(?, product_id)
          and external_id is coalesce(?, external_id) and (created_at, id) < (?, ?)
        order by created_at desc, id desc limit ?`)
      .pluck();
  }

  async add(draft: Draft, max: number): Promise<boolean> {
    return this.#changed(await this.#writer.submit('addDraft', draft, max));
  }

  async addOnce(request: KeyedRequest, draft: Draft, max: number): Promise<Answered<Draft | null>> {
    return this.#answered(await this.#writer.submit('addDraftOnce', request, draft, max));
  }

  async find(creatorId: string, dropId: string): Promise<Draft | null> {
    const draft = readQuery(() => this.#find.get(creatorId, dropId));
    return draft === undefined ? null : (JSON.parse(draft) as Draft);
  }

  async list(filter: DraftFilter, page: PageRequest): Promise<Page<Draft>> {
    const { creatorId, productId = null, externalId = null } = filter;
    return readPage(
      'drafts',
      page,
      ({ time, id }, limit) =>
        readQuery(() => this.#list.all(creatorId, productId, externalId, time, id, limit)).map(
          (draft) => JSON.parse(draft) as Draft,
        ),
      ({ createdAt: time, id }) => ({ time, id }),
    );
  }

  async replace(before: Draft, after: Draft): Promise<boolean> {
    return this.#changed(await this.#writer.submit('replaceDraft', before, after));
  }

  async replaceOnce(
    request: KeyedRequest,
    before: Draft,
    after: Draft,
  ): Promise<Answered<Draft | null>> {
    return this.#answered(await this.#writer.submit('replaceDraftOnce', request, before, after));
  }

  async findAnswer(_creatorId: string, request: KeyedRequest): Promise<Kept<Draft> | null> {
    return (await this.#writer.submit('findRequest', request)) as Kept<Draft> | null;
  }

  async remove(before: Draft): Promise<boolean> {
    return this.#changed(await this.#writer.submit('removeDraft', before));
  }

  async removeOnce(
    request: KeyedRequest,
    before: Draft,
    answer: string,
  ): Promise<Answered<string | null>> {
    return this.#answered(await this.#writer.submit('removeDraftOnce', request, before, answer));
  }

  async findRemoval(_creatorId: string, request: KeyedRequest): Promise<Kept<string> | null> {
    return (await this.#writer.submit('findRequest', request)) as Kept<string> | null;
  }

  #answered<T>(answered: Answered<T>): Answered<T> {
    this.#changed(answered.result === 'new');
    return answered;
  }

  #changed(isChanged: boolean): boolean {
    if (isChanged) this.#signal.appended();
    return isChanged;
  }
}
