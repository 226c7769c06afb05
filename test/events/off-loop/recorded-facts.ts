// Compares what recording consumers wrote with the facts that the journal has.

import type { FactBatch } from '../../../actors/shard/facts.ts';
import { DropStates } from '../../../events/replay/drop-states.ts';
import { Replay } from '../../../events/replay/replay.ts';
import { MemorySpillStore } from '../../../storage/memory/spill-memory.ts';
import type { JournalReader } from '../../../storage/ports/journal.ts';

/** All facts of the journals of the shards, from the first entry. */
export async function replayedFacts(
  journal: JournalReader,
  shardCount: number,
): Promise<FactBatch[]> {
  const states = new DropStates({ openSpill: () => new MemorySpillStore() });
  const batches: FactBatch[] = [];
  for (let shard = 0; shard < shardCount; shard++) {
    const { lastSequence } = await journal.head(shard);
    if (lastSequence === 0) continue;
    const replay = new Replay({ shard, after: 0, journal, snapshots: null, states });
    for await (const batch of replay.read(lastSequence)) batches.push(batch);
    replay.close();
  }
  return batches;
}

/** How `recorded` differs from `truth`, beside that batches may come several times. */
export function differences(recorded: readonly FactBatch[], truth: readonly FactBatch[]): string[] {
  const written = new Map<string, string>();
  const found: string[] = [];
  for (const batch of recorded) {
    const text = JSON.stringify(batch);
    const before = written.get(placeOf(batch)) ?? text;
    if (before !== text) found.push(`${placeOf(batch)} came as ${before} and as ${text}`);
    written.set(placeOf(batch), text);
  }
  for (const batch of truth) {
    const text = written.get(placeOf(batch));
    written.delete(placeOf(batch));
    if (text === undefined) found.push(`${placeOf(batch)} never came`);
    else if (text !== JSON.stringify(batch)) found.push(`${placeOf(batch)} came as ${text}`);
  }
  for (const place of written.keys()) found.push(`${place} is not in the journal`);
  return found;
}

function placeOf({ shard, sequence }: FactBatch): string {
  return `entry ${sequence} of shard ${shard}`;
}
