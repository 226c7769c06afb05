// The words of a search index: how many documents have each, and where else each is looked up, by
// its endings and by its deletions. A word that no document has any more stays, with no documents.

import type { Database } from 'better-sqlite3';
import { storedDeletions } from '../../search/deletions.ts';
import { isOfLetters } from '../../search/query-terms.ts';
import { deletionKey } from './search-schema.ts';

/** The shortest ending that a word is found by, and how far into a word endings begin. */
const ENDING_LENGTH_MIN = 3;
const ENDING_STARTS_MAX = 24;
/** Ids in memory, about 100 bytes each. */
const IDS_MAX = 100_000;

export class VocabularyWriter {
  readonly #count;
  readonly #find;
  readonly #add;
  readonly #addEnding;
  readonly #addDeletions;
  /** By word: how many more documents have it since the last `store`. */
  readonly #changes = new Map<string, number>();
  /** Of words that were changed lately. */
  readonly #ids = new Map<string, number>();

  constructor(database: Database) {
    this.#count = database.prepare<[number, number]>(
      'update words set documents = documents + ? where id = ?',
    );
    this.#find = database.prepare<[string], number>('select id from words where word = ?').pluck();
    this.#add = database.prepare<[string, number]>(
      'insert into words (word, documents) values (?, ?)',
    );
    this.#addEnding = database.prepare<[string, number]>(
      'insert or ignore into word_endings (ending, word) values (?, ?)',
    );
    // All of a change in one statement: there are some twenty for each new word.
    this.#addDeletions = database.prepare<[string]>(
      'insert or ignore into word_deletions select value from json_each(?)',
    );
  }

  change(words: Iterable<string>, by: 1 | -1): void {
    for (const word of words) this.#changes.set(word, (this.#changes.get(word) ?? 0) + by);
  }

  store(): void {
    const deletions: number[] = [];
    // In the order of the words, as they are in the table.
    for (const word of [...this.#changes.keys()].sort()) {
      const by = this.#changes.get(word)!;
      if (by === 0) continue;
      const known = this.#ids.get(word) ?? this.#find.get(word);
      if (known === undefined) this.#addWord(word, by, deletions);
      else this.#count.run(by, known);
      if (known !== undefined) this.#remember(word, known);
    }
    if (deletions.length > 0)
      this.#addDeletions.run(JSON.stringify(deletions.sort((a, b) => a - b)));
    this.#changes.clear();
  }

  #addWord(word: string, documents: number, deletions: number[]): void {
    const id = Number(this.#add.run(word, documents).lastInsertRowid);
    if (!isOfLetters(word)) return;
    const starts = Math.min(word.length - ENDING_LENGTH_MIN, ENDING_STARTS_MAX);
    for (let start = 1; start <= starts; start++) this.#addEnding.run(word.slice(start), id);
    for (const hash of storedDeletions(word)) deletions.push(deletionKey(hash, id));
  }

  #remember(word: string, id: number): void {
    if (this.#ids.size >= IDS_MAX) this.#ids.clear();
    this.#ids.set(word, id);
  }

  forget(): void {
    this.#changes.clear();
    this.#ids.clear();
  }
}
