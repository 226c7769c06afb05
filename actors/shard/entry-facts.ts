// What became of durable entries, for a relay that reads the journal again: the events are in the
// entry, the drops they belong to in memory, or put aside. A drop can be put aside, or brought
// back, at any moment in between, so it is looked for until it is found in one of the two places.
// One that was put aside is kept for a moment: the entries that follow mostly belong to it as well,
// and loading a drop takes as long as it has orders.

import type { DropState } from '../../domain/drop-state.ts';
import type { DropChanges, Entry } from '../../storage/formats/entry.ts';
import { CorruptError } from '../../storage/ports/journal.ts';
import type { Clock, Timer } from '../clock.ts';
import type { Fact, FactBatch } from './facts.ts';
import type { SealedDrops } from './sealed-drops.ts';
import { addLaterFacts } from './shard-batch.ts';
import type { ShardDrops } from './shard-drops.ts';
import type { ShardLoop } from './shard-loop.ts';

/** How long a drop stays after the last entry that was looked into. */
const KEPT_MS = 5_000;
/**
 * Times a drop is looked for. It is put aside 30 s after it was asked for, so the second already
 * finds it unless it is lost.
 */
const LOOKS_MAX = 3;

export class EntryFacts {
  readonly #clock: Clock;
  readonly #loop: ShardLoop;
  readonly #drops: ShardDrops;
  readonly #sealed: SealedDrops;
  #kept: DropState | null = null;
  #timer: Timer | null = null;

  constructor(options: {
    readonly clock: Clock;
    readonly loop: ShardLoop;
    readonly drops: ShardDrops;
    readonly sealed: SealedDrops;
  }) {
    this.#clock = options.clock;
    this.#loop = options.loop;
    this.#drops = options.drops;
    this.#sealed = options.sealed;
  }

  /** Errors: `corrupt` where a drop is nowhere, `store-unavailable`. */
  async of(entry: Entry): Promise<FactBatch> {
    const putAside = new Map<string, DropState>();
    if (this.#kept !== null) putAside.set(this.#kept.id, this.#keep(this.#kept));
    let missing: readonly DropChanges[] = [];
    for (let look = 0; look < LOOKS_MAX; look++) {
      for (const { dropId } of missing) {
        const state = await this.#sealed.load(dropId);
        if (state !== null) putAside.set(dropId, this.#keep(state));
      }
      const facts: Fact[] = [];
      missing = await this.#loop.atServedMoment(() => {
        const stateOf = (change: DropChanges) =>
          this.#drops.find(change.dropId) ?? upTo(change, putAside.get(change.dropId));
        const unknown = entry.changes.filter((change) => stateOf(change) === undefined);
        if (unknown.length > 0) return unknown;
        for (const change of entry.changes) addLaterFacts(facts, stateOf(change)!, change.events);
        return [];
      });
      if (missing.length === 0)
        return { shard: entry.shard, sequence: entry.sequence, time: entry.time, facts };
    }
    throw new CorruptError(`drop ${missing[0]!.dropId} of a durable entry is nowhere`);
  }

  /** Memory is forgotten, and what was put aside may be changed by others now. */
  clear(): void {
    this.#kept = null;
    this.#timer?.cancel();
  }

  #keep(state: DropState): DropState {
    this.#kept = state;
    this.#timer?.cancel();
    this.#timer = this.#clock.after(KEPT_MS, () => this.clear());
    return state;
  }
}

/** The drop, where it was put aside with these changes in it. */
function upTo(change: DropChanges, state: DropState | undefined): DropState | undefined {
  if (state === undefined) return undefined;
  return state.version >= change.versionBefore + change.events.length ? state : undefined;
}
