// Looks words up in the vocabulary of a search index. Each look-up reads a bounded number of rows,
// however large the vocabulary: of very many words with one beginning, the first are taken.

import type { Database } from 'better-sqlite3';
import { deletionHashes } from '../../search/deletions.ts';
import { editDistance } from '../../search/edits.ts';
import { isOfLetters, type QueryTerm } from '../../search/query-terms.ts';
import { deletionKey } from './search-schema.ts';
import type { MatchReader } from './match-reader.ts';
import type { KnownWord, Vocabulary } from '../../search/search-plan.ts';

/** Words that are looked at for all words of a query together, of each kind. */
const LOOKED_AT_MAX = 2048;
/** Each of them, in postings. */
const WORD_POSTINGS = 50;
/** Words under one hash: only very short beginnings have more. */
const SAME_HASH_MAX = 128;
/** Different beginnings that are a letter longer than a text: more than alphabets have letters. */
const BEGINNINGS_MAX = 64;
/** Above every text that begins with what is before it. */
const END = '\u{10ffff}';

export class VocabularyReader implements Vocabulary {
  readonly #documentsWith;
  readonly #beginning;
  readonly #next;
  readonly #ending;
  readonly #inside;
  readonly #deletion;
  readonly #matches: MatchReader;
  /** Words that are looked at for each word of the query. */
  #share = LOOKED_AT_MAX;

  constructor(database: Database, matches: MatchReader) {
    this.#matches = matches;
    this.#documentsWith = database
      .prepare<[string], number>('select documents from words where word = ?')
      .pluck();
    this.#beginning = database.prepare<[string, string, number], KnownWord>(
      `select word, documents from words where word > ? and word < ? order by word limit ?`,
    );
    this.#next = database
      .prepare<[string, string], string>(
        'select word from words where word > ? and word < ? order by word limit 1',
      )
      .pluck();
    const byEnding = (where: string) =>
      database.prepare<[string, string, number], KnownWord>(
        `select words.word, words.documents
         from word_endings join words on words.id = word_endings.word
         where ${where} limit ?`,
      );
    this.#ending = byEnding('ending = ? and ending = ?');
    this.#inside = byEnding('ending >= ? and ending < ?');
    this.#deletion = database.prepare<[number, number, number, number], KnownWord>(
      `select word, documents from word_deletions join words on words.id = hash_and_word - ?
       where hash_and_word > ? and hash_and_word < ? order by hash_and_word limit ?`,
    );
  }

  /** A query of so many words begins. */
  begin(words: number): void {
    this.#share = Math.floor(LOOKED_AT_MAX / Math.max(1, words));
  }

  get documents(): number {
    return this.#matches.documentCount;
  }

  documentsWithToken(name: string): number {
    return this.#matches.documentsWith(name);
  }

  documentsWith(word: string): number {
    this.#matches.addPostings(WORD_POSTINGS);
    return this.#documentsWith.get(word) ?? 0;
  }

  beginningWith(text: string, limit: number): readonly KnownWord[] {
    return mostFrequent(this.#looked(this.#beginning.all(text, text + END, LOOKED_AT_MAX)), limit);
  }

  beginnings(text: string, length: number): readonly string[] {
    const found: string[] = [];
    let after = text;
    while (found.length < BEGINNINGS_MAX) {
      const [word] = this.#looked(this.#next.all(after, text + END));
      if (word === undefined) break;
      const beginning = word.slice(0, length);
      // A pair of surrogates that is cut has no order.
      if (beginning === found.at(-1)) break;
      found.push(beginning);
      after = beginning + END;
    }
    return found;
  }

  containing({ text, mayBeInside }: QueryTerm, limit: number): readonly KnownWord[] {
    if (!mayBeInside)
      return mostFrequent(this.#looked(this.#ending.all(text, text, this.#share)), limit);
    const most = Math.floor(this.#share / 2);
    const inside = this.#looked(this.#inside.all(text, text + END, most));
    const beginning = this.#looked(this.#beginning.all(text, text + END, most));
    const found = [...inside, ...beginning.filter(({ word }) => isOfLetters(word))];
    return mostFrequent(found, limit);
  }

  near({ text, edits }: QueryTerm, limit: number): readonly KnownWord[] {
    const near = new Map<string, KnownWord & { readonly distance: number }>();
    let looked = 0;
    for (const hash of deletionHashes(text, edits)) {
      const first = deletionKey(hash, 0);
      const end = deletionKey(hash + 1, 0);
      const most = Math.min(SAME_HASH_MAX, this.#share - looked);
      for (const known of this.#deletion.iterate(first, first, end, most)) {
        looked += 1;
        const { word, documents } = known;
        if (documents === 0 || word === text || near.has(word)) continue;
        const distance = editDistance(word, text, edits);
        if (distance <= edits) near.set(word, { word, documents, distance });
      }
    }
    this.#matches.addPostings(looked * WORD_POSTINGS);
    return [...near.values()]
      .sort((a, b) => a.distance - b.distance || compareFrequency(a, b))
      .slice(0, limit);
  }

  #looked<T>(words: readonly T[]): readonly T[] {
    this.#matches.addPostings(words.length * WORD_POSTINGS);
    return words;
  }
}

function mostFrequent(words: readonly KnownWord[], limit: number): KnownWord[] {
  const distinct = new Map(words.map((known) => [known.word, known]));
  return [...distinct.values()]
    .filter(({ documents }) => documents > 0)
    .sort(compareFrequency)
    .slice(0, limit);
}

/** The same every time: by the word where as many documents have both. */
function compareFrequency(a: KnownWord, b: KnownWord): number {
  return b.documents - a.documents || (a.word < b.word ? -1 : 1);
}
