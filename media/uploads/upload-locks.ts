// Who may write to an upload now. In this process the newest request does, since the one before is
// mostly a connection that broke without a word: it is told, writes what it has, and ends. Among
// processes it is the first one: a lease that ends with its holder, or some seconds after it died.

import { randomUUID } from 'node:crypto';
import pTimeout from 'p-timeout';
import type { Clock, Timer } from '../../actors/clock.ts';
import type { MediaBackend } from '../media-backend.ts';

export const LEASE_MS = 15_000;
const RENEW_MS = 4_000;
/** How long the request before may take to write what it has. */
const HANDOVER_MAX_MS = 10_000;

/** Somebody else writes to the upload. */
export class UploadLockedError extends Error {
  readonly code = 'upload-locked';
}

export interface UploadLock {
  /** Aborted, with an `UploadLockedError`, when the holder must end. */
  readonly signal: AbortSignal;
  /** Throws `upload-locked` where the lease may have ended. Before each write. */
  check(): void;
  release(): Promise<void>;
}

interface Held {
  readonly abort: AbortController;
  readonly released: Promise<void>;
}

export interface UploadLocksOptions {
  readonly backend: MediaBackend;
  readonly clock: Clock;
}

export class UploadLocks {
  readonly #options: UploadLocksOptions;
  /** Of this process, among all processes. */
  readonly #holder = randomUUID();
  readonly #held = new Map<string, Held>();

  constructor(options: UploadLocksOptions) {
    this.#options = options;
  }

  /** Uploads that somebody writes to. */
  get size(): number {
    return this.#held.size;
  }

  /**
   * Without `takesOver` the request before stays. Errors: `upload-locked`; `store-unavailable`
   * where it cannot be known.
   */
  async acquire(mediaId: string, { takesOver = true } = {}): Promise<UploadLock> {
    const before = this.#held.get(mediaId);
    if (before !== undefined && takesOver) {
      before.abort.abort(new UploadLockedError('another request goes on with the upload'));
      const fallback = () => {
        throw new UploadLockedError('the request before has not ended');
      };
      await pTimeout(before.released, { milliseconds: HANDOVER_MAX_MS, fallback });
    }
    // Several may have waited for the same one.
    if (this.#held.has(mediaId)) throw new UploadLockedError('another request was first');
    const abort = new AbortController();
    const { promise: released, resolve: markReleased } = Promise.withResolvers<void>();
    const held = { abort, released };
    this.#held.set(mediaId, held);
    const letGo = () => {
      if (this.#held.get(mediaId) === held) this.#held.delete(mediaId);
      markReleased();
    };
    const heldAt = this.#options.clock.monotonic();
    try {
      await this.#hold(mediaId);
    } catch (error) {
      letGo();
      throw error;
    }
    const renewals = this.#renew(mediaId, heldAt, abort);
    return {
      signal: abort.signal,
      check: () => renewals.check(),
      release: async () => {
        renewals.stop();
        // A lease that could not be released ends by itself.
        await this.#options.backend.call('media.unlock', { mediaId, holder: this.#holder });
        letGo();
      },
    };
  }

  async #hold(mediaId: string): Promise<void> {
    const holder = this.#holder;
    const held = await this.#options.backend.call('media.lock', { mediaId, holder, ms: LEASE_MS });
    if (!held.ok) throw Object.assign(new Error(held.code), { code: 'store-unavailable' });
    if (!held.value) throw new UploadLockedError('another node goes on with the upload');
  }

  /** Aborts when the lease is lost, or could not be renewed until its end. */
  #renew(mediaId: string, heldAt: number, abort: AbortController): { check(): void; stop(): void } {
    const { clock } = this.#options;
    let until = heldAt + LEASE_MS;
    let timer: Timer | null = null;
    let isStopped = false;
    const renew = async (): Promise<void> => {
      const asked = clock.monotonic();
      try {
        await this.#hold(mediaId);
        until = asked + LEASE_MS;
      } catch (error) {
        const isLost = error instanceof UploadLockedError;
        if (isLost || clock.monotonic() + RENEW_MS > until) abort.abort(error);
      }
      if (!isStopped) timer = clock.after(RENEW_MS, () => void renew());
    };
    timer = clock.after(RENEW_MS, () => void renew());
    return {
      check() {
        if (clock.monotonic() >= until) throw new UploadLockedError('the lease has ended');
      },
      stop() {
        isStopped = true;
        timer?.cancel();
      },
    };
  }
}
