// A shard's journal with real entries, and a snapshot of the shard at any of them.

import type { DropEvent } from '../../../contracts/drop-events.ts';
import type { DropState } from '../../../domain/drop-state.ts';
import { readEntries, replay } from '../../../actors/shard/recovery.ts';
import {
  encodePart,
  encodeShardHead,
  type PendingPart,
  snapshotDrop,
} from '../../../storage/formats/drop-snapshot.ts';
import { encodeEntry } from '../../../storage/formats/entry.ts';
import type { Journal, JournalReader } from '../../../storage/ports/journal.ts';
import type { SnapshotStore } from '../../../storage/ports/snapshots.ts';
import { terms } from '../../actors/harness.ts';

export const START = 1_750_000_000_000;
const ORDERS_PER_ENTRY = 3;

/** Appends entries up to `last`: a drop is created and opened, then orders are placed. */
export async function sell(journal: Journal, shard: number, last: number): Promise<void> {
  const { epoch, lastSequence } = await journal.claim(shard, 'seller');
  for (let sequence = lastSequence + 1; sequence <= last; sequence++)
    await journal.append(shard, epoch, sequence, entryOf(shard, sequence));
}

/** `seed` makes another history of the same journal. */
export function entryOf(shard: number, sequence: number, seed = 'user'): Buffer {
  const dropId = `d_${shard}`;
  const dropTerms = terms({ id: dropId, payment: 'instant', limitPerUser: 1_000 });
  const events: DropEvent[] = [];
  if (sequence === 1) {
    events.push({ type: 'drop-created', terms: dropTerms, stock: 1_000_000 });
    events.push({ type: 'drop-opened' });
  }
  const orders = sequence === 1 ? 0 : ORDERS_PER_ENTRY;
  for (let i = 0; i < orders; i++) {
    const key = `${sequence}-${i}`;
    events.push({ type: 'order-placed', userId: `${seed}-${i}`, key, quantity: 1 });
  }
  const versionBefore = sequence === 1 ? 0 : 2 + (sequence - 2) * ORDERS_PER_ENTRY;
  const changes = [{ dropId, versionBefore, events }];
  return encodeEntry({ shard, sequence, time: START + sequence, changes });
}

export async function replayed(
  journal: JournalReader,
  shard: number,
  last: number,
): Promise<Map<string, DropState>> {
  const drops = new Map<string, DropState>();
  for await (const entry of readEntries(journal, shard, 0, last))
    for (const changes of entry.changes) replay(drops, changes, entry.time);
  return drops;
}

export async function takeSnapshot(options: {
  readonly journal: JournalReader;
  readonly snapshots: SnapshotStore;
  readonly shard: number;
  readonly sequence: number;
}): Promise<void> {
  const { journal, snapshots, shard, sequence } = options;
  const pending: PendingPart[] = [];
  const states = [...(await replayed(journal, shard, sequence)).values()];
  const drops = states.map((state) => snapshotDrop(state, () => false, pending));
  const head = encodeShardHead({ time: START + sequence, drops });
  const partNames = drops.flatMap((drop) => drop.partNames);
  const parts = pending.map(encodePart);
  await snapshots.saveSnapshot(shard, 1, { sequence, head, partNames }, parts);
}
