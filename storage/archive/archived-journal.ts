// A journal and its archive as one: entries that are trimmed from the journal are read from the
// archive. Readers do not notice where an entry is. Every other call goes to the journal, and a
// read of entries that the journal has costs nothing more.

import { EntriesTrimmedError } from '../ports/journal.ts';
import type { Claim, Journal, JournalEntry, JournalReader } from '../ports/journal.ts';
import type { ArchiveReader } from './archive-reader.ts';

export class ArchivedJournalReader implements JournalReader {
  readonly #journal: JournalReader;
  readonly #archive: ArchiveReader;

  constructor(options: { readonly journal: JournalReader; readonly archive: ArchiveReader }) {
    this.#journal = options.journal;
    this.#archive = options.archive;
  }

  /**
   * As of the port. Errors besides: `position-trimmed` for entries that the archive's retention
   * has removed; `corrupt` for a segment that is damaged or missing.
   */
  async read(shard: number, after: number, limit: number): Promise<JournalEntry[]> {
    try {
      return await this.#journal.read(shard, after, limit);
    } catch (error) {
      if (!(error instanceof EntriesTrimmedError)) throw error;
    }
    return await this.#archive.read(shard, after, limit);
  }

  head(shard: number): Promise<Claim> {
    return this.#journal.head(shard);
  }

  trimmed(shard: number): Promise<number> {
    return this.#journal.trimmed(shard);
  }

  removed(shard: number): Promise<number> {
    return this.#archive.archive.removed(shard);
  }
}

export class ArchivedJournal extends ArchivedJournalReader implements Journal {
  readonly #journal: Journal;

  constructor(options: { readonly journal: Journal; readonly archive: ArchiveReader }) {
    super(options);
    this.#journal = options.journal;
  }

  claim(shard: number, owner: string): Promise<Claim> {
    return this.#journal.claim(shard, owner);
  }

  append(shard: number, epoch: number, sequence: number, bytes: Uint8Array): Promise<void> {
    return this.#journal.append(shard, epoch, sequence, bytes);
  }

  trim(shard: number, through: number): Promise<void> {
    return this.#journal.trim(shard, through);
  }
}
