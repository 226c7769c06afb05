// The format of a sealed drop: the snapshot of a drop that is over, with all of its parts, in one
// piece. Copying is one short step. Encoding and decoding take about a second for a million orders,
// so they are done in steps.

import type { DropState } from '../../domain/drop-state.ts';
import { decodeChecksummedInSteps, joinChecksummed, pack, packVersioned } from './checksummed.ts';
import {
  type DropSnapshot,
  encodePart,
  PARTS_PER_STEP,
  type PendingPart,
  restoreDrop,
  restoreSteps,
  snapshotDrop,
} from './drop-snapshot.ts';
import type { SnapshotPart } from '../ports/snapshots.ts';
import { type Pause, Steps } from './steps.ts';

/** The state of a drop at one moment. */
export interface DropCopy {
  readonly snapshot: DropSnapshot;
  readonly parts: readonly PendingPart[];
}

/** Copies 5 MB for a million orders. */
export function copyDrop(state: DropState): DropCopy {
  const parts: PendingPart[] = [];
  const snapshot = snapshotDrop(state, () => false, parts);
  return { snapshot, parts };
}

/** Pauses between two steps. */
export async function encodeSealedDrop(copy: DropCopy, pause: Pause): Promise<Uint8Array> {
  const { snapshot, parts } = copy;
  // The parts come last. With one byte in place of each part, all bytes except these last ones are
  // the bytes before the parts.
  const whole = packVersioned({ snapshot, parts: parts.map(() => 0) });
  const pieces: Uint8Array[] = [whole.subarray(0, whole.length - parts.length)];
  const steps = new Steps(PARTS_PER_STEP, pause);
  for (const part of parts) {
    await steps.before(1);
    pieces.push(pack(encodePart(part)));
  }
  return await joinChecksummed(pieces, pause);
}

/** Pauses between two steps. Errors: CorruptError. */
export async function decodeSealedDrop(bytes: Uint8Array, pause: Pause): Promise<DropState> {
  const decoded = await decodeChecksummedInSteps(bytes, 'a sealed drop', pause);
  const { snapshot, parts } = decoded as { snapshot: DropSnapshot; parts: SnapshotPart[] };
  const byName = new Map(parts.map((part) => [part.name, part.bytes]));
  return await restoreDrop(snapshot, (name) => byName.get(name), restoreSteps(pause));
}
