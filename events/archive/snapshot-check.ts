// Verifies a shard's snapshot before the journal is trimmed behind it: it is read again from the
// store, every part is compared with its checksum, and every drop is restored from its parts.
// Whether its content is right is not asked here: the archive still has all entries that the
// snapshot stands for, so `livedrops verify` compares them as ever (decision 038).

import { turnOfOthers } from '../../actors/shard/recovery.ts';
import { decodeShardHead, restoreDrop, restoreSteps } from '../../storage/formats/drop-snapshot.ts';
import { StoreUnavailableError } from '../../storage/ports/journal.ts';
import type { SnapshotHeads } from '../../storage/ports/snapshots.ts';

/**
 * The sequence of the shard's newest snapshot; 0 without one. One drop at a time is in memory.
 * Errors: `corrupt`, `newer-format`; `store-unavailable`, also where the snapshot is replaced
 * meanwhile.
 */
export async function checkSnapshot(shard: number, snapshots: SnapshotHeads): Promise<number> {
  const opened = await snapshots.openSnapshot(shard);
  if (opened === null) return 0;
  const { sequence, head } = opened.snapshot;
  const partOf = async (name: string) => (await opened.part(name)) ?? undefined;
  const steps = restoreSteps(turnOfOthers);
  try {
    for (const drop of decodeShardHead(head, shard).drops) await restoreDrop(drop, partOf, steps);
  } catch (error) {
    if ((await snapshots.snapshotSequence(shard)) === sequence) throw error;
    throw new StoreUnavailableError(`the snapshot of shard ${shard} changes while it is read`);
  }
  return sequence;
}
