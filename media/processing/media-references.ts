// Which media have the variants of an upload: the same file may be uploaded by several. A reference
// is an empty blob, written before the variants are. Where the last medium was removed, its
// variants are collected a day later. A lock by content keeps a new reference and a collection
// apart: after either, the other sees what it did.

import { Readable } from 'node:stream';
import type { Logger } from 'pino';
import type { Clock } from '../../actors/clock.ts';
import type { Blobs } from '../../storage/ports/blobs.ts';
import { listBlobs } from '../list-blobs.ts';
import type { MediaBackend } from '../media-backend.ts';
import { UploadLockedError, type UploadLocks } from '../uploads/upload-locks.ts';
import { variantsFolder } from '../variants/recipes.ts';

const REFERENCES = 'references/';
/** Behind a reference's key: since when its medium is gone. */
const GONE = '.gone';
const KEPT_MS = 24 * 60 * 60_000;

export interface MediaReferencesOptions {
  readonly blobs: Blobs;
  readonly backend: MediaBackend;
  readonly locks: UploadLocks;
  readonly clock: Clock;
  readonly log: Logger;
}

export class MediaReferences {
  readonly #options: MediaReferencesOptions;

  constructor(options: MediaReferencesOptions) {
    this.#options = options;
  }

  /**
   * Idempotent. Errors: `store-unavailable`; `upload-locked` while the content is collected: later
   * it can be added.
   */
  async add(sha256: string, mediaId: string): Promise<void> {
    const lock = await this.#lock(sha256);
    try {
      const key = `${REFERENCES}${sha256}/${mediaId}`;
      await this.#mark(key);
      await this.#options.blobs.delete(key + GONE);
    } finally {
      await lock.release();
    }
  }

  /** The media that have the content, and those that had it within a day. Errors: as `collect`. */
  async idsOf(sha256: string): Promise<string[]> {
    const ids: string[] = [];
    for await (const { key } of listBlobs(this.#options.blobs, `${REFERENCES}${sha256}/`))
      if (!key.endsWith(GONE)) ids.push(key.split('/')[2]!);
    return ids;
  }

  /** Looks at all references, until `isStopped`. Errors: `store-unavailable`. */
  async collect(isStopped: () => boolean = () => false): Promise<void> {
    const { blobs } = this.#options;
    let content = '';
    for await (const { key } of listBlobs(blobs, REFERENCES)) {
      const [, sha256 = ''] = key.split('/');
      if (isStopped()) return;
      if (sha256 === content) continue;
      content = sha256;
      try {
        await this.#collect(sha256);
      } catch (error) {
        if (!(error instanceof UploadLockedError)) throw error;
      }
    }
  }

  async #collect(sha256: string): Promise<void> {
    const { blobs, log } = this.#options;
    // A look without the lock first: most content is in use.
    if (!(await this.#isUnused(sha256))) return;
    const lock = await this.#lock(sha256);
    try {
      if (!(await this.#isUnused(sha256))) return;
      for await (const { key } of listBlobs(blobs, variantsFolder(sha256))) {
        lock.check();
        await blobs.delete(key);
      }
      // At last, so that a collection that was killed goes on.
      for await (const { key } of listBlobs(blobs, `${REFERENCES}${sha256}/`))
        await blobs.delete(key);
      log.info({ sha256 }, 'variants without a medium were removed');
    } finally {
      await lock.release();
    }
  }

  /** Whether all media with it are gone, each for a day. What has just gone is marked. */
  async #isUnused(sha256: string): Promise<boolean> {
    const { backend, blobs, clock } = this.#options;
    const goneAt = new Map<string, number>();
    const keys: string[] = [];
    for await (const { key, writtenAt } of listBlobs(blobs, `${REFERENCES}${sha256}/`)) {
      if (key.endsWith(GONE)) goneAt.set(key.slice(0, -GONE.length), writtenAt);
      else keys.push(key);
    }
    let isUnused = true;
    for (const key of keys) {
      const media = await backend.call('media.get', { mediaId: key.split('/')[2]! });
      if (media.ok || media.code !== 'not-found') return false;
      const since = goneAt.get(key);
      if (since === undefined) await this.#mark(key + GONE);
      if (since === undefined || since > clock.now() - KEPT_MS) isUnused = false;
    }
    return isUnused;
  }

  async #mark(key: string): Promise<void> {
    try {
      await this.#options.blobs.put(key, Readable.from([]), { bytesMax: 0 });
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'conflict') throw error;
    }
  }

  #lock(sha256: string) {
    return this.#options.locks.acquire(`content_${sha256}`, { takesOver: false });
  }
}
