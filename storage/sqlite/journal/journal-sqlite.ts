// The journal on SQLite. Appends go to the writer's thread, where all waiting shards share one
// transaction. Reads go to the reader's thread.

import {
  type Claim,
  ConflictError,
  CorruptError,
  EntriesTrimmedError,
  FencedError,
  type Journal,
  type JournalEntry,
} from '../../ports/journal.ts';
import type { JournalHandlers, WriteRefusal } from './journal-program.ts';
import type { JournalReaderHandlers } from './journal-reader-program.ts';
import type { Submits } from '../thread/thread.ts';

export interface SqliteJournalOptions {
  readonly writer: Submits<JournalHandlers>;
  readonly reader: Submits<JournalReaderHandlers>;
}

export class SqliteJournal implements Journal {
  readonly #writer: Submits<JournalHandlers>;
  readonly #reader: Submits<JournalReaderHandlers>;

  constructor(options: SqliteJournalOptions) {
    this.#writer = options.writer;
    this.#reader = options.reader;
  }

  async claim(shard: number, owner: string): Promise<Claim> {
    const [epoch, lastSequence] = await this.#writer.submit('claim', shard, owner);
    return { epoch, lastSequence };
  }

  async append(shard: number, epoch: number, sequence: number, bytes: Uint8Array): Promise<void> {
    throwRefusal(await this.#writer.submit('append', bytes, shard, epoch, sequence));
  }

  async read(shard: number, after: number, limit: number): Promise<JournalEntry[]> {
    const found = await this.#reader.submit('read', shard, after, limit);
    const { lastSequence, sequences, epochs } = found;
    const count = Math.min(limit, lastSequence - after);
    const entries: JournalEntry[] = [];
    for (let i = 0; i < count; i++) {
      const sequence = after + i + 1;
      if (sequences[i] !== sequence) {
        if (sequence <= found.trimmed)
          throw new EntriesTrimmedError(shard, sequence, found.trimmed);
        const text = `shard ${shard} has no entry ${sequence} although later ones exist`;
        throw new CorruptError(text);
      }
      entries.push({ sequence, epoch: epochs[i]!, bytes: found.bytes[i]! });
    }
    return entries;
  }

  async head(shard: number): Promise<Claim> {
    const [epoch, lastSequence] = await this.#reader.submit('head', shard);
    return { epoch, lastSequence };
  }

  async trimmed(shard: number): Promise<number> {
    return await this.#reader.submit('trimmed', shard);
  }

  async removed(): Promise<number> {
    return 0;
  }

  async trim(shard: number, through: number): Promise<void> {
    let more = true;
    while (more) more = await this.#writer.submit('trim', shard, through);
  }
}

/**
 * The thread returns refusals as values, because an error would roll back the whole group.
 */
export function throwRefusal(refusal: WriteRefusal): void {
  if (refusal === null) return;
  if (refusal.code === 'fenced') throw new FencedError(refusal.message);
  if (refusal.code === 'conflict') throw new ConflictError(refusal.message);
  throw new CorruptError(refusal.message);
}
