// Decides when the store's feature level rises: once every living node, of any role, has been able
// to read the higher level for `SAFE_MS` without a gap. Nodes with actors announce their level in
// their session. Every node announces it in its Moleculer metadata. A node that announces no level
// reads level 0.
//
// This node cannot count a node that it has not discovered. So `SAFE_MS` is longer than every delay
// of discovery: a session (3 s), Moleculer's heartbeat (8 s) and the discovery at a start. The time
// begins again whenever this node is cut off, or is paused for so long that its knowledge is stale.
// A node of level 0 that starts later is refused: see `PlacementStore.raiseLevel`.

import type { Logger } from 'pino';
import {
  FEATURE_LEVEL,
  LevelTooNewError,
  type ReachedLevel,
} from '../../storage/ports/feature-level.ts';
import type { PlacementStore } from '../../storage/ports/placement.ts';
import type { Clock } from '../clock.ts';
import type { PlacementWatch } from './placement-watch.ts';

/** For this long every living node must have announced the higher level. */
export const SAFE_MS = 15_000;
/** The placement is read four times a second: after a longer gap this node's copy is stale. */
const GAP_MAX_MS = 2_000;

export interface FeatureLevelGateOptions {
  /** The level that this process knows; the gate raises it. */
  readonly levels: ReachedLevel;
  readonly watch: Pick<PlacementWatch, 'placement' | 'onChange'>;
  readonly placement: Pick<PlacementStore, 'raiseLevel'>;
  /** The levels of the nodes that the broker can reach now, this node included. */
  readonly announced: () => readonly number[];
  /** Whether this node can reach the other nodes. */
  readonly connected: () => boolean;
  /** The store has a higher level than this node can read: this node must end. */
  readonly onTooNew: (error: LevelTooNewError) => void;
  readonly clock: Clock;
  readonly log: Logger;
  readonly safeMs?: number;
}

export class FeatureLevelGate {
  readonly #options: FeatureLevelGateOptions;
  /** The lowest announced level: the same at every check since `#stableSince`. */
  #stableLevel = 0;
  #stableSince = 0;
  #checkedAt = -Infinity;
  #raising: Promise<void> | null = null;
  #unsubscribe: () => void = () => undefined;
  #stopped = true;

  constructor(options: FeatureLevelGateOptions) {
    this.#options = options;
  }

  start(): void {
    this.#stopped = false;
    this.#unsubscribe = this.#options.watch.onChange(() => this.#check());
    this.#check();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#unsubscribe();
    await this.#raising;
  }

  /** The highest level that every living node known to this node can read. */
  lowest(): number {
    const { announced, watch } = this.#options;
    const sessions = watch.placement?.sessions ?? [];
    return Math.min(FEATURE_LEVEL, ...announced(), ...sessions.map(({ level }) => level));
  }

  #check(): void {
    const { clock, connected, levels, watch, safeMs = SAFE_MS } = this.#options;
    if (this.#stopped || watch.placement === null) return;
    const { level } = watch.placement;
    if (level > FEATURE_LEVEL) {
      this.#stopped = true;
      this.#options.onTooNew(new LevelTooNewError(level));
      return;
    }
    levels.raise(level);
    // A failover of Redis may have lost a level that nodes already write by.
    if (level < levels.reached()) return this.#raise(levels.reached());
    const now = clock.monotonic();
    const lowest = this.lowest();
    const isStale = now - this.#checkedAt > GAP_MAX_MS;
    this.#checkedAt = now;
    if (lowest !== this.#stableLevel || isStale || !connected()) {
      this.#stableLevel = lowest;
      this.#stableSince = now;
    } else if (lowest > level && now - this.#stableSince >= safeMs) this.#raise(lowest);
  }

  #raise(level: number): void {
    this.#raising ??= this.#raiseInStore(level).finally(() => {
      this.#raising = null;
    });
  }

  /** Never rejects: the next check tries again. */
  async #raiseInStore(level: number): Promise<void> {
    const { levels, log, placement } = this.#options;
    try {
      const reached = await placement.raiseLevel(level);
      // Another node may have raised it further: the next read of the placement shows it.
      levels.raise(Math.min(reached, FEATURE_LEVEL));
      log.info({ level: reached }, 'the feature level of the store is raised');
    } catch (error) {
      log.warn({ err: error, level }, 'the feature level of the store could not be raised');
    }
  }
}

/** The level in a node's Moleculer metadata; 0 for a node that announces none. */
export function announcedLevel(metadata: unknown): number {
  const { level } = (metadata ?? {}) as { level?: unknown };
  return typeof level === 'number' && Number.isInteger(level) && level > 0 ? level : 0;
}
