// The part of the writer of catalogue.db that keeps drafts. A row is the draft as JSON, with the
// columns that its indexes and conditions need beside it.

import type { Database } from 'better-sqlite3';
import type { Draft } from '../../../contracts/drafts.ts';
import { isRecorded } from '../../ports/drafts.ts';
import type { KeyedRequest } from '../../../contracts/requests.ts';
import type { Answered } from '../../ports/requests.ts';
import type { AppendChange } from './changes-statements.ts';
import { isNull, type Once } from './requests-statements.ts';

export const DRAFTS_SCHEMA = `
  create table drafts (
    creator_id text not null,
    id text not null,
    product_id text not null,
    external_id text,
    created_at integer not null,
    revision integer not null,
    announcing integer not null,
    draft text not null,
    primary key (creator_id, id)
  ) strict, without rowid;
  create index drafts_by_time on drafts (creator_id, created_at, id);
`;

export function draftHandlers(database: Database, appendChange: AppendChange, once: Once) {
  const count = database
    .prepare<[string], number>('select count(*) from drafts where creator_id = ?')
    .pluck();
  const has = database
    .prepare<[string, string], number>('select 1 from drafts where creator_id = ? and id = ?')
    .pluck();
  const add = database.prepare(`
    insert into drafts
      (creator_id, id, product_id, external_id, created_at, revision, announcing, draft)
    values (?, ?, ?, ?, ?, ?, ?, ?)`);
  const replace = database.prepare(`
    update drafts set external_id = ?, revision = ?, announcing = ?, draft = ?
    where creator_id = ? and id = ? and revision = ? and announcing = ?`);
  const remove = database.prepare(
    'delete from drafts where creator_id = ? and id = ? and revision = ? and announcing = ?',
  );
  const placeOf = ({ creatorId, id, revision, announcing }: Draft) =>
    [creatorId, id, revision, announcing ? 1 : 0] as const;

  const handlers = {
    addDraft(draft: Draft, max: number): boolean {
      const { creatorId, id, productId, externalId = null, createdAt, revision } = draft;
      if (has.get(creatorId, id) === 1) return true;
      if (count.get(creatorId)! >= max) return false;
      const announcing = draft.announcing ? 1 : 0;
      const place = [creatorId, id, productId, externalId, createdAt];
      add.run(...place, revision, announcing, JSON.stringify(draft));
      appendChange({ kind: 'draft', draftId: id, creatorId, draft });
      return true;
    },

    replaceDraft(before: Draft, after: Draft): boolean {
      const { creatorId, id: draftId, externalId = null, revision, announcing } = after;
      const content = [externalId, revision, announcing ? 1 : 0, JSON.stringify(after)];
      if (replace.run(...content, ...placeOf(before)).changes === 0) return false;
      if (isRecorded(before, after))
        appendChange({ kind: 'draft', draftId, creatorId, draft: after });
      return true;
    },

    removeDraft(before: Draft): boolean {
      if (remove.run(...placeOf(before)).changes === 0) return false;
      const { creatorId, id: draftId } = before;
      appendChange({ kind: 'draft', draftId, creatorId, draft: null });
      return true;
    },
  };
  return {
    ...handlers,
    addDraftOnce: (request: KeyedRequest, draft: Draft, max: number): Answered<Draft | null> =>
      once(request, () => (handlers.addDraft(draft, max) ? draft : null), isNull),
    replaceDraftOnce: (
      request: KeyedRequest,
      before: Draft,
      after: Draft,
    ): Answered<Draft | null> =>
      once(request, () => (handlers.replaceDraft(before, after) ? after : null), isNull),
    removeDraftOnce: (
      request: KeyedRequest,
      before: Draft,
      answer: string,
    ): Answered<string | null> =>
      once(request, () => (handlers.removeDraft(before) ? answer : null), isNull),
  };
}
