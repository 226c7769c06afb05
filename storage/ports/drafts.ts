// The drafts port: drops that only their creator sees, until they are announced (D7). All of a
// creator's drafts are together, and each change writes its record of the change stream in the same
// step (C1).

import type { Draft, DraftFilter } from '../../contracts/drafts.ts';
import type { Page, PageRequest } from '../../contracts/paging.ts';
import type { KeyedRequest } from '../../contracts/requests.ts';
import type { Answered, Kept } from './requests.ts';

export interface Drafts {
  /**
   * Durable when it resolves. A draft that is there already stays as it is: that is a success.
   * False where the creator has `max` others; the bound and the write are one step.
   */
  add(draft: Draft, max: number): Promise<boolean>;
  /** As `add`, at most once for the request (H11). Null: no room, which is not kept. */
  addOnce(request: KeyedRequest, draft: Draft, max: number): Promise<Answered<Draft | null>>;
  find(creatorId: string, dropId: string): Promise<Draft | null>;
  /** Newest first. */
  list(filter: DraftFilter, page: PageRequest): Promise<Page<Draft>>;
  /**
   * Replaces a draft. False, and nothing changes, where the stored one has another revision than
   * `before` or is announced otherwise. A change of `announcing` alone has no record.
   */
  replace(before: Draft, after: Draft): Promise<boolean>;
  /** As `replace`, at most once for the request (H11). Null: nothing changed, and is not kept. */
  replaceOnce(request: KeyedRequest, before: Draft, after: Draft): Promise<Answered<Draft | null>>;
  /** What was answered to a request about a draft of this creator; null where nothing was. */
  findAnswer(creatorId: string, request: KeyedRequest): Promise<Kept<Draft> | null>;
  /** As `replace`; a draft that is gone was removed by somebody else. */
  remove(before: Draft): Promise<boolean>;
  /**
   * As `remove`, at most once for the request: the same step keeps the answer (H11). Null: nothing
   * was removed, and nothing is kept.
   */
  removeOnce(
    request: KeyedRequest,
    before: Draft,
    answer: string,
  ): Promise<Answered<string | null>>;
  /** What `removeOnce` kept for a request about a draft of this creator; null: nothing. */
  findRemoval(creatorId: string, request: KeyedRequest): Promise<Kept<string> | null>;
}

/** The change that the change stream records. */
export function isRecorded(before: Draft, after: Draft): boolean {
  return before.revision !== after.revision;
}
