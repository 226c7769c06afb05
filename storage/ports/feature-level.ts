// Feature levels: how versions of LiveDrops run side by side. A tree reads every format up to its
// `FEATURE_LEVEL`; what it writes is bounded by the level that its store has reached, which rises
// only once every living node reads it. Level 0 is commit 9994b20, whose nodes announce nothing.

/** What this tree reads, and writes once its store has reached it. */
export const FEATURE_LEVEL = 1;

export interface FeatureLevels {
  /** Writers use the formats of this level. It never falls. */
  reached(): number;
  /** Calls after each rise. Returns a function that ends the listening. */
  onChange(listener: () => void): () => void;
}

/** The level as one process knows it: stores and writers read it, the gate raises it. */
export class ReachedLevel implements FeatureLevels {
  readonly #listeners = new Set<() => void>();
  #level: number;

  constructor(level: number) {
    this.#level = level;
  }

  reached(): number {
    return this.#level;
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** A level that is not higher changes nothing. */
  raise(level: number): void {
    if (level <= this.#level) return;
    this.#level = level;
    for (const listener of this.#listeners) listener();
  }
}

/** The store has data that this version cannot read. */
export class LevelTooNewError extends Error {
  readonly code = 'level-too-new';

  constructor(level: number) {
    super(
      `the store has reached feature level ${level}, and this version reads up to ` +
        `${FEATURE_LEVEL}: start a newer version`,
    );
  }
}
