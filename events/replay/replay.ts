// The facts of a shard's journal, exactly as its owner hands them out, made without the owner: from
// the journal, and from a snapshot where that helps (decision 028). One replay is of one reader: it
// begins behind the reader's position and follows the journal from there.
//
// To know how a drop stood at a position in the middle, the drops are replayed from a place where
// they are known: the newest snapshot where it is not beyond the position, else the first entry.
// Facts up to the position are not handed out. Memory is bounded (events/replay/drop-states.ts).

import {
  type DurableFact,
  type Fact,
  type FactBatch,
  factAfter,
} from '../../actors/shard/facts.ts';
import { readEntries, turnOfOthers } from '../../actors/shard/recovery.ts';
import { decodeShardHead, restoreDrop, restoreSteps } from '../../storage/formats/drop-snapshot.ts';
import type { DropChanges, Entry } from '../../storage/formats/entry.ts';
import { decodeSealedDrop } from '../../storage/formats/sealed-drop.ts';
import type { Pause } from '../../storage/formats/steps.ts';
import { CorruptError, type JournalReader } from '../../storage/ports/journal.ts';
import type { SnapshotReader } from '../../storage/ports/snapshots.ts';
import type { DropStates } from './drop-states.ts';
import { createdHead, type ReplayedDrop } from './replayed-drop.ts';

/** Events replayed without a pause: a millisecond or less. */
const SLICE_EVENTS = 256;

export interface ReplayOptions {
  readonly shard: number;
  /** Facts of entries behind this sequence are handed out; 0 for all. */
  readonly after: number;
  readonly journal: JournalReader;
  /** Null: it always begins at the first entry. */
  readonly snapshots: SnapshotReader | null;
  /** May be shared with other replays. */
  readonly states: DropStates;
  /** Waited for between two steps. Default: everything else on the event loop has its turn. */
  readonly pause?: Pause;
}

/** What is beside the journal is no help: a sealed drop is later than it is needed, or damaged. */
class OnlyFromStartError extends Error {}

export class Replay {
  readonly #options: ReplayOptions;
  readonly #pause: Pause;
  readonly #states: DropStates;
  #life = 0;
  /** Of the last entry contained in the states; -1 before they are begun. */
  #sequence = -1;
  /** Of the last entry whose facts were handed out, or were not wanted. */
  #handedOut: number;
  /** Whether the states began with a snapshot, so that some drops may be sealed ones. */
  #fromSnapshot = false;
  /** Whether no snapshot and no sealed drop is early enough. */
  #onlyFromStart = false;
  /** Whether an entry is half in the states. */
  #applying = false;
  #sliceEvents = 0;

  constructor(options: ReplayOptions) {
    this.#options = options;
    this.#pause = options.pause ?? turnOfOthers;
    this.#states = options.states;
    this.#handedOut = options.after;
  }

  /** Of the last entry whose facts were handed out, or were not wanted. */
  get position(): number {
    return this.#handedOut;
  }

  /**
   * The facts of the entries after `position` up to `last`, one entry at a time. May be left early and
   * called again. Errors: `corrupt`, `invariant`, `store-unavailable`; the next call then goes on
   * where this one ended.
   */
  async *read(last: number): AsyncGenerator<FactBatch, void, undefined> {
    while (this.#handedOut < last) {
      try {
        if (this.#sequence < 0) await this.#begin();
        yield* this.#readOn(last);
      } catch (error) {
        if (this.#applying) this.#forget();
        if (!(error instanceof OnlyFromStartError)) throw error;
        this.#onlyFromStart = true;
      }
    }
  }

  close(): void {
    this.#forget();
  }

  async *#readOn(last: number): AsyncGenerator<FactBatch, void, undefined> {
    const { journal, shard } = this.#options;
    for await (const entry of readEntries(journal, shard, this.#sequence, last)) {
      const wanted = entry.sequence > this.#handedOut;
      const facts = await this.#apply(entry, wanted);
      this.#sequence = entry.sequence;
      if (!wanted) continue;
      this.#handedOut = entry.sequence;
      yield { shard, sequence: entry.sequence, time: entry.time, facts };
    }
  }

  async #begin(): Promise<void> {
    this.#life = this.#states.begin();
    this.#applying = true;
    this.#sequence = 0;
    if (this.#handedOut > 0 && !this.#onlyFromStart) await this.#takeSnapshot();
    this.#applying = false;
  }

  /** Where there is one that is not beyond the position. */
  async #takeSnapshot(): Promise<void> {
    const { snapshots, shard } = this.#options;
    const loaded = (await snapshots?.loadSnapshot(shard).catch(onlyFromStart)) ?? null;
    if (loaded === null || loaded.snapshot.sequence > this.#handedOut) return;
    this.#fromSnapshot = true;
    const parts = new Map(loaded.parts.map((part) => [part.name, part.bytes]));
    const steps = restoreSteps(this.#pause);
    for (const drop of decodeShardHead(loaded.snapshot.head, shard).drops) {
      const state = await restoreDrop(drop, (name) => parts.get(name), steps).catch(onlyFromStart);
      for (const name of drop.partNames) parts.delete(name);
      await this.#states.adopt(this.#life, state, SLICE_EVENTS, this.#pause);
    }
    this.#sequence = loaded.snapshot.sequence;
  }

  #forget(): void {
    this.#states.end(this.#life);
    this.#sequence = -1;
    this.#fromSnapshot = false;
    this.#applying = false;
  }

  async #apply(entry: Entry, wanted: boolean): Promise<Fact[]> {
    const facts: Fact[] = [];
    this.#applying = true;
    for (const changes of entry.changes) {
      const { dropId, versionBefore, events } = changes;
      let last: DurableFact | null = null;
      let drop = this.#states.find(this.#life, dropId) ?? (await this.#unsealed(changes));
      if (drop !== undefined && drop.version !== versionBefore)
        throw new CorruptError(`drop ${dropId} is at ${drop.version}, not at ${versionBefore}`);
      for (const event of events) {
        if (drop === undefined) drop = this.#states.add(this.#life, createdHead(event, entry.time));
        else drop.apply(event, entry.time);
        if (wanted) {
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

  /** A drop that is in no snapshot because it was over; undefined for one that is not made yet. */
  async #unsealed({ dropId, versionBefore }: DropChanges): Promise<ReplayedDrop | undefined> {
    if (versionBefore === 0) return undefined;
    if (!this.#fromSnapshot)
      throw new CorruptError(`drop ${dropId} begins at ${versionBefore + 1}`);
    const bytes = await this.#options.snapshots!.loadSealedDrop(dropId);
    if (bytes === null) throw new OnlyFromStartError();
    const state = await decodeSealedDrop(bytes, this.#pause).catch(onlyFromStart);
    if (state.version > versionBefore) throw new OnlyFromStartError();
    await this.#states.adopt(this.#life, state, SLICE_EVENTS, this.#pause);
    return this.#states.find(this.#life, dropId);
  }
}

/** What is damaged beside the journal can be made again from it. */
function onlyFromStart(error: unknown): never {
  throw error instanceof CorruptError ? new OnlyFromStartError() : error;
}
