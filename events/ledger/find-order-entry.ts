// Where an order is in its journal: the sequence of the entry that has it. Entries have times that
// never fall, so the time of the order leads there by halving.

import { decodeEntry, type Entry } from '../../storage/formats/entry.ts';
import type { JournalReader } from '../../storage/ports/journal.ts';

/** Entries of one millisecond that are looked through. */
const READ_ENTRIES = 64;

export interface OrderPlace {
  readonly shard: number;
  readonly dropId: string;
  readonly userId: string;
  /** Milliseconds since the Unix epoch. */
  readonly createdAt: number;
}

/**
 * Null where no entry that can be read has it. Errors: `store-unavailable`; `corrupt`;
 * `position-trimmed`.
 */
export async function findOrderEntry(
  journal: JournalReader,
  { shard, dropId, userId, createdAt }: OrderPlace,
): Promise<number | null> {
  const read = async (after: number, limit: number): Promise<Entry[]> =>
    (await journal.read(shard, after, limit)).map(({ bytes, sequence }) =>
      decodeEntry(bytes, shard, sequence),
    );
  // All up to `low` are older; all behind `high` are not.
  let low = await journal.removed(shard);
  let { lastSequence: high } = await journal.head(shard);
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const [entry] = await read(middle, 1);
    if (entry === undefined || entry.time >= createdAt) high = middle;
    else low = middle + 1;
  }
  for (;;) {
    const entries = await read(low, READ_ENTRIES);
    for (const { time, sequence, changes } of entries) {
      if (time > createdAt) return null;
      const isThere = changes.some(
        (change) =>
          change.dropId === dropId &&
          change.events.some((event) => event.type === 'order-placed' && event.userId === userId),
      );
      if (time === createdAt && isThere) return sequence;
    }
    if (entries.length === 0) return null;
    low += entries.length;
  }
}
