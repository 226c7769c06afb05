// What becomes of an upload once all its bytes are there: its type is found from the bytes, its
// variants are made and stored, and it is settled as ready or refused. One at a time, since one
// process makes variants. Whatever ends in between is begun anew: variants are written once, and
// settling is idempotent. The pieces of the upload stay until it is settled.

import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import pLimit from 'p-limit';
import type { Logger } from 'pino';
import type { Clock } from '../../actors/clock.ts';
import { IMAGE_BYTES_MAX, MEDIA_REASON_LENGTH_MAX } from '../../contracts/bounds.ts';
import type { Media, MediaResult, MediaVariant } from '../../contracts/media.ts';
import type { Blobs } from '../../storage/ports/blobs.ts';
import type { MediaBackend } from '../media-backend.ts';
import type { MediaReferences } from './media-references.ts';
import { sourceOfFile } from '../types/byte-source.ts';
import { MEDIA_TYPES, type MediaType } from '../types/media-types.ts';
import { recognise, type RecognisedMedia } from '../types/recognise.ts';
import type { UploadLock, UploadLocks } from '../uploads/upload-locks.ts';
import type { UploadPieces } from '../uploads/upload-pieces.ts';
import {
  fileNameOf,
  type MadeVariant,
  VARIANT_TYPES,
  variantKey,
  variantPath,
  VIDEO_NAME,
} from '../variants/recipes.ts';
import type { VariantMaker } from '../variants/variant-maker.ts';
import { blankMetadata } from '../variants/video-metadata.ts';

/** The others are found by the sweep. */
const WAITING_MAX = 1_000;
const ATTEMPTS_MAX = 5;
const RETRY_MS = 5_000;

export interface ProcessingOptions {
  readonly blobs: Blobs;
  readonly pieces: UploadPieces;
  readonly backend: MediaBackend;
  readonly maker: Pick<VariantMaker, 'make'>;
  readonly locks: UploadLocks;
  readonly references: MediaReferences;
  /** On a local disk, for one upload and its variants at a time. */
  readonly folder: string;
  readonly clock: Clock;
  readonly log: Logger;
}

export class Processing {
  readonly #options: ProcessingOptions;
  readonly #limit = pLimit({ concurrency: 1 });
  /** Since when, in milliseconds of the monotonic clock; in the order in which they came. */
  readonly #waiting = new Map<string, number>();
  #isStopped = false;
  /** Ends the wait for another attempt. */
  #wake: () => void = () => undefined;

  constructor(options: ProcessingOptions) {
    this.#options = options;
  }

  /** Uploads that wait or are being processed. */
  get size(): number {
    return this.#waiting.size;
  }

  /** For how long the oldest of them has waited, in milliseconds; 0 for none. */
  get oldestMs(): number {
    for (const since of this.#waiting.values()) return this.#options.clock.monotonic() - since;
    return 0;
  }

  /** Does nothing for one that waits already, and past 1,000 that wait. */
  add(mediaId: string): void {
    if (this.#isStopped || this.#waiting.has(mediaId) || this.size >= WAITING_MAX) return;
    this.#waiting.set(mediaId, this.#options.clock.monotonic());
    void this.#limit(async () => {
      try {
        await this.#attempts(mediaId);
      } catch (error) {
        this.#options.log.error({ err: error, mediaId }, 'an upload is not processed yet');
      } finally {
        this.#waiting.delete(mediaId);
      }
    });
  }

