// The facts of a shard's journal, equal to the owner's and made without the owner: from the
// journal, and from a snapshot where that helps (decision 028). Each replay has one reader: it
// begins after the reader's position and follows the journal from there.
//
// To have the state of drops at a position in the middle, it replays them from the newest snapshot,
// where that is not beyond the position, or else from the first entry. Facts up to the position are
// not returned. Memory is bounded (events/replay/drop-states.ts).

import {
  type DurableFact,
  type Fact,
  type FactBatch,
  factAfter,
} from '../../actors/shard/facts.ts';
import { readEntries, turnOfOthers } from '../../actors/shard/recovery.ts';
import { decodeShardHead, restoreDrop, restoreSteps } from '../../storage/formats/drop-snapshot.ts';
import type { DropChanges, Entry } from '../../storage/formats/entry.ts';
import { loadSealedDrop } from '../../storage/formats/sealed-drop.ts';
import type { Pause } from '../../storage/formats/steps.ts';
import { CorruptError, type JournalReader } from '../../storage/ports/journal.ts';
import type { OpenedSnapshot, SnapshotReader } from '../../storage/ports/snapshots.ts';
import type { DropStates } from './drop-states.ts';
import { createdHead, type DropHead, type ReplayedDrop } from './replayed-drop.ts';

/** Events replayed without a pause: a millisecond or less. */
const SLICE_EVENTS = 256;
/** How many snapshots in turn may be replaced while they are read. */
const SNAPSHOTS_OPENED_MAX = 5;

export interface ReplayOptions {
  readonly shard: number;
  /** Facts of entries after this sequence are returned; 0 for all. */
  readonly after: number;
  readonly journal: JournalReader;
  /** Null: the replay always begins at the first entry. */
  readonly snapshots: SnapshotReader | null;
  /** May be shared with other replays. */
  readonly states: DropStates;
  /** Awaited between two steps. Default: one turn of the event loop. */
  readonly pause?: Pause;
}

/**
 * Snapshots or sealed drops cannot be used: a sealed drop is newer than the position, or one is
 * damaged.
 */
class OnlyFromStartError extends Error {}

export class Replay {
  readonly #options: ReplayOptions;
  readonly #pause: Pause;
  readonly #states: DropStates;
  #stateId = 0;
  /** The last entry that the states contain; -1 before they are begun. */
  #sequence = -1;
  /** The last entry whose facts were returned or not requested. */
  #returned: number;
  /** Whether the states began with a snapshot, so that some drops may be in sealed copies. */
  #fromSnapshot = false;
  /** Whether no snapshot or sealed drop is old enough. */
  #onlyFromStart = false;
  /** Whether an entry is partly applied to the states. */
  #applying = false;
  #sliceEvents = 0;

  constructor(options: ReplayOptions) {
    this.#options = options;
    this.#pause = options.pause ?? turnOfOthers;
    this.#states = options.states;
    this.#returned = options.after;
  }

  /** The last entry whose facts were returned or not requested. */
  get position(): number {
    return this.#returned;
  }

