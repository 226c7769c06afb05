// The drops that a page watches. Whoever watches one goes on with it through log-in and log-out:
// a user's drops come over the user's one stream, and a visitor's each over a stream of its own.

import type { DropFrame } from '../../sdk/api.ts';

export interface DropWatch {
  /** The state of the drop, and each newer one. */
  readonly onFrame: (frame: DropFrame) => void;
  /** Whether frames come now. */
  readonly onConnected?: (isConnected: boolean) => void;
}

/** Where frames come from. */
export interface DropSource {
  /** Drops at once: others wait until one of them is watched no more. */
  readonly openMax: number;
  /** The result ends it. */
  readonly open: (dropId: string, watch: DropWatch) => () => void;
}

interface Watched {
  readonly dropId: string;
  readonly watch: DropWatch;
  /** Null while it waits. */
  end: (() => void) | null;
}

export class DropWatches {
  /** The oldest first. */
  readonly #all = new Set<Watched>();
  #source: DropSource;
  #openCount = 0;

  constructor(source: DropSource) {
    this.#source = source;
  }

  /** The result ends it. */
  add(dropId: string, { onFrame, ...watch }: DropWatch): () => void {
    let version = -1;
    const onNewer = (frame: DropFrame): void => {
      // Another source may know less for a moment.
      if (frame.version < version) return;
      ({ version } = frame);
      onFrame(frame);
    };
    const one: Watched = { dropId, watch: { ...watch, onFrame: onNewer }, end: null };
    this.#all.add(one);
    this.#openNext();
    return () => {
      this.#all.delete(one);
      this.#close(one);
      this.#openNext();
    };
  }

  /** From now on frames come from there. */
  follow(source: DropSource): void {
    for (const one of this.#all) this.#close(one);
    this.#source = source;
    this.#openNext();
  }

  #openNext(): void {
    for (const one of this.#all) {
      if (this.#openCount >= this.#source.openMax) return;
      if (one.end !== null) continue;
      this.#openCount += 1;
      one.end = this.#source.open(one.dropId, one.watch);
    }
  }

  #close(one: Watched): void {
    if (one.end === null) return;
    one.end();
    one.end = null;
    this.#openCount -= 1;
  }
}
