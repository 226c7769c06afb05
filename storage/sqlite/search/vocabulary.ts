// The words of a search index: how many documents have each, and where else each is looked up, by
// its endings and by its deletions. A word that no document has any more stays, with no documents.
//
// Of an index that is being made nothing is counted while documents come. Once all of them are in
// the inverted index, that one has the counts: they are taken over in the order of the words
// ('countNext'), in steps, and words behind the last one are still left alone by changes.

import type { Database } from 'better-sqlite3';
import { storedDeletions } from '../../search/deletions.ts';
import { documentWords } from '../../search/match.ts';
import { isOfLetters } from '../../search/query-terms.ts';
import type { TokenSource } from '../../search/token-writer.ts';
import { isOfRun } from '../../search/words.ts';
import { deletionKey } from './search-schema.ts';

/** The shortest ending that a word is found by, and how far into a word endings begin. */
const ENDING_LENGTH_MIN = 3;
const ENDING_STARTS_MAX = 24;
/** Ids in memory, about 100 bytes each. */
const IDS_MAX = 100_000;

/**
 * Of the tokens of words in any field (`storage/search/index-tokens.ts`), and what is behind them.
 */
const WORD_SCOPE = 'd';
const BEHIND_WORDS = 'e';
/** Deletions that one statement writes. */
const STATEMENT_DELETIONS = 8_192;

/** Before all words. */
const NOTHING = '';

interface CountedToken {
  readonly term: string;
  readonly documents: number;
}

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
  /** All words up to this one are counted; null: all are. */
  #countedTo: string | null = null;
  readonly #database: Database;
  readonly #tokens;
  readonly #last;

  constructor(database: Database) {
    this.#database = database;
    database.exec('create virtual table temp.tokens using fts5vocab(main, matches, row)');
    this.#tokens = database.prepare<[string, string, number], CountedToken>(
      `select term, doc as documents from temp.tokens where term > ? and term < ?
       order by term limit ?`,
    );
    this.#last = database.prepare<[], string>("select ifnull(max(word), '') from words").pluck();
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
  change(source: TokenSource, by: 1 | -1): void {
    if (this.#countedTo === NOTHING) return;
    const document = ++this.#document;
    for (const { words } of documentWords(source)) {
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

  store(): void {
    const deletions: number[] = [];
    const endings: Ending[] = [];
    // In the order of the words, as they are in the table.
    for (const word of [...this.#changes.keys()].sort()) {
      const { by } = this.#changes.get(word)!;
      if (by === 0 || !this.#isCounted(word)) continue;
      const known = this.#ids.get(word) ?? this.#find.get(word);
      if (known === undefined) this.#addWord(word, by, endings, deletions);
      else this.#count.run(by, known);
      if (known !== undefined) this.#remember(word, known);
    }
    this.#changes.clear();
    this.#addWays(endings, deletions);
  }

  /** Of an index whose documents are not all in the inverted index: nothing is counted. */
  defer(): void {
    this.#countedTo = NOTHING;
    // An earlier version counted words while documents came.
    if (this.#last.get() === NOTHING) return;
    for (const table of ['words', 'word_endings', 'word_deletions'])
      this.#database.exec(`delete from ${table}`);
  }

  /** Of any other index: all changes are counted. */
  countAll(): void {
    this.#countedTo = null;
  }

  /** Goes on where 'countNext' was, in this process or before it. */
  resume(): void {
    this.#countedTo = this.#last.get()!;
  }

  /**
   * Takes the counts of the next words from the inverted index, at most so many. False where none
   * are left.
   */
  countNext(words: number): boolean {
    const from = WORD_SCOPE + (this.#countedTo ?? NOTHING);
    const tokens = this.#tokens.all(from, BEHIND_WORDS, words);
    const deletions: number[] = [];
    const endings: Ending[] = [];
    for (const { term, documents } of tokens) {
      const word = term.slice(WORD_SCOPE.length);
      if (!isOfRun(word)) this.#addWord(word, documents, endings, deletions);
    }
    this.#addWays(endings, deletions);
    const isLast = tokens.length < words;
    this.#countedTo = isLast ? null : tokens.at(-1)!.term.slice(WORD_SCOPE.length);
    return !isLast;
  }

  /** In the order of the database: that of the bytes. */
  #isCounted(word: string): boolean {
    if (this.#countedTo === null) return true;
    return Buffer.compare(Buffer.from(word), Buffer.from(this.#countedTo)) <= 0;
  }

  #addWays(endings: Ending[], deletions: readonly number[]): void {
    endings.sort((a, b) => (a.ending < b.ending ? -1 : 1));
    for (const { ending, word } of endings) this.#addEnding.run(ending, word);
    const sorted = Float64Array.from(deletions).sort();
    for (let from = 0; from < sorted.length; from += STATEMENT_DELETIONS)
      this.#addDeletions.run(
        JSON.stringify([...sorted.subarray(from, from + STATEMENT_DELETIONS)]),
      );
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
