// What invalidations leave behind: for each tag the last one, by its place among all. A fill is
// shown as long as no tag of it has an invalidation after the fill began, so one that began before
// a change never hides it, however late it ends (C3). Where a change tells the version of what it
// changed, a fill of that version or a later one is not older than the change, whenever it began.

/** Tags that are remembered. Past it the oldest is dropped, and fills before it count as old. */
const TAGS_MAX = 100_000;

/** What is shown, for `isCurrent`. */
export interface Fenced {
  readonly tags: readonly string[];
  /** Of the one entity that it shows; null: it shows several, or one without versions. */
  readonly version: number | null;
  /** `Fences.position` before the first read of it. */
  readonly beganAt: number;
}

interface Fence {
  /** Of the last invalidation. */
  position: number;
  /** The highest that one of them told; -1: none did. */
  version: number;
  /** Of the last that told no version: only what was read after it is good. */
  plainPosition: number;
}

export class Fences {
  readonly #tagsMax: number;
  /** The oldest first. */
  readonly #fences = new Map<string, Fence>();
  #position = 0;
  #floor = 0;

  constructor(options: { readonly tagsMax?: number } = {}) {
    this.#tagsMax = options.tagsMax ?? TAGS_MAX;
  }

  /** How many invalidations there were. */
  get position(): number {
    return this.#position;
  }

  /**
   * `version`: of the changed entity after the change; null where it has none or is gone. False
   * where that version, or a later one, was heard of before.
   */
  raise(tag: string, version: number | null): boolean {
    const fence = this.#fences.get(tag) ?? { position: 0, version: -1, plainPosition: 0 };
    if (version !== null && version <= fence.version) return false;
    this.#position += 1;
    fence.position = this.#position;
    if (version === null) fence.plainPosition = this.#position;
    else fence.version = version;
    this.#fences.delete(tag);
    this.#fences.set(tag, fence);
    if (this.#fences.size <= this.#tagsMax) return true;
    for (const [oldest, { position }] of this.#fences) {
      this.#fences.delete(oldest);
      this.#floor = position;
      break;
    }
    return true;
  }

  /** Anything may have changed. */
  raiseAll(): void {
    this.#position += 1;
    this.#floor = this.#position;
    this.#fences.clear();
  }

  /** Costs one look-up for each tag. */
  isCurrent({ tags, version, beganAt }: Fenced): boolean {
    if (beganAt === this.#position) return true;
    if (beganAt < this.#floor) return false;
    for (const tag of tags) {
      const fence = this.#fences.get(tag);
      if (fence === undefined || fence.position <= beganAt) continue;
      if (fence.plainPosition > beganAt || version === null || version < fence.version)
        return false;
    }
    return true;
  }
}
