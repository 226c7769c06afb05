// Looks through the uploads that have blobs: those that nobody finished in time are removed, those
// that wait for processing are processed. At the start, and then each quarter of an hour, so that
// what a killed process left goes on. Every six hours variants that no medium has are collected.

import type { Logger } from 'pino';
import type { Clock, Timer } from '../../actors/clock.ts';
import { MEDIA_SWEPT_MAX } from '../../contracts/bounds.ts';
import type { Blobs } from '../../storage/ports/blobs.ts';
import type { MediaBackend } from '../media-backend.ts';
import type { MediaReferences } from './media-references.ts';
import type { FoundUpload, UploadPieces } from '../uploads/upload-pieces.ts';

const INTERVAL_MS = 15 * 60_000;
const COLLECT_INTERVAL_MS = 6 * 60 * 60_000;
/** What began to be written so long ago is not written any more. */
const UNFINISHED_MS = 24 * 60 * 60_000;
/** Blobs of an upload may be there a moment before anybody knows of it. */
const UNKNOWN_MS = 60 * 60_000;

export interface MediaSweepOptions {
  readonly blobs: Pick<Blobs, 'removeUnfinished'>;
  readonly references: Pick<MediaReferences, 'collect'>;
  readonly pieces: UploadPieces;
  readonly backend: MediaBackend;
  readonly onReceived: (mediaId: string) => void;
  readonly clock: Clock;
  readonly log: Logger;
}

export class MediaSweep {
  readonly #options: MediaSweepOptions;
  #timer: Timer | null = null;
  #running: Promise<void> = Promise.resolve();
  #isStopped = false;
  /** By the monotonic clock. */
  #collectAt = -Infinity;

  constructor(options: MediaSweepOptions) {
    this.#options = options;
  }

  start(): void {
    const { clock, log } = this.#options;
    this.#running = this.run()
      .catch((error: unknown) => log.warn({ err: error }, 'uploads could not be looked through'))
      .then(() => {
        if (!this.#isStopped) this.#timer = clock.after(INTERVAL_MS, () => this.start());
      });
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#timer?.cancel();
    await this.#running;
  }

  /** Errors: `store-unavailable`. */
  async run(): Promise<void> {
    const { blobs, pieces, references, clock } = this.#options;
    for await (const found of pieces.uploads()) {
      if (this.#isStopped) return;
      await this.#look(found);
    }
    await this.#sweepRows();
    if (clock.monotonic() < this.#collectAt) return;
    await blobs.removeUnfinished(clock.now() - UNFINISHED_MS);
    await references.collect(() => this.#isStopped);
    this.#collectAt = clock.monotonic() + COLLECT_INTERVAL_MS;
  }

  /** An upload may have no blobs: where they could not be written, or are gone. */
  async #sweepRows(): Promise<void> {
    const { backend } = this.#options;
    while (!this.#isStopped) {
      const removed = await backend.call('media.sweep', {});
      if (!removed.ok || removed.value < MEDIA_SWEPT_MAX) return;
    }
  }

  async #look({ mediaId, writtenAt }: FoundUpload): Promise<void> {
    const { backend, pieces, onReceived, clock } = this.#options;
    const expired = await backend.call('media.expire', { mediaId });
    if (!expired.ok) return;
    const media = await backend.call('media.get', { mediaId });
    if (!media.ok) {
      if (media.code === 'not-found' && writtenAt < clock.now() - UNKNOWN_MS)
        await pieces.remove(mediaId);
      return;
    }
    const { status, bytes } = media.value;
    if (status === 'processing') onReceived(mediaId);
    else if (status === 'ready' || status === 'refused') await pieces.remove(mediaId);
    else if ((await pieces.state(mediaId)).offset === bytes) {
      // Its client did not ask again after the last byte.
      const received = await backend.call('media.received', { mediaId });
      if (received.ok) onReceived(mediaId);
    }
  }
}