  /**
   * The facts of the entries after `position` up to `last`, one entry at a time. The caller may
   * leave early and call again. Errors: `corrupt`, `invariant`, `store-unavailable`. After an error
   * the next call continues where this one ended.
   */
  async *read(last: number): AsyncGenerator<FactBatch, void, undefined> {
    while (this.#returned < last) {
      try {
        if (this.#sequence < 0) await this.#begin();
        yield* this.#readOn(last);
      } catch (error) {
        if (this.#applying) this.#reset();
        if (!(error instanceof OnlyFromStartError)) throw error;
        this.#onlyFromStart = true;
      }
    }
  }

  /** All drops as of `position`. To be iterated before `read` is called again. */
  drops(): Iterable<DropHead> {
    return this.#states.heads(this.#stateId);
  }

  close(): void {
    this.#reset();
  }

  async *#readOn(last: number): AsyncGenerator<FactBatch, void, undefined> {
    const { journal, shard } = this.#options;
    for await (const entry of readEntries(journal, shard, this.#sequence, last)) {
      const isNew = entry.sequence > this.#returned;
      const facts = await this.#apply(entry, isNew);
      this.#sequence = entry.sequence;
      if (!isNew) continue;
      this.#returned = entry.sequence;
      yield { shard, sequence: entry.sequence, time: entry.time, facts };
    }
  }

  async #begin(): Promise<void> {
    this.#stateId = this.#states.begin();
    this.#applying = true;
    this.#sequence = 0;
    if (this.#returned > 0 && !this.#onlyFromStart) await this.#loadSnapshot();
    this.#applying = false;
  }

  /** Loads the newest snapshot, where it is not beyond the position. */
  async #loadSnapshot(): Promise<void> {
    const { snapshots, shard } = this.#options;
    if (snapshots === null) return;
    let before = -1;
    for (let opened = 0; opened < SNAPSHOTS_OPENED_MAX; opened++) {
      const found = await snapshots.openSnapshot(shard).catch(onlyFromStart);
      if (found === null || found.snapshot.sequence > this.#returned) return;
      // What is missing in the same snapshot again was not replaced, but lost.
      if (found.snapshot.sequence === before) break;
      before = found.snapshot.sequence;
      if (await this.#adoptSnapshot(found)) return;
      this.#states.end(this.#stateId);
      this.#stateId = this.#states.begin();
    }
    throw new OnlyFromStartError();
  }

  /** One part after the other: memory has one drop's orders. False if one is damaged or missing. */
  async #adoptSnapshot(opened: OpenedSnapshot): Promise<boolean> {
    const steps = restoreSteps(this.#pause);
    const { snapshot } = opened;
    const partOf = async (name: string) => (await opened.part(name)) ?? undefined;
    try {
      for (const drop of decodeShardHead(snapshot.head, this.#options.shard).drops) {
        const state = await restoreDrop(drop.head, partOf, steps);
        await this.#states.adopt(this.#stateId, state, SLICE_EVENTS, this.#pause);
      }
    } catch (error) {
      if (error instanceof CorruptError) return false;
      throw error;
    }
    this.#fromSnapshot = true;
    this.#sequence = snapshot.sequence;
    return true;
  }

  #reset(): void {
    this.#states.end(this.#stateId);
    this.#sequence = -1;
    this.#fromSnapshot = false;
    this.#applying = false;
  }

  async #apply(entry: Entry, isNew: boolean): Promise<Fact[]> {
    const facts: Fact[] = [];
    this.#applying = true;
    for (const changes of entry.changes) {
      const { dropId, versionBefore, events } = changes;
      let last: DurableFact | null = null;
      let drop = this.#states.find(this.#stateId, dropId) ?? (await this.#unsealed(changes));
      if (drop !== undefined && drop.version !== versionBefore)
        throw new CorruptError(`drop ${dropId} is at ${drop.version}, not at ${versionBefore}`);
      for (const event of events) {
        if (drop === undefined)
          drop = this.#states.add(this.#stateId, createdHead(event, entry.time));
        else drop.apply(event, entry.time);
        if (isNew) {
          last = factAfter(drop, event, last?.terms ?? null);
          last.index = facts.length;
          facts.push(last);
        }
        if (++this.#sliceEvents % SLICE_EVENTS !== 0) continue;
        this.#states.sparePages();
        await this.#pause();
      }
      this.#states.spare();
    }
    this.#applying = false;
    return facts;
  }

  /**
   * Loads a drop that is not in the snapshot because it was over. Undefined for one that does not
   * exist yet.
   */
  async #unsealed({ dropId, versionBefore }: DropChanges): Promise<ReplayedDrop | undefined> {
    if (versionBefore === 0) return undefined;
    if (!this.#fromSnapshot)
      throw new CorruptError(`drop ${dropId} begins at ${versionBefore + 1}`);
    const sealed = await this.#options.snapshots!.findSealedDrop(dropId);
    if (sealed === null || sealed.version > versionBefore) throw new OnlyFromStartError();
    const state = await loadSealedDrop(sealed, this.#pause).catch(onlyFromStart);
    await this.#states.adopt(this.#stateId, state, SLICE_EVENTS, this.#pause);
    return this.#states.find(this.#stateId, dropId);
  }
}

/** Damaged snapshots and sealed drops are made again from the journal. */
function onlyFromStart(error: unknown): never {
  throw error instanceof CorruptError ? new OnlyFromStartError() : error;
}
