// What is known of pictures and films on SQLite, in the catalogue's file.

import type { Media } from '../../../contracts/media.ts';
import { decodeMedia, encodeMedia } from '../../formats/media.ts';
import { mediaChange, type MediaQuota, type MediaStore, quotaBytes } from '../../ports/media.ts';
import { readQuery } from '../thread/read-query.ts';
import type { ChangingDatabase } from './catalogue-options.ts';
import { EXPIRED_MEDIA, type MediaRow } from './media-statements.ts';

export class SqliteMediaStore implements MediaStore {
  readonly #writer;
  readonly #signal;
  readonly #byId;
  readonly #expired;
  readonly #byIds;
  readonly #byOwner;

  constructor({ writer, reader, signal }: ChangingDatabase) {
    this.#writer = writer;
    this.#signal = signal;
    this.#byId = reader.prepare<[string], string>('select media from media where id = ?').pluck();
    this.#expired = reader
      .prepare<[{ before: number; ownerId: string | null; limit: number }], string>(EXPIRED_MEDIA)
      .pluck();
    this.#byIds = reader
      .prepare<[string], string>(
        'select media from media where id in (select value from json_each(?))',
      )
      .pluck();
    this.#byOwner = reader
      .prepare<[string, number], string>('select media from media where owner_id = ? limit ?')
      .pluck();
  }

  async add(make: () => Media, quota: MediaQuota): Promise<Media | 'too-many' | 'too-large'> {
    const media = make();
    const change = mediaChange(media, media);
    const added = await this.#writer.submit('addMedia', rowOf(media), change, quota);
    if (added !== 'added') return added;
    this.#signal.appended();
    return media;
  }

  async find(mediaId: string): Promise<Media | null> {
    const media = readQuery(() => this.#byId.get(mediaId));
    return media === undefined ? null : decodeMedia(media);
  }

  async findAll(mediaIds: readonly string[]): Promise<Map<string, Media>> {
    if (mediaIds.length === 0) return new Map();
    const rows = readQuery(() => this.#byIds.all(JSON.stringify(mediaIds))).map(decodeMedia);
    return new Map(rows.map((media) => [media.id, media]));
  }

  async ofOwner(ownerId: string, limit: number): Promise<Media[]> {
    return readQuery(() => this.#byOwner.all(ownerId, limit)).map(decodeMedia);
  }

  async replace(before: Media, after: Media | null): Promise<boolean> {
    const { id, revision } = before;
    const change = mediaChange(before, after);
    const isDone = await (after === null
      ? this.#writer.submit('removeMedia', id, revision, change)
      : this.#writer.submit('replaceMedia', revision, rowOf(after), change));
    if (isDone) this.#signal.appended();
    return isDone;
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
