// Feature levels: how versions of LiveDrops run side by side. A version reads every format up to
// its `FEATURE_LEVEL`. It writes only formats up to the level that its store has reached, and that
// level rises once every living node reads it. Level 0 is commit 9994b20, whose nodes announce no
// level. Level 3 has the command `list-orders`. Level 4 has bans, organisations, drops that ask for
// a pass, and answers to requests with keys in the slots of jobs, parked refunds and the placement,
// too. Level 5 has drops in the change stream. Level 6 has media of products and accounts,
// media in the change stream, and the live message that one is ready or refused. Level 7 has
// products and drops that are unlisted.

/** The highest level that this version reads. It writes at that level once the store reached it. */
export const FEATURE_LEVEL = 7;

export interface FeatureLevels {
  /** Writers use the formats of this level. It never falls. */
  reached(): number;
  /** Calls the listener after each rise. Returns a function that ends the subscription. */
  onChange(listener: () => void): () => void;
}

/** The level as this process knows it. Stores and writers read it; the gate raises it. */
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

  /** Ignores a level that is not higher. */
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
