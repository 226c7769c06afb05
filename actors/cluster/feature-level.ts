// Decides when the store's feature level rises: once every living node, of whatever role, has read
// the higher level for `SAFE_MS` without a gap. Nodes with actors announce their level in their
// session, and every node in its Moleculer metadata; who announces nothing reads level 0.
//
// A node that is not heard of cannot be counted, so the time is longer than anything that delays
// hearing of it: a session (3 s), Moleculer's heartbeat (8 s) and the discovery at a start. It
// begins again whenever this node itself is cut off, or was held up so long that what it knows is
// old. A node of level 0 that starts later is refused: see `PlacementStore.raiseLevel`.

import type { Logger } from 'pino';
import {
  FEATURE_LEVEL,
  LevelTooNewError,
  type ReachedLevel,
} from '../../storage/ports/feature-level.ts';
import type { PlacementStore } from '../../storage/ports/placement.ts';
import type { Clock } from '../clock.ts';
import type { PlacementWatch } from './placement-watch.ts';

/** Every living node must have read the higher level for so long. */
export const SAFE_MS = 15_000;
/** The placement is read four times a second: after such a gap this node's knowledge is old. */
const GAP_MAX_MS = 2_000;

export interface FeatureLevelGateOptions {
  /** What this process knows; the gate raises it. */
  readonly levels: ReachedLevel;
  readonly watch: Pick<PlacementWatch, 'placement' | 'onChange'>;
  readonly placement: Pick<PlacementStore, 'raiseLevel'>;
  /** What the nodes announce that the broker can reach now, this node included. */
  readonly announced: () => readonly number[];
  /** Whether the other nodes can be reached at all. */
  readonly connected: () => boolean;
  /** The store went past what this node reads while it was away: this node must end. */
  readonly onTooNew: (error: LevelTooNewError) => void;
  readonly clock: Clock;
  readonly log: Logger;
  readonly safeMs?: number;
}

export class FeatureLevelGate {
  readonly #options: FeatureLevelGateOptions;
  /** The lowest level at every check since `#sameSince`. */
  #same = 0;
  #sameSince = 0;
  #checkedAt = -Infinity;
  #raising: Promise<void> | null = null;
  #unlisten: () => void = () => undefined;
  #stopped = true;

  constructor(options: FeatureLevelGateOptions) {
    this.#options = options;
  }

  start(): void {
    this.#stopped = false;
    this.#unlisten = this.#options.watch.onChange(() => this.#check());
    this.#check();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#unlisten();
    await this.#raising;
  }

  /** What every living node reads that this node knows of. */
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
    // A failover of Redis may have lost a rise that writers already follow.
    if (level < levels.reached()) return this.#raise(levels.reached());
    const now = clock.monotonic();
    const lowest = this.lowest();
    const isOld = now - this.#checkedAt > GAP_MAX_MS;
    this.#checkedAt = now;
    if (lowest !== this.#same || isOld || !connected()) {
      this.#same = lowest;
      this.#sameSince = now;
    } else if (lowest > level && now - this.#sameSince >= safeMs) this.#raise(lowest);
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
      // Another node may have gone further: the next read of the placement shows it.
      levels.raise(Math.min(reached, FEATURE_LEVEL));
      log.info({ level: reached }, 'the store has reached a feature level');
    } catch (error) {
      log.warn({ err: error, level }, 'the feature level of the store could not be raised');
    }
  }
}

/** What a node announces by its Moleculer metadata; 0 for one that announces nothing. */
export function announcedLevel(metadata: unknown): number {
  const { level } = (metadata ?? {}) as { level?: unknown };
  return typeof level === 'number' && Number.isInteger(level) && level > 0 ? level : 0;
}
