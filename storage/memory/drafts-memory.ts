// Drafts in memory, for tests.

import type { Draft, DraftFilter } from '../../contracts/drafts.ts';
import type { Page, PageRequest } from '../../contracts/paging.ts';
import type { KeyedRequest } from '../../contracts/requests.ts';
import { type Drafts, isRecorded } from '../ports/drafts.ts';
import type { Answered, Kept } from '../ports/requests.ts';
import type { MemoryChangeStream } from './change-stream-memory.ts';
import { isNull, type MemoryRequests } from './requests-memory.ts';
import { pageNewestFirst } from './newest-first.ts';

export class MemoryDrafts implements Drafts {
  readonly #changes: MemoryChangeStream;
  readonly #drafts = new Map<string, Draft>();

  readonly #requests: MemoryRequests;

  constructor(options: {
    readonly changes: MemoryChangeStream;
    readonly requests: MemoryRequests;
  }) {
    this.#changes = options.changes;
    this.#requests = options.requests;
  }

  async add(draft: Draft, max: number): Promise<boolean> {
    return this.#add(draft, max);
  }

  async addOnce(request: KeyedRequest, draft: Draft, max: number): Promise<Answered<Draft | null>> {
    return this.#requests.once(request, () => (this.#add(draft, max) ? draft : null), isNull);
  }

  #add(draft: Draft, max: number): boolean {
    const { creatorId, id: draftId } = draft;
    const own = [...this.#drafts.values()].filter((one) => one.creatorId === creatorId);
    if (own.some(({ id }) => id === draftId)) return true;
    if (own.length >= max) return false;
    this.#drafts.set(draftId, draft);
    this.#changes.append({ kind: 'draft', draftId, creatorId, draft });
    return true;
  }

  async find(creatorId: string, dropId: string): Promise<Draft | null> {
    const draft = this.#drafts.get(dropId);
    return draft?.creatorId === creatorId ? draft : null;
  }

  async list(filter: DraftFilter, page: PageRequest): Promise<Page<Draft>> {
    const { creatorId, productId, externalId } = filter;
    const shown = [...this.#drafts.values()].filter(
      (draft) =>
        draft.creatorId === creatorId &&
        (productId === undefined || draft.productId === productId) &&
        (externalId === undefined || draft.externalId === externalId),
    );
    const positionOf = ({ createdAt: time, id }: Draft) => ({ time, id });
    return pageNewestFirst('drafts', shown, positionOf, page);
  }

  async replace(before: Draft, after: Draft): Promise<boolean> {
    return this.#replace(before, after);
  }

  async replaceOnce(
    request: KeyedRequest,
    before: Draft,
    after: Draft,
  ): Promise<Answered<Draft | null>> {
    return this.#requests.once(
      request,
      () => (this.#replace(before, after) ? after : null),
      isNull,
    );
  }

  async findAnswer(_creatorId: string, request: KeyedRequest): Promise<Kept<Draft> | null> {
    return this.#requests.findKept<Draft>(request);
  }

  #replace(before: Draft, after: Draft): boolean {
    if (!this.#isStored(before)) return false;
    const { creatorId, id: draftId } = after;
    this.#drafts.set(draftId, after);
    if (isRecorded(before, after))
      this.#changes.append({ kind: 'draft', draftId, creatorId, draft: after });
    return true;
  }

  async remove(before: Draft): Promise<boolean> {
    return this.#remove(before);
  }

  async removeOnce(
    request: KeyedRequest,
    before: Draft,
    answer: string,
  ): Promise<Answered<string | null>> {
    return this.#requests.once(request, () => (this.#remove(before) ? answer : null), isNull);
  }

  async findRemoval(_creatorId: string, request: KeyedRequest): Promise<Kept<string> | null> {
    return this.#requests.findKept<string>(request);
  }

  #remove(before: Draft): boolean {
    if (!this.#isStored(before)) return false;
    const { creatorId, id: draftId } = before;
    this.#drafts.delete(draftId);
    this.#changes.append({ kind: 'draft', draftId, creatorId, draft: null });
    return true;
  }

  #isStored({ id, revision, announcing }: Draft): boolean {
    const stored = this.#drafts.get(id);
    return stored?.revision === revision && stored.announcing === announcing;
  }
}
