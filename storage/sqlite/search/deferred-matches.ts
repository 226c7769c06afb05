// An index that is being made, and that nobody searches yet, has documents only: they change again
// and again while their parts come in. What they are found by is made at the end, in few large
// steps, each of which is a transaction: most of the cost of a small change is that of the words
// and lists that it touches, however few documents it has. Documents are taken in the order of
// their places, so the place that was reached says which ones are done, also after a crash, and a
// change meanwhile knows whether its documents are to be found already. Then the words are counted.
// Indexes of the documents are made at the end, too: kept while documents come, one in the order of
// creators costs half as much as the documents. The feed lists by it only where names change.

import type { Database } from 'better-sqlite3';
import type { MatchWriter } from './match-writer.ts';
import { DEFERRED_INDEXES, type ListIndex, UNLISTED_FROM } from './search-schema.ts';
import { TOKEN_COLUMNS, type TokenRow, tokenSourceOf } from './token-rows.ts';

/** Of one step: documents, or words, of which each has some thirty rows. */
const STEP_SIZE = 32_768;
const PAGE_ROWS = 512;
/** In place of a place: all documents are indexed, and words are left to be counted. */
const WORDS_LEFT = UNLISTED_FROM + 1;
/**
 * Segments of a level that FTS5 merges, little by little ('automerge') or all at once where there
 * are very many ('crisismerge'): its own defaults, and those of an index that is being made, which
 * is merged at the end. So most lists are written twice and not four times.
 */
const MERGING = { automerge: 4, crisismerge: 16 } as const;
const MERGING_LATER = { automerge: 0, crisismerge: 512 } as const;

export class DeferredMatches {
  readonly #matches: MatchWriter;
  readonly #database: Database;
  readonly #load;
  readonly #save;
  readonly #rows;
  readonly #isEmpty;
  /** Indexes that are known to be there. */
  readonly #made = new Set<ListIndex>();
  #below = UNLISTED_FROM;

  constructor(database: Database, matches: MatchWriter) {
    this.#database = database;
    this.#matches = matches;
    this.#load = database.prepare<[], number>('select below from indexed').pluck();
    this.#save = database.prepare<[number]>('update indexed set below = ?');
    this.#rows = database
      .prepare<[number, number, number], TokenRow>(
        `select ${TOKEN_COLUMNS} from documents where place >= ? and place < ?
         order by place limit ?`,
      )
      .raw();
    this.#isEmpty = database
      .prepare<[], number>('select not exists (select 1 from documents)')
      .pluck();
    this.#resume();
  }

  /** Listed documents at places below are found; others are still to be indexed. */
  get below(): number {
    return this.#below;
  }

  /** Begins to defer, where the index has no documents yet. Idempotent. */
  defer(): void {
    if (this.#below !== UNLISTED_FROM || this.#isEmpty.get() === 0) return;
    this.#saveBelow(0);
    this.#matches.vocabulary.defer();
    this.#mergeAt(MERGING_LATER);
    for (const name of Object.keys(DEFERRED_INDEXES)) this.#database.exec(`drop index ${name}`);
    this.#made.clear();
  }

  /** Before documents are listed by it. */
  makeIndex(name: ListIndex): void {
    if (this.#made.has(name)) return;
    this.#database.exec(DEFERRED_INDEXES[name]);
    this.#made.add(name);
  }

  /** The next documents, or words, at most `size`. False where nothing is left to be indexed. */
  step(size = STEP_SIZE): boolean {
    if (this.#below === UNLISTED_FROM) return false;
    if (this.#below !== WORDS_LEFT) this.#indexNext(size);
    else if (!this.#matches.vocabulary.countNext(size)) this.#end();
    return this.#below !== UNLISTED_FROM;
  }

  #indexNext(documents: number): void {
    let from = this.#below;
    let left = documents;
    while (left > 0 && from < UNLISTED_FROM) {
      const limit = Math.min(left, PAGE_ROWS);
      const rows = this.#rows.all(from, UNLISTED_FROM, limit);
      for (const row of rows) this.#matches.add({ place: row[0], document: tokenSourceOf(row) });
      from = rows.length < limit ? WORDS_LEFT : rows.at(-1)![0] + 1;
      left -= limit;
    }
    this.#saveBelow(from);
    if (from === WORDS_LEFT) this.#matches.vocabulary.resume();
  }

  #end(): void {
    this.#saveBelow(UNLISTED_FROM);
    for (const statement of Object.values(DEFERRED_INDEXES)) this.#database.exec(statement);
  }

  /** From now on what changes is merged as it comes. */
  serve(): void {
    this.#mergeAt(MERGING);
  }

  rolledBack(): void {
    this.#made.clear();
    this.#resume();
  }

  /** Where the file says that it was. */
  #resume(): void {
    this.#below = this.#load.get()!;
    const { vocabulary } = this.#matches;
    if (this.#below === WORDS_LEFT) vocabulary.resume();
    else if (this.#below < UNLISTED_FROM) vocabulary.defer();
    else vocabulary.countAll();
  }

  /** Numbers are written out: FTS5 takes no real one, as which they would be bound. */
  #mergeAt(segments: typeof MERGING | typeof MERGING_LATER): void {
    for (const [name, count] of Object.entries(segments))
      this.#database.exec(`insert into matches (matches, rank) values ('${name}', ${count})`);
  }

  #saveBelow(below: number): void {
    this.#save.run(below);
    this.#below = below;
  }
}
