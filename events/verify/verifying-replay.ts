// The replay of `verify`: one journal from its first entry, with each drop compared with the
// shard's own. A drop in memory is compared when the replay has the version that was digested, all
// others with their sealed form at the end.

import { readEntries } from '../../actors/shard/recovery.ts';
import type { DropChanges } from '../../storage/formats/entry.ts';
import { loadSealedDrop } from '../../storage/formats/sealed-drop.ts';
import type { Pause } from '../../storage/formats/steps.ts';
import { CorruptError, type JournalReader } from '../../storage/ports/journal.ts';
import type { SnapshotReader } from '../../storage/ports/snapshots.ts';
import type { OpenSpill, SpillStore } from '../../storage/ports/spill.ts';
import { DropStates } from '../replay/drop-states.ts';
import { createdHead, type ReplayedDrop } from '../replay/replayed-drop.ts';
import {
  digestOfMoment,
  digestOfReplayed,
  type DropMoment,
  extendChain,
  momentOf,
} from './drop-digest.ts';

/** Events replayed without a pause: some tenths of a millisecond. */
const SLICE_EVENTS = 64;
const DROPS_AT_ONCE = 256;
/** The drops in the spill store: the replayed ones, by whether a difference was found. */
const DIFFERENT = Uint8Array.of(1);
const SOUND = Uint8Array.of(0);

/** A drop of the shard's memory at a durable moment. */
export interface LiveDigest {
  readonly version: number;
  readonly digest: string;
}

export interface VerifyingReplayOptions {
  readonly shard: number;
  readonly journal: JournalReader;
  readonly snapshots: SnapshotReader;
  readonly openSpill: OpenSpill;
  /** By drop. Drops are removed when they are compared. */
  readonly live: Map<string, LiveDigest>;
  /** Awaited between two steps; may throw to end the replay. */
  readonly pause: Pause;
}

export class VerifyingReplay {
  entries = 0;
  drops = 0;
  orders = 0;
  readonly #options: VerifyingReplayOptions;
  readonly #states: DropStates;
  readonly #life: number;
  /** Has each drop's id as a key. */
  readonly #compared: SpillStore;
  readonly #findings: string[] = [];
  #sliceEvents = 0;

  constructor(options: VerifyingReplayOptions) {
    this.#options = options;
    this.#states = new DropStates(options);
    this.#life = this.#states.begin();
    this.#compared = options.openSpill();
  }

  /** Errors: those of `readEntries`; `invariant`. */
  async run(last: number, entryDone: () => void): Promise<void> {
    const { journal, shard } = this.#options;
    for await (const entry of readEntries(journal, shard, 0, last)) {
      for (const changes of entry.changes) {
        const drop = await this.#apply(changes, entry.time);
        if (this.#options.live.get(drop.id)?.version === drop.version)
          await this.#compareLive(drop);
        this.#states.spare();
      }
      this.entries += 1;
      entryDone();
    }
  }

  /**
   * Compares the drops that are not in memory, and tells of all differences. `momentNow` is null
   * for a drop that is not in memory now.
   */
  async finish(momentNow: (dropId: string) => Promise<DropMoment | null>): Promise<string[]> {
    for (const [id] of this.#options.live) {
      const drop = this.#states.find(this.#life, id);
      if (drop === undefined)
        this.#findings.push(`drop ${id} is in memory, but not in the journal`);
      else this.#differs(id, 'in memory');
    }
    for (const dropId of this.#ids()) {
      if (this.#compared.read(dropId)!.length > 0) continue;
      await this.#compareSealed(dropId, momentNow);
      this.#states.spare();
    }
    return this.#findings;
  }

  /** The drops without a difference. */
  *sound(): Generator<string, void, undefined> {
    for (const dropId of this.#ids())
      if (this.#compared.read(dropId)![0] === SOUND[0]) yield dropId;
  }

  close(): void {
    this.#states.end(this.#life);
    this.#compared.close();
  }

  async #apply(changes: DropChanges, time: number): Promise<ReplayedDrop> {
    const { dropId, versionBefore, events } = changes;
    let drop = this.#states.find(this.#life, dropId);
    if ((drop?.version ?? 0) !== versionBefore)
      throw new CorruptError(`drop ${dropId} is at ${drop?.version ?? 0}, not at ${versionBefore}`);
    for (const event of events) {
      if (drop === undefined) {
        drop = this.#states.add(this.#life, createdHead(event, time));
        this.drops += 1;
        this.#compared.write(dropId, new Uint8Array());
      } else {
        drop.apply(event, time);
        extendChain(drop, event, time);
      }
      if (event.type === 'order-placed') this.orders += 1;
      if (++this.#sliceEvents % SLICE_EVENTS === 0) await this.#pause();
    }
    return drop!;
  }

  async #compareLive(drop: ReplayedDrop): Promise<void> {
    const { live } = this.#options;
    const { digest } = live.get(drop.id)!;
    live.delete(drop.id);
    if ((await this.#digestOf(drop)) === digest) this.#compared.write(drop.id, SOUND);
    else this.#differs(drop.id, 'in memory');
  }

  async #compareSealed(
    dropId: string,
    momentNow: (dropId: string) => Promise<DropMoment | null>,
  ): Promise<void> {
    const { snapshots, pause } = this.#options;
    const { version } = this.#states.find(this.#life, dropId)!;
    const sealed = await snapshots.findSealedDrop(dropId);
    const sealedVersion = sealed?.version ?? -1;
    // A drop that was created, or loaded again and changed, since the comparison of those in
    // memory.
    const live = sealedVersion >= version ? null : await momentNow(dropId);
    const as = live === null ? 'as sealed' : 'in memory';
    const otherVersion = live?.head.version ?? sealedVersion;
    if (live === null && sealed === null) {
      this.#compared.write(dropId, DIFFERENT);
      this.#findings.push(`drop ${dropId} is in the journal, but neither in memory nor sealed`);
    } else if (otherVersion > version) this.#compared.write(dropId, SOUND);
    else if (otherVersion < version) this.#differs(dropId, as);
    else {
      const moment = live ?? momentOf(await loadSealedDrop(sealed!, pause));
      const digest = await digestOfMoment(moment, pause);
      const replayed = await this.#digestOf(this.#states.find(this.#life, dropId)!);
      if (digest === replayed) this.#compared.write(dropId, SOUND);
      else this.#differs(dropId, as);
    }
  }

  #differs(dropId: string, as: string): void {
    this.#compared.write(dropId, DIFFERENT);
    this.#findings.push(`drop ${dropId} ${as} is not what its journal says`);
  }

  #digestOf(drop: ReplayedDrop): Promise<string> {
    return digestOfReplayed(drop, () => this.#pause());
  }

  /** Drops stay valid. */
  async #pause(): Promise<void> {
    this.#states.sparePages();
    await this.#options.pause();
  }

  *#ids(): Generator<string, void, undefined> {
    for (let ids = this.#compared.keys('', '', DROPS_AT_ONCE); ids.length > 0; ) {
      yield* ids;
      ids = this.#compared.keys('', ids.at(-1)!, DROPS_AT_ONCE);
    }
  }
}
