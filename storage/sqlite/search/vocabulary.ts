// The words of a search index: how many documents have each, and where else each is looked up, by
// its endings and by its deletions. A word that no document has any more stays, with no documents.

import type { Database } from 'better-sqlite3';
import { storedDeletions } from '../../search/deletions.ts';
import type { FieldWords } from '../../search/match.ts';
import { isOfLetters } from '../../search/query-terms.ts';
import { deletionKey } from './search-schema.ts';

/** The shortest ending that a word is found by, and how far into a word endings begin. */
const ENDING_LENGTH_MIN = 3;
const ENDING_STARTS_MAX = 24;
/** Ids in memory, about 100 bytes each. */
const IDS_MAX = 100_000;

/** Deletions that one statement writes. */
const STATEMENT_DELETIONS = 8_192;

interface Ending {
  readonly ending: string;
  /** Its id. */
  readonly word: number;
}

interface Change {
  /** How many more documents have the word. */
  by: number;
  /** The last one of them that was counted. */
  document: number;
}

export class VocabularyWriter {
  readonly #count;
  readonly #find;
  readonly #add;
  readonly #addEnding;
  readonly #addDeletions;
  /** By word: what changed since the last `store`. */
  readonly #changes = new Map<string, Change>();
  /** The number of the document whose words are being counted. */
  #document = 0;
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
    // Many in one statement: there are some twenty for each new word.
    this.#addDeletions = database.prepare<[string]>(
      'insert or ignore into word_deletions select value from json_each(?)',
    );
  }

  /** A document came or went: each word of its fields counts once, and runs do not. */
  change(fields: readonly FieldWords[], by: 1 | -1): void {
    const document = ++this.#document;
    for (const { words } of fields) {
      for (const { text, isRun } of words) {
        if (isRun) continue;
        const change = this.#changes.get(text);
        if (change === undefined) this.#changes.set(text, { by, document });
        else if (change.document !== document) {
          change.by += by;
          change.document = document;
        }
      }
    }
  }

  /** Words whose counts are not written yet. */
  get waitingWords(): number {
    return this.#changes.size;
  }

  store(): void {
    const deletions: number[] = [];
    const endings: Ending[] = [];
    // In the order of the words, as they are in the table.
    for (const word of [...this.#changes.keys()].sort()) {
      const { by } = this.#changes.get(word)!;
      if (by === 0) continue;
      const known = this.#ids.get(word) ?? this.#find.get(word);
      if (known === undefined) this.#addWord(word, by, endings, deletions);
      else this.#count.run(by, known);
      if (known !== undefined) this.#remember(word, known);
    }
    endings.sort((a, b) => (a.ending < b.ending ? -1 : 1));
    for (const { ending, word } of endings) this.#addEnding.run(ending, word);
    const sorted = Float64Array.from(deletions).sort();
    for (let from = 0; from < sorted.length; from += STATEMENT_DELETIONS)
      this.#addDeletions.run(
        JSON.stringify([...sorted.subarray(from, from + STATEMENT_DELETIONS)]),
      );
    this.#changes.clear();
  }

  #addWord(word: string, documents: number, endings: Ending[], deletions: number[]): void {
    const id = Number(this.#add.run(word, documents).lastInsertRowid);
    if (!isOfLetters(word)) return;
    const starts = Math.min(word.length - ENDING_LENGTH_MIN, ENDING_STARTS_MAX);
    for (let start = 1; start <= starts; start++)
      endings.push({ ending: word.slice(start), word: id });
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