  /** Lets go of what waits, and waits for what is under way. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#limit.clearQueue();
    this.#wake();
    await this.#limit(() => undefined);
  }

  async #attempts(mediaId: string): Promise<void> {
    for (let attempt = 1; !this.#isStopped; attempt++) {
      try {
        return await this.#process(mediaId);
      } catch (error) {
        // Whoever starts next goes on with it.
        if (this.#isStopped) return;
        if (attempt === ATTEMPTS_MAX) throw error;
        this.#options.log.warn({ err: error, mediaId, attempt }, 'an upload waits for processing');
        await new Promise<void>((resolve) => {
          const timer = this.#options.clock.after(RETRY_MS, resolve);
          this.#wake = () => {
            timer.cancel();
            resolve();
          };
        });
      }
    }
  }

  async #process(mediaId: string): Promise<void> {
    const { locks, pieces, backend } = this.#options;
    const lock = await locks.acquire(mediaId);
    try {
      const found = await backend.call('media.get', { mediaId });
      if (!found.ok && found.code !== 'not-found') throw new Error(found.code);
      if (found.ok && found.value.status === 'processing') {
        const result = await this.#resultOf(found.value, lock);
        const settled = await backend.call('media.settle', { mediaId, result });
        if (!settled.ok && settled.code !== 'not-found') throw new Error(settled.code);
      }
      if (!found.ok || found.value.status !== 'uploading') await pieces.remove(mediaId);
    } finally {
      await lock.release();
    }
  }

  async #resultOf(media: Media, lock: UploadLock): Promise<MediaResult> {
    const folder = join(this.#options.folder, media.id);
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true, mode: 0o700 });
    try {
      const file = join(folder, 'upload');
      const sha256 = await this.#assemble(media, file);
      const found = await recogniseFile(file);
      if (!found.ok) return refused(found.detail);
      const why = refusalFor(media, found.type);
      if (why !== null) return refused(why);
      return await this.#made(found, { mediaId: media.id, folder, file, sha256, lock });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  /** Resolves to the digest of the whole. */
  async #assemble(media: Media, file: string): Promise<string> {
    const hash: Hash = createHash('sha256');
    const handle = await open(file, 'wx', 0o600);
    let bytes = 0;
    try {
      for await (const chunk of this.#options.pieces.read(media.id)) {
        hash.update(chunk);
        bytes += chunk.length;
        await handle.appendFile(chunk);
      }
    } finally {
      await handle.close();
    }
    if (bytes !== media.bytes) throw new Error(`${bytes} of ${media.bytes} bytes are there`);
    return hash.digest('hex');
  }

  async #made(
    { type, size, metadata }: RecognisedMedia,
    made: { mediaId: string; folder: string; file: string; sha256: string; lock: UploadLock },
  ): Promise<MediaResult> {
    const { mediaId, folder, file, sha256, lock } = made;
    const variants = join(folder, 'variants');
    await mkdir(variants);
    const picture = await this.#options.maker.make(file, type, variants);
    if (!picture.ok) return refused(picture.detail);
    const hasPicture = 'variants' in picture;
    const { kind, extension } = MEDIA_TYPES[type];
    const shown = hasPicture ? picture.size : size;
    if (shown === null) return refused('Its size in pixels is not known.');
    await this.#options.references.add(sha256, mediaId);
    const stored: MediaVariant[] = [];
    for (const one of hasPicture ? picture.variants : []) {
      lock.check();
      stored.push(await this.#store(sha256, one, join(variants, fileNameOf(one))));
    }
    if (kind === 'video') {
      await blankMetadata(file, metadata);
      const whole = { name: VIDEO_NAME, extension, ...(size ?? shown), bytes: 0 };
      stored.push(await this.#store(sha256, whole, file));
    }
    const { width, height } = kind === 'video' ? (size ?? shown) : shown;
    const preview = hasPicture ? picture.preview : null;
    const content = { kind, type, sha256, width, height, preview, variants: stored };
    return { status: 'ready', content };
  }

  /** One that is stored already was made from the same bytes. */
  async #store(sha256: string, made: MadeVariant, file: string): Promise<MediaVariant> {
    const { blobs } = this.#options;
    const { name, extension, width, height } = made;
    const type = VARIANT_TYPES[extension];
    const key = variantKey(sha256, made);
    let bytes: number;
    try {
      const body = createReadStream(file) as AsyncIterable<Buffer>;
      ({ bytes } = await blobs.put(key, body, { type, bytesMax: Number.MAX_SAFE_INTEGER }));
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'conflict') throw error;
      const stored = await blobs.head(key);
      if (stored === null) throw error;
      ({ bytes } = stored);
    }
    return { name, type, width, height, bytes, url: variantPath(sha256, made) };
  }
}

async function recogniseFile(file: string) {
  const handle = await open(file, 'r');
  try {
    return await recognise(await sourceOfFile(handle));
  } finally {
    await handle.close();
  }
}

/** Null where a file of this type is taken for the purpose. */
function refusalFor({ purpose, bytes }: Media, type: MediaType): string | null {
  const { kind } = MEDIA_TYPES[type];
  if (purpose === 'avatar' && kind !== 'image') return 'A profile picture is a picture.';
  if (kind === 'image' && bytes > IMAGE_BYTES_MAX)
    return `A picture has at most ${IMAGE_BYTES_MAX} bytes.`;
  return null;
}

function refused(detail: string): MediaResult {
  return { status: 'refused', reason: detail.slice(0, MEDIA_REASON_LENGTH_MAX) };
}
