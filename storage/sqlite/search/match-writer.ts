// Writes what documents are found by: their tokens, and the counts of their words. Documents are
// added in the order of their places, because FTS5 writes a segment whenever a row id is not above
// the one before.

import type { Database } from 'better-sqlite3';
import { type TokenSource, TokenWriter } from '../../search/token-writer.ts';
import { blockOf, blockToken } from './search-schema.ts';
import { VocabularyWriter } from './vocabulary.ts';

/** A listed document at its place. */
export interface Placed {
  readonly place: number;
  readonly document: TokenSource;
}

export class MatchWriter {
  readonly #vocabulary: VocabularyWriter;
  readonly #tokens = new TokenWriter();
  readonly #insert;
  readonly #remove;

  constructor(database: Database) {
    this.#vocabulary = new VocabularyWriter(database);
    // A number is bound as a real one, which FTS5 takes for no row id, and then reads everything.
    this.#insert = database.prepare<[number, Uint8Array]>(
      'insert into matches (rowid, tokens) values (cast(? as integer), cast(? as text))',
    );
    this.#remove = database.prepare<[number]>(
      'delete from matches where rowid = cast(? as integer)',
    );
  }

  /** Of an index that is being made; see `VocabularyWriter`. */
  get vocabulary(): Pick<VocabularyWriter, 'defer' | 'resume' | 'countNext' | 'countAll'> {
    return this.#vocabulary;
  }

  add({ place, document }: Placed): void {
    this.#vocabulary.change(document, 1);
    this.#insert.run(place, this.#tokens.write(document, blockToken(blockOf(place))));
  }

  remove({ place, document }: Placed): void {
    this.#remove.run(place);
    this.#vocabulary.change(document, -1);
  }

  /** Writes the counts of words, with the transaction that documents were added or removed in. */
  store(): void {
    this.#vocabulary.store();
  }

  rolledBack(): void {
    this.#vocabulary.forget();
  }
}
