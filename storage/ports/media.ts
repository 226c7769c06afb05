// The media port: what is known of each picture and film. The bytes are blobs
// (`storage/ports/blobs.ts`).

import type { EntityChange } from '../../contracts/changes.ts';
import type { Media, MediaSummary } from '../../contracts/media.ts';

/** Most media of one owner, and most bytes of all of them together. */
export interface MediaQuota {
  readonly countMax: number;
  readonly bytesMax: number;
}

export interface MediaStore {
  /**
   * Changes have a record in the change stream, in the same step; in a cluster from feature level 6
   * on.
   *
   * Adds the one that `make` makes, which is called several times where its id must fit its owner's
   * place. Comparing with the quota and adding are one atomic step; durable when it resolves.
   * `too-many`, `too-large`: the owner's quota has no room, and nothing changed. Errors:
   * `store-unavailable`.
   */
  add(make: () => Media, quota: MediaQuota): Promise<Media | 'too-many' | 'too-large'>;
  /** Errors: `store-unavailable`. */
  find(mediaId: string): Promise<Media | null>;
  /** By their ids, in one read; without unknown ids. At most 1,000 ids. Errors: as `find`. */
  findAll(mediaIds: readonly string[]): Promise<ReadonlyMap<string, Media>>;
  /** At most `limit` of an owner's, in no order. Errors: as `find`. */
  ofOwner(ownerId: string, limit: number): Promise<Media[]>;
  /**
   * Puts `after` in the place of `before`, or removes it where `after` is null. False, and nothing
   * changes, where the stored one has another revision. One atomic step, durable when it resolves.
   * Errors: `store-unavailable`.
   */
  replace(before: Media, after: Media | null): Promise<boolean>;
  /**
   * Uploads that had to be finished by that time (milliseconds since the Unix epoch) and were not,
   * of one owner or of all, at most `limit`. Errors: `store-unavailable`.
   */
  expired(before: number, limit: number, ownerId?: string): Promise<readonly Media[]>;
}

/** The record of a change; null: it was removed. */
export function mediaChange(before: Media, after: Media | null): EntityChange {
  const { id, ownerId, uses = [] } = after ?? before;
  const productIds = uses.map(({ productId }) => productId);
  return { kind: 'media', mediaId: id, ownerId, productIds, media: after && summaryOf(after) };
}

function summaryOf({ content, ...media }: Media): MediaSummary {
  const { ownerId, purpose, status, bytes, createdAt } = media;
  const stored = { ownerId, purpose, status, bytes, createdAt };
  if (content === null) return stored;
  const { kind, type, sha256, width, height } = content;
  return { ...stored, kind, type, sha256, width, height };
}

/** What counts against the quota: of a refused one nothing is kept. */
export function quotaBytes({ status, bytes }: Media): number {
  return status === 'refused' ? 0 : bytes;
}
