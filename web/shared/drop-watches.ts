// The drops that a page watches. Whoever watches one goes on with it through log-in and log-out:
// a user's drops come over the user's one stream, and a visitor's each over a stream of its own.
// Frames are shown together, and only the newest of each drop: so a device that is slower than the
// sale shows fewer states, instead of all of them too late.

import { batch } from '@preact/signals';
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

export interface DropWatchesOptions {
  readonly source: DropSource;
  /** Calls back when the page may be drawn next. */
  readonly whenDrawn: (show: () => void) => void;
}

interface Watched {
  readonly dropId: string;
  readonly watch: DropWatch;
  /** Of the newest frame. */
  version: number;
  /** Null while it waits. */
  end: (() => void) | null;
}

export class DropWatches {
  /** The oldest first. */
  readonly #all = new Set<Watched>();
  /** The newest frames that were not shown yet. */
  readonly #newest = new Map<Watched, DropFrame>();
  readonly #whenDrawn: DropWatchesOptions['whenDrawn'];
  #source: DropSource;
  #openCount = 0;
  #isDue = false;

  constructor({ source, whenDrawn }: DropWatchesOptions) {
    this.#source = source;
    this.#whenDrawn = whenDrawn;
  }

  /** The result ends it. */
  add(dropId: string, watch: DropWatch): () => void {
    const one: Watched = { dropId, watch, version: -1, end: null };
    this.#all.add(one);
    this.#openNext();
    return () => {
      this.#all.delete(one);
      this.#newest.delete(one);
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

  #received(one: Watched, frame: DropFrame): void {
    // Another source may know less for a moment.
    if (frame.version < one.version) return;
    one.version = frame.version;
    this.#newest.set(one, frame);
    if (this.#isDue) return;
    this.#isDue = true;
    this.#whenDrawn(() => this.#show());
  }

  #show(): void {
    this.#isDue = false;
    const frames = [...this.#newest];
    this.#newest.clear();
    batch(() => {
      for (const [{ watch }, frame] of frames) watch.onFrame(frame);
    });
  }

  #openNext(): void {
    for (const one of this.#all) {
      if (this.#openCount >= this.#source.openMax) return;
      if (one.end !== null) continue;
      this.#openCount += 1;
      const { dropId, watch } = one;
      const onFrame = (frame: DropFrame): void => this.#received(one, frame);
      one.end = this.#source.open(dropId, { ...watch, onFrame });
    }
  }

  #close(one: Watched): void {
    if (one.end === null) return;
    one.end();
    one.end = null;
    this.#openCount -= 1;
  }
}
