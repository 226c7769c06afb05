// A drop as everything durable makes it, without its owner: from the shard's newest snapshot or the
// sealed copy, whichever is newer, and the journal behind it. All readers of one opened drop see
// one version. Orders stay in the store until they are read (`storage/formats/stored-drop.ts`), so
// a drop with a million orders needs a few segments of memory.

import { readEntries, turnOfOthers } from '../../actors/shard/recovery.ts';
import { applyEvent, createDrop } from '../../domain/apply.ts';
import { shardOf } from '../../domain/ids.ts';
import { headOf, tailOf } from '../../storage/formats/drop-snapshot.ts';
import type { DropChanges } from '../../storage/formats/entry.ts';
import { decodeSealedHead, openSealedDrop } from '../../storage/formats/sealed-drop.ts';
import { StoredDrop } from '../../storage/formats/stored-drop.ts';
import { CorruptError, type JournalReader } from '../../storage/ports/journal.ts';
import type { SnapshotReader } from '../../storage/ports/snapshots.ts';
import { DropParts } from './drop-parts.ts';

/** Events applied or skipped without a pause: a millisecond or less. */
const SLICE_EVENTS = 256;
/** How many snapshots in turn may be replaced, and their entries trimmed, while they are read. */
const TRIES_MAX = 5;

export interface KeptDropsOptions {
  readonly journal: JournalReader;
  readonly snapshots: SnapshotReader;
  readonly shardCount: number;
}

/** The drop, null where there is none, with everything up to the entry `sequence`. */
interface Base {
  readonly drop: StoredDrop | null;
  readonly sequence: number;
}

export class KeptDrops {
  readonly #options: KeptDropsOptions;

  constructor(options: KeptDropsOptions) {
    this.#options = options;
  }

  /**
   * Reads the drop with everything that was durable at the call; null where there is none. `use`
   * is called again where a newer snapshot replaced the one being read. Errors: `corrupt`,
   * `store-unavailable`; those of `use`.
   */
  async read<T>(dropId: string, use: (drop: StoredDrop) => T | Promise<T>): Promise<T | null> {
    for (let tries = 1; ; tries++) {
      try {
        const drop = await this.#open(dropId);
        return drop === null ? null : await use(drop);
      } catch (error) {
        if (!(error instanceof CorruptError) || tries === TRIES_MAX) throw error;
      }
    }
  }

  /**
   * As `read`, for reading that lasts: statuses are read at once, 5 bytes for each order, and every
   * other part never changes, wherever it is stored by then.
   */
  async open(dropId: string): Promise<StoredDrop | null> {
    return await this.read(dropId, async (drop) => {
      await drop.holdStates();
      return drop;
    });
  }

  async #open(dropId: string): Promise<StoredDrop | null> {
    const { journal, shardCount } = this.#options;
    const shard = shardOf(dropId, shardCount);
    const base = await this.#base(dropId, shard);
    const { lastSequence } = await journal.head(shard);
    let { drop } = base;
    let events = 0;
    for await (const entry of readEntries(journal, shard, base.sequence, lastSequence)) {
      for (const changes of entry.changes) {
        if (changes.dropId === dropId) drop = await applyChanges(drop, changes, entry.time);
        const before = events;
        events += changes.events.length;
        if (Math.floor(before / SLICE_EVENTS) < Math.floor(events / SLICE_EVENTS))
          await turnOfOthers();
      }
    }
    return drop;
  }

  async #base(dropId: string, shard: number): Promise<Base> {
    const parts = new DropParts({ ...this.#options, dropId, shard });
    const { snapshotSequence, inSnapshot, sealed } = await parts.find();
    if (sealed !== null && sealed.version > (inSnapshot?.head.version ?? -1)) {
      const head = await decodeSealedHead(sealed, turnOfOthers);
      const sequence = Math.max(snapshotSequence, head.sequence ?? 0);
      return { drop: await openSealedDrop(parts, head), sequence };
    }
    if (inSnapshot === null) return { drop: null, sequence: snapshotSequence };
    const readPart = (name: string) => parts.readPart(name);
    return { drop: new StoredDrop({ ...inSnapshot, readPart }), sequence: snapshotSequence };
  }
}

/** Applies the events that the drop does not contain yet. Errors: `corrupt`, `invariant`. */
async function applyChanges(
  before: StoredDrop | null,
  { dropId, versionBefore, events }: DropChanges,
  time: number,
): Promise<StoredDrop> {
  let drop = before;
  let version = versionBefore;
  for (const event of events) {
    version += 1;
    if (drop === null) {
      if (version !== 1) throw new CorruptError(`drop ${dropId} begins at version ${version}`);
      const created = createDrop(event, time);
      const head = { ...headOf(created), ...tailOf(created) };
      drop = new StoredDrop({ head, readPart: () => undefined });
      continue;
    }
    if (version <= drop.version) continue;
    if (version !== drop.version + 1)
      throw new CorruptError(`drop ${dropId} lacks version ${drop.version + 1}`);
    if (event.type === 'request-answered') {
      // Its answer would need the order's buyer, and nobody repeats a request here.
      drop.version = version;
      continue;
    }
    if ('ordinal' in event) await drop.retain(event.ordinal);
    applyEvent(drop, event, time);
  }
  return drop!;
}
