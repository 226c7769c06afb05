// The bytes of uploads: who may bring them now, that they follow on what is there, and that the
// upload is told to be complete with the last of them. One piece of each request is in memory at a
// time.

import type { IncomingMessage } from 'node:http';
import type { Clock } from '../../actors/clock.ts';
import type { Media } from '../../contracts/media.ts';
import type { MediaBackend } from '../media-backend.ts';
import { LeastRate, LEAST_PACE, type Pace } from '../transfers/least-rate.ts';
import {
  type TransferBounds,
  TransferSlots,
  type WaitBounds,
} from '../transfers/transfer-slots.ts';
import {
  type BodyProgress,
  giveBack,
  inPieces,
  readBody,
  SlowClientError,
  withChecksum,
} from './upload-body.ts';
import { numberHeader, type WantedChecksum } from './upload-headers.ts';
import type { UploadLock, UploadLocks } from './upload-locks.ts';
import { PIECES_MAX, type UploadPieces } from './upload-pieces.ts';
import { UploadRefusal } from './upload-refusals.ts';

/** Requests that bring bytes, at once. */
const WRITES_MAX = 128;
const WRITES_OF_CLIENT_MAX = 32;
const BOUNDS: TransferBounds = { max: WRITES_MAX, clientMax: WRITES_OF_CLIENT_MAX };
/**
 * Others wait for these, without being read from: shorter than a connection may be silent, and no
 * shorter than a client may hold a slot that brings nothing (`LEAST_PACE`).
 */
const WAITING: WaitBounds = { max: 512, clientMax: 128, waitMs: 45_000 };
/** A small upload has small pieces, so that many uploads at once take little memory. */
const PIECE_BYTES_MIN = 128 * 1024;
const PIECE_BYTES_MAX = 1024 * 1024;
const PIECES_AIM = 2_048;

export interface UploadWritesOptions {
  readonly pieces: UploadPieces;
  readonly backend: Pick<MediaBackend, 'call'>;
  readonly locks: UploadLocks;
  /** All bytes of an upload are there, and it is to be processed. */
  readonly onReceived: (mediaId: string) => void;
  readonly clock: Clock;
  /** Whose request it is, for bounds. */
  readonly clientOf: (request: IncomingMessage) => string;
  readonly bounds?: TransferBounds;
  readonly waiting?: WaitBounds;
  readonly pace?: Pace;
}

/** The body of a request that may write now. */
interface LockedBody {
  readonly lock: UploadLock;
  readonly body: (bytesMax: number) => AsyncGenerator<Buffer>;
}

export class UploadWrites {
  readonly #options: UploadWritesOptions;
  readonly #slots: TransferSlots;

  constructor(options: UploadWritesOptions) {
    this.#options = options;
    this.#slots = new TransferSlots(options.bounds ?? BOUNDS);
  }

  /** Requests that bring bytes now. */
  get count(): number {
    return this.#slots.count;
  }

  /** Requests that wait until they may bring bytes. */
  get waiting(): number {
    return this.#slots.waiting;
  }

  /** Writes the body behind the first `from` bytes. Resolves to how many bytes there are now. */
  async write(
    request: IncomingMessage,
    media: Media,
    from: number,
    checksum: WantedChecksum | null,
  ): Promise<number> {
    const { clientOf, clock, waiting = WAITING } = this.#options;
    const client = clientOf(request);
    if (!(await this.#slots.beginInTurn(client, waiting, clock)))
      throw new UploadRefusal('overloaded', 'Too many uploads bring bytes now, or of this client.');
    try {
      const lock = await this.#options.locks.acquire(media.id);
      const slow = new AbortController();
      const progress: BodyProgress = { bytes: 0, isWaiting: false };
      const rate = new LeastRate({
        isWaiting: () => progress.isWaiting,
        moved: () => progress.bytes,
        onSlow: () => slow.abort(new SlowClientError('the client is too slow')),
        pace: this.#options.pace ?? LEAST_PACE,
        clock,
      });
      try {
        const signal = AbortSignal.any([lock.signal, slow.signal]);
        const body = (bytesMax: number) => readBody(request, bytesMax, signal, progress);
        return await this.#writeLocked(request, media, from, checksum, { lock, body });
      } finally {
        rate.stop();
        await lock.release();
      }
    } finally {
      this.#slots.end(client);
    }
  }

  async #writeLocked(
    request: IncomingMessage,
    media: Media,
    from: number,
    checksum: WantedChecksum | null,
    { lock, body: bodyOf }: LockedBody,
  ): Promise<number> {
    const { pieces } = this.#options;
    const state = await this.stateOf(media);
    if (state.offset !== from)
      throw new UploadRefusal('upload-offset', `The upload has ${state.offset} bytes.`, {
        'upload-offset': String(state.offset),
      });
    const room = media.bytes - from;
    const announced = numberHeader(request.headers, 'content-length');
    if (announced !== null && announced > room)
      throw new UploadRefusal('media-too-large', `Of the upload ${room} bytes are missing.`);
    if (state.pieces >= PIECES_MAX)
      throw new UploadRefusal('too-many', 'It came in too many small parts: begin it anew.');
    const body = bodyOf(room);
    let offset = from;
    if (checksum !== null) {
      // Nothing of a body with another digest may stay, so it is one piece.
      const checked = withChecksum(body, checksum);
      const first = await checked.next();
      if (first.done !== true)
        offset += await pieces.write(media.id, from, behind([first.value], checked), room);
    } else {
      const pieceBytes = Math.ceil(media.bytes / PIECES_AIM);
      const size = Math.min(PIECE_BYTES_MAX, Math.max(PIECE_BYTES_MIN, pieceBytes));
      for await (const piece of inPieces(body, size)) {
        lock.check();
        offset += await pieces.write(media.id, offset, behind(piece.chunks), piece.bytes);
        giveBack(piece);
        if (piece.end !== null) throw piece.end;
      }
    }
    if (offset === media.bytes) await this.received(media);
    return offset;
  }

  /** What is durable of the upload. */
  async stateOf(media: Media): Promise<{ offset: number; pieces: number }> {
    if (media.status !== 'uploading') return { offset: media.bytes, pieces: 0 };
    return await this.#options.pieces.state(media.id);
  }

  /** All bytes are there: says so, where nobody has yet. Errors: `UploadRefusal`. */
  async received({ id: mediaId, status }: Media): Promise<void> {
    if (status !== 'uploading') return;
    const received = await this.#options.backend.call('media.received', { mediaId });
    if (!received.ok) throw new UploadRefusal(received.code, 'All bytes are there; ask again.');
    this.#options.onReceived(mediaId);
  }
}

async function* behind(
  chunks: readonly Buffer[],
  rest?: AsyncIterable<Buffer>,
): AsyncGenerator<Buffer> {
  yield* chunks;
  if (rest !== undefined) yield* rest;
}
