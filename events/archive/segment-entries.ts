// The entries of a journal that are to be archived, in portions of one segment each. They are read
// a few at a time, and what was read beyond a segment begins the next one.

import { SEGMENT_BYTES_MAX, SEGMENT_ENTRIES_MAX } from '../../storage/formats/archive-segment.ts';
import {
  CorruptError,
  type JournalEntry,
  type JournalReader,
} from '../../storage/ports/journal.ts';

const READ_ENTRIES_FIRST = 16;
const READ_ENTRIES_MAX = 256;
/** How much a read should bring: about a millisecond of work. */
const READ_BYTES = 1 << 18;

export interface SegmentEntriesOptions {
  readonly journal: JournalReader;
  readonly shard: number;
  readonly after: number;
  readonly through: number;
  /** Awaited before each read. */
  readonly giveWay: () => Promise<void>;
}

export class SegmentEntries {
  readonly #options: SegmentEntriesOptions;
  /** The last entry that was read. */
  #sequence: number;
  #limit = READ_ENTRIES_FIRST;
  /** Read, and in no segment yet. */
  #waiting: JournalEntry[] = [];

  constructor(options: SegmentEntriesOptions) {
    this.#options = options;
    this.#sequence = options.after;
  }

  /** Of the next segment; empty after the last. Errors: those of `JournalReader.read`. */
  async next(): Promise<JournalEntry[]> {
    const entries: JournalEntry[] = [];
    let bytes = 0;
    for (;;) {
      for (const [i, entry] of this.#waiting.entries()) {
        const isFull =
          entries.length === SEGMENT_ENTRIES_MAX || bytes + entry.bytes.length > SEGMENT_BYTES_MAX;
        if (isFull && entries.length > 0) {
          this.#waiting = this.#waiting.slice(i);
          return entries;
        }
        bytes += entry.bytes.length;
        entries.push(entry);
      }
      this.#waiting = await this.#read();
      if (this.#waiting.length === 0) return entries;
    }
  }

  async #read(): Promise<JournalEntry[]> {
    const { journal, shard, through, giveWay } = this.#options;
    const missing = through - this.#sequence;
    if (missing <= 0) return [];
    await giveWay();
    const found = await journal.read(shard, this.#sequence, Math.min(this.#limit, missing));
    if (found.length === 0)
      throw new CorruptError(`the journal of shard ${shard} ends at ${this.#sequence}`);
    this.#sequence = found.at(-1)!.sequence;
    const bytesRead = found.reduce((sum, { bytes }) => sum + bytes.length, 0);
    const next = Math.floor((found.length * READ_BYTES) / bytesRead);
    this.#limit = Math.min(Math.max(next, 1), this.#limit * 4, READ_ENTRIES_MAX);
    return found;
  }
}
