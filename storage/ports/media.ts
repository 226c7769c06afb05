// The media port: what is known of each picture and film. The bytes are blobs
// (`storage/ports/blobs.ts`).

import type { Media } from '../../contracts/media.ts';

/** Most media of one owner, and most bytes of all of them together. */
export interface MediaQuota {
  readonly countMax: number;
  readonly bytesMax: number;
}

export interface MediaStore {
  /**
   * Adds the one that `make` makes, which is called several times where its id must fit its owner's
   * place. Comparing with the quota and adding are one atomic step; durable when it resolves.
   * `too-many`, `too-large`: the owner's quota has no room, and nothing changed. Errors:
   * `store-unavailable`.
   */
  add(make: () => Media, quota: MediaQuota): Promise<Media | 'too-many' | 'too-large'>;
  /** Errors: `store-unavailable`. */
  find(mediaId: string): Promise<Media | null>;
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

/** What counts against the quota: of a refused one nothing is kept. */
export function quotaBytes({ status, bytes }: Media): number {
  return status === 'refused' ? 0 : bytes;
}
