// The part of the writer of catalogue.db that keeps what is known of pictures and films.

import type { Database } from 'better-sqlite3';
import type { EntityChange } from '../../../contracts/changes.ts';
import type { MediaQuota } from '../../ports/media.ts';
import type { AppendChange } from './changes-statements.ts';

export const MEDIA_SCHEMA = `
  create table media (
    id text primary key,
    owner_id text not null,
    revision integer not null,
    quota_bytes integer not null,
    media text not null
  ) strict;
  create index media_by_owner on media (owner_id, quota_bytes);
`;

/** Of uploads alone: what has no end is not in it. */
export const MEDIA_EXPIRY_SCHEMA = `
  create index media_by_expiry on media (json_extract(media, '$.expiresAt'))
  where json_extract(media, '$.expiresAt') is not null;
`;
export const EXPIRED_MEDIA = `
  select media from media
  where json_extract(media, '$.expiresAt') is not null
    and json_extract(media, '$.expiresAt') <= @before
    and (@ownerId is null or owner_id = @ownerId)
  limit @limit`;

export interface MediaRow {
  readonly id: string;
  readonly ownerId: string;
  readonly revision: number;
  readonly quotaBytes: number;
  /** JSON. */
  readonly media: string;
}

export function mediaHandlers(database: Database, appendChange: AppendChange) {
  const sum = database.prepare<[string], { count: number; bytes: number }>(`
    select count(*) as count, coalesce(sum(quota_bytes), 0) as bytes
    from media where owner_id = ?`);
  const add = database.prepare<[MediaRow]>(`
    insert into media (id, owner_id, revision, quota_bytes, media)
    values (@id, @ownerId, @revision, @quotaBytes, @media)`);
  const replace = database.prepare<[MediaRow & { before: number }]>(`
    update media set revision = @revision, quota_bytes = @quotaBytes, media = @media
    where id = @id and revision = @before`);
  const remove = database.prepare<[string, number]>(
    'delete from media where id = ? and revision = ?',
  );

  return {
    addMedia(
      row: MediaRow,
      change: EntityChange,
      { countMax, bytesMax }: MediaQuota,
    ): 'added' | 'too-many' | 'too-large' {
      const { count, bytes } = sum.get(row.ownerId)!;
      if (count >= countMax) return 'too-many';
      if (bytes + row.quotaBytes > bytesMax) return 'too-large';
      add.run(row);
      appendChange(change);
      return 'added';
    },
    replaceMedia(before: number, row: MediaRow, change: EntityChange): boolean {
      if (replace.run({ ...row, before }).changes === 0) return false;
      appendChange(change);
      return true;
    },
    removeMedia(id: string, before: number, change: EntityChange): boolean {
      if (remove.run(id, before).changes === 0) return false;
      appendChange(change);
      return true;
    },
  };
}
