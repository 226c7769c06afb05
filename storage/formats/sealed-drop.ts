// The format of a sealed drop: a small head, which is all that reads of the drop need, and parts.
// The full segments are parts as in a snapshot, the unfinished ones are one more part. Parts are
// written one at a time and the head last, so a drop of 10 million orders needs no more memory than
// a small one; a drop that is sealed again writes only the parts that changed. Format 1 was one
// piece with all parts in it. It is read, and the next sealing replaces it.

import type { DropState } from '../../domain/drop-state.ts';
import type { DropView } from '../../contracts/drops.ts';
import { CorruptError } from '../ports/journal.ts';
import type { SealedDrop, SnapshotPart, SnapshotStore } from '../ports/snapshots.ts';
import { decodeChecksummed, decodeChecksummedInSteps, encodeChecksummed } from './checksummed.ts';
import {
  encodePart,
  headOf,
  PARTS_PER_STEP,
  partNamesOf,
  restoreDrop,
  restoreHead,
  restoreSteps,
  segmentParts,
  type StoredHead,
  type StoredTail,
  tailOf,
} from './drop-snapshot.ts';
import { type Pause, Steps } from './steps.ts';
import { StoredDrop } from './stored-drop.ts';

const FORMAT = 2;
/** A drop of format 1 in memory takes about this much of its stored bytes. */
const MEMORY_PER_STORED_BYTE = 1.5;

interface StoredSealedDrop {
  format: number;
  head: StoredHead;
  sequence: number;
  memoryBytes: number;
}

/** Format 1. */
interface StoredWhole {
  snapshot: { head: StoredHead & StoredTail };
  parts: SnapshotPart[];
}

export interface SealedHead {
  /** The shard's last entry when the drop was sealed; null in format 1. */
  readonly sequence: number | null;
  /** What the drop takes in memory, about. */
  readonly memoryBytes: number;
  readonly counters: StoredHead;
  /** Format 1 only: the rest of the drop. */
  readonly whole: StoredWhole | null;
}

/** Pauses between two steps. Errors: CorruptError. */
export async function decodeSealedHead(sealed: SealedDrop, pause: Pause): Promise<SealedHead> {
  const bytes = sealed.head;
  const decoded = (await decodeChecksummedInSteps(bytes, 'a sealed drop', pause)) as
    | StoredSealedDrop
    | StoredWhole;
  if ('parts' in decoded) {
    const memoryBytes = bytes.length * MEMORY_PER_STORED_BYTE;
    return { sequence: null, memoryBytes, counters: decoded.snapshot.head, whole: decoded };
  }
  const { format, head, sequence, memoryBytes } = decoded;
  if (format !== FORMAT)
    throw new CorruptError(`a sealed drop has format ${format}, which this version cannot read`);
  return { sequence, memoryBytes, counters: head, whole: null };
}

export function sealedView(head: SealedHead): DropView {
  return restoreHead(head.counters).view();
}

/** Reads one part after the other, and pauses between steps. Errors: those of `readPart`. */
export async function restoreSealedDrop(
  sealed: SealedDrop,
  head: SealedHead,
  pause: Pause,
): Promise<DropState> {
  const steps = restoreSteps(pause);
  if (head.whole !== null) {
    const { snapshot, parts } = head.whole;
    const byName = new Map(parts.map((part) => [part.name, part.bytes]));
    return await restoreDrop(snapshot.head, (name) => byName.get(name), steps);
  }
  const tailName = tailNameOf(head.counters);
  const tail = decodeChecksummed(await sealed.readPart(tailName), tailName) as StoredTail;
  const read = (name: string) => sealed.readPart(name);
  return await restoreDrop({ ...head.counters, ...tail }, read, steps);
}

/** For readers of its orders. Errors: CorruptError; those of `readPart`. */
export async function openSealedDrop(
  sealed: Pick<SealedDrop, 'readPart'>,
  head: SealedHead,
): Promise<StoredDrop> {
  if (head.whole !== null) {
    const { snapshot, parts } = head.whole;
    const byName = new Map(parts.map((part) => [part.name, part.bytes]));
    return new StoredDrop({ head: snapshot.head, readPart: (name) => byName.get(name) });
  }
  const tailName = tailNameOf(head.counters);
  const tail = decodeChecksummed(await sealed.readPart(tailName), tailName) as StoredTail;
  const readPart = (name: string) => sealed.readPart(name);
  return new StoredDrop({ head: { ...head.counters, ...tail }, readPart });
}

/** The whole drop. Errors: CorruptError; those of `readPart`. */
export async function loadSealedDrop(sealed: SealedDrop, pause: Pause): Promise<DropState> {
  return await restoreSealedDrop(sealed, await decodeSealedHead(sealed, pause), pause);
}

export interface SealOptions {
  readonly snapshots: SnapshotStore;
  readonly state: DropState;
  /** The drop at this version is durable in the journal, in the entries up to `sequence`. */
  readonly version: number;
  readonly sequence: number;
  readonly pause: Pause;
}

/**
 * Stores what is not stored yet. Nothing where the stored drop is of this version. False where the
 * drop changed meanwhile: then what is stored is as before. Errors: `store-unavailable`, `corrupt`.
 */
export async function sealDrop(options: SealOptions): Promise<boolean> {
  const { snapshots, state, version, sequence, pause } = options;
  const stored = await snapshots.findSealedDrop(state.id);
  const storedHead = stored === null ? null : await decodeSealedHead(stored, pause);
  const isInParts = storedHead !== null && storedHead.whole === null;
  if (isInParts && stored!.version === version) return true;
  const storedNames = new Set(isInParts ? sealedPartNames(storedHead.counters) : []);
  if (state.version !== version) return false;
  // Each of these steps takes some milliseconds for 10 million orders.
  const counters = headOf(state);
  await pause();
  const { memoryBytes } = state;
  await pause();
  const head: StoredSealedDrop = { format: FORMAT, head: counters, sequence, memoryBytes };
  const headBytes = encodeChecksummed(head);
  const writer = await snapshots.sealDrop(state.id);
  const steps = new Steps(PARTS_PER_STEP, pause);
  for (const { name, content } of sealedParts(state, counters)) {
    if (storedNames.has(name)) continue;
    await steps.before(1);
    // The content is of this version: nothing is decided between the check and the encoding.
    if (state.version !== version) return false;
    await writer.add(encodePart({ name, content: content() }));
  }
  const partNames = sealedPartNames(counters);
  await writer.finish({ version, head: headBytes, partNames });
  return true;
}

function* sealedParts(state: DropState, head: StoredHead) {
  yield* segmentParts(state, head);
  yield { name: tailNameOf(head), content: () => tailOf(state) };
}

function sealedPartNames(head: StoredHead): string[] {
  const { users, orders, states, answered } = partNamesOf(head);
  const names = answered.map(({ name }) => name);
  return [...users, ...orders, ...states, ...names, tailNameOf(head)];
}

function tailNameOf({ terms, version }: StoredHead): string {
  return `${terms.id}/tail/${version}`;
}
