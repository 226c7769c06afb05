// Media in memory, for tests.

import type { Media } from '../../contracts/media.ts';
import { mediaChange, type MediaQuota, type MediaStore, quotaBytes } from '../ports/media.ts';
import type { MemoryChangeStream } from './change-stream-memory.ts';

export class MemoryMediaStore implements MediaStore {
  readonly #media = new Map<string, Media>();
  readonly #changes: MemoryChangeStream;

  constructor({ changes }: { readonly changes: MemoryChangeStream }) {
    this.#changes = changes;
  }

  async add(
    make: () => Media,
    { countMax, bytesMax }: MediaQuota,
  ): Promise<Media | 'too-many' | 'too-large'> {
    const media = make();
    const own = [...this.#media.values()].filter(({ ownerId }) => ownerId === media.ownerId);
    if (own.length >= countMax) return 'too-many';
    const bytes = own.reduce((sum, one) => sum + quotaBytes(one), quotaBytes(media));
    if (bytes > bytesMax) return 'too-large';
    this.#media.set(media.id, media);
    this.#changes.append(mediaChange(media, media));
    return media;
  }

  async find(mediaId: string): Promise<Media | null> {
    return this.#media.get(mediaId) ?? null;
  }

  async findAll(mediaIds: readonly string[]): Promise<Map<string, Media>> {
    const found = mediaIds.flatMap((id) => this.#media.get(id) ?? []);
    return new Map(found.map((media) => [media.id, media]));
  }

  async ofOwner(ownerId: string, limit: number): Promise<Media[]> {
    return [...this.#media.values()].filter((one) => one.ownerId === ownerId).slice(0, limit);
  }

  async replace(before: Media, after: Media | null): Promise<boolean> {
    if (this.#media.get(before.id)?.revision !== before.revision) return false;
    if (after === null) this.#media.delete(before.id);
    else this.#media.set(after.id, after);
    this.#changes.append(mediaChange(before, after));
    return true;
  }

  async expired(before: number, limit: number, ownerId?: string): Promise<readonly Media[]> {
    const isWanted = (media: Media) =>
      media.expiresAt !== null &&
      media.expiresAt <= before &&
      (ownerId === undefined || media.ownerId === ownerId);
    return [...this.#media.values()].filter(isWanted).slice(0, limit);
  }
}
