// What is known of pictures and films on SQLite, in the catalogue's file.

import type { Media } from '../../../contracts/media.ts';
import { decodeMedia, encodeMedia } from '../../formats/media.ts';
import { type MediaQuota, type MediaStore, quotaBytes } from '../../ports/media.ts';
import { readQuery } from '../thread/read-query.ts';
import type { CatalogueDatabase } from './catalogue-options.ts';
import { EXPIRED_MEDIA, type MediaRow } from './media-statements.ts';

export class SqliteMediaStore implements MediaStore {
  readonly #writer;
  readonly #byId;
  readonly #expired;

  constructor({ writer, reader }: CatalogueDatabase) {
    this.#writer = writer;
    this.#byId = reader.prepare<[string], string>('select media from media where id = ?').pluck();
    this.#expired = reader
      .prepare<[{ before: number; ownerId: string | null; limit: number }], string>(EXPIRED_MEDIA)
      .pluck();
  }

  async add(make: () => Media, quota: MediaQuota): Promise<Media | 'too-many' | 'too-large'> {
    const media = make();
    const added = await this.#writer.submit('addMedia', rowOf(media), quota);
    return added === 'added' ? media : added;
  }

  async find(mediaId: string): Promise<Media | null> {
    const media = readQuery(() => this.#byId.get(mediaId));
    return media === undefined ? null : decodeMedia(media);
  }

  replace({ id, revision }: Media, after: Media | null): Promise<boolean> {
    return after === null
      ? this.#writer.submit('removeMedia', id, revision)
      : this.#writer.submit('replaceMedia', revision, rowOf(after));
  }

  async expired(before: number, limit: number, ownerId?: string): Promise<readonly Media[]> {
    const wanted = { before, ownerId: ownerId ?? null, limit };
    return readQuery(() => this.#expired.all(wanted)).map(decodeMedia);
  }
}

function rowOf(media: Media): MediaRow {
  const { id, ownerId, revision } = media;
  return { id, ownerId, revision, quotaBytes: quotaBytes(media), media: encodeMedia(media) };
}
