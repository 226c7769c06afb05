// The search index port (Q1 to Q5): documents that are found by words, and the positions of the
// streams that they are made from. An index is a projection: it can be made again from the change
// stream and the journals, and each node that searches has one of its own.
//
// A document is one thing that can be found: a product, a drop or a creator, known by its type and
// id. It has everything that is searched, filtered, sorted and shown, so a search reads nothing
// else. A drop's document therefore carries the name and description of its product and the name of
// its creator; whoever feeds the index changes all documents that a changed name is in (`list`
// finds them). The index knows no rules of drops: a status is what the feed says.
//
// What is found. Words of the query are compared with the words of name, creator's name and
// description after Unicode folding (`storage/search/fold.ts`); every word has to match. A word
// matches in one of four grades:
//   exact   a word of the document is the word of the query ("AJ-1", "aj 1" and "aj1" are the same)
//   prefix  of the last word of the query only: a word of the document begins with it
//   within  it is inside of a longer word, as "schuhe" in "Laufschuhe"
//   typo    one edit from 4 letters, two from 8; two neighbours that changed places are one edit
// A document's grade is that of its worst word. Typos are looked for only where fewer than
// `FEW_HITS` documents are found without.
//
// How hits are ordered by `relevance`: by grade; a name that is the whole query first; then whether
// all words are in the name, in name and creator, or elsewhere; then the order of the words,
// popularity, and the start. The same query on the same index has the same order. Where a query
// has more hits than a page's work allows to compare, the most popular ones are compared first.

import type { DropStatus } from '../../contracts/drops.ts';
import type { PageRequest } from '../../contracts/paging.ts';
import type { SearchFilter, SearchType } from '../../contracts/search.ts';

export interface SearchKey {
  readonly type: SearchType;
  readonly id: string;
}

export interface SearchDocument extends SearchKey {
  /**
   * False: stored, and given to the feed by `find` and `list`, but found by nobody. For what is
   * hidden, and for facts that came before the rest of their document.
   */
  readonly listed: boolean;
  /** The product's name; of a drop, its product's; of a creator, their own. */
  readonly name: string;
  /** Of the product; empty where there is none. */
  readonly description: string;
  /** Of a creator, their own id. */
  readonly creatorId: string;
  /** Empty for a creator, whose name is `name`. */
  readonly creatorName: string;
  /** Of a drop; null otherwise. */
  readonly productId: string | null;
  /** The present status; null where there is none. Only what has one is found by a status. */
  readonly status: DropStatus | null;
  /** With `amount`, the price of a unit in the currency's minor unit; null where there is none. */
  readonly currency: string | null;
  readonly amount: number | null;
  /** Milliseconds since the Unix epoch; null where nothing starts. */
  readonly startsAt: number | null;
  /** Milliseconds since the Unix epoch. */
  readonly createdAt: number;
  /**
   * Followers, units sold, or whatever makes one of two equal hits the better one; 0 or more. It
   * may change often: while its logarithm stays about the same, a change costs one row.
   */
  readonly popularity: number;
  /** Which bucket or shard the document came from, for `list`. The index does not read it. */
  readonly source: number;
  /** Of the record that the document was made from. The index neither compares nor reads it. */
  readonly version: number;
}

/** How far a stream is in the index: a bucket of the change stream or a shard's journal. */
export interface SearchPosition {
  /** Which stream, such as the name of its consumer. */
  readonly name: string;
  readonly part: number;
  readonly sequence: number;
}

export interface SearchChange {
  /**
   * Added, or replaces the document with its key. Of one key in the list twice, the last counts. An
   * upsert of what is stored already costs a comparison.
   */
  readonly upserts?: readonly SearchDocument[];
  /** A key without a document changes nothing. None of the keys is in `upserts`. */
  readonly deletes?: readonly SearchKey[];
  /** Stored as given: they may go back. */
  readonly positions?: readonly SearchPosition[];
}

/** Which documents `list` gives; in every case in the order of type, then id. */
export type DocumentFilter =
  | { readonly of: 'type'; readonly type: SearchType }
  | { readonly of: 'source'; readonly type: SearchType; readonly source: number }
  /** The creator's own document as well. */
  | { readonly of: 'creator'; readonly creatorId: string }
  /** The drops of a product. */
  | { readonly of: 'product'; readonly productId: string };

/** What is written, and read by who writes. Listed or not makes no difference here. */
export interface SearchFeed {
  /**
   * Upserts, deletes and positions in one atomic step: after a crash all of them are there or none.
   * Calls take effect in the order in which they are made. Found by every search that begins after
   * it resolves. At most `CHANGE_DOCUMENTS_MAX` documents and keys. Errors: `store-unavailable`.
   */
  apply(change: SearchChange): Promise<void>;
  /** The stored sequence; 0 without one. Errors: `store-unavailable`. */
  position(name: string, part: number): Promise<number>;
  /** In the order of the keys; null for those without a document. Errors: `store-unavailable`. */
  find(keys: readonly SearchKey[]): Promise<readonly (SearchDocument | null)[]>;
  /**
   * At most `limit` documents after a key (null: from the first), as they are when each call is
   * answered. Fewer than `limit`: there are no more. Errors: `store-unavailable`.
   */
  list(
    filter: DocumentFilter,
    after: SearchKey | null,
    limit: number,
  ): Promise<readonly SearchDocument[]>;
}

export interface SearchRequest extends SearchFilter {
  readonly page: PageRequest;
  /** Whether `counts` is wanted. It costs as much as the page. */
  readonly withCounts?: boolean;
  /** Whether each hit has its `explanation`, and the page its `work`. */
  readonly withExplanations?: boolean;
}

/** A piece of a text: whether it matches the query. The pieces together are the text. */
export interface TextPart {
  readonly text: string;
  readonly match: boolean;
}

export type MatchGrade = 'exact' | 'prefix' | 'within' | 'typo';
export type MatchField = 'name' | 'creator' | 'description';

/** How one word of the query matches: which word of the document, where. */
export interface WordMatch {
  readonly word: string;
  readonly found: string;
  readonly grade: MatchGrade;
  readonly field: MatchField;
}

/** Why a hit stands where it stands, in the order in which the reasons are compared. */
export interface Explanation {
  readonly grade: MatchGrade;
  /** The query is the whole name. */
  readonly isWholeName: boolean;
  /** The field that the worst placed word is in. */
  readonly field: MatchField;
  /** The name has the words of the query one after another. */
  readonly isPhrase: boolean;
  /** A class of popularities, each about half as popular again as the one below. */
  readonly popularityClass: number;
  /** Words of the name: the shorter name is first. */
  readonly nameWords: number;
  readonly popularity: number;
  readonly startsAt: number | null;
  readonly words: readonly WordMatch[];
}

export interface SearchHit {
  /** As stored, but the description, which is a snippet. */
  readonly document: Omit<SearchDocument, 'description'>;
  /** The whole name. */
  readonly name: readonly TextPart[];
  readonly creatorName: readonly TextPart[];
  /** About `SNIPPET_LENGTH_MAX` of the description, from where it matches first. */
  readonly description: readonly TextPart[];
  readonly explanation: Explanation | null;
}

export interface StatusCount {
  readonly status: DropStatus;
  readonly count: number;
  /** False: there are at least as many. */
  readonly isExact: boolean;
}

export interface SearchPage {
  readonly hits: readonly SearchHit[];
  /**
   * Null at the end. A page may have fewer hits than its limit, or none, with another page behind
   * it: then its work was used up. No cursor is too deep, and each page costs as much as the first.
   * Documents that change meanwhile may come twice or not at all; `stream` has one state.
   */
  readonly nextCursor: string | null;
  /**
   * Hits by status, of all that the query and the filters but `status` let through; a status
   * without hits is left out. Null where not wanted.
   */
  readonly counts: readonly StatusCount[] | null;
  /** Words that were looked for in place of mistyped ones, such as `runers` and `runners`. */
  readonly corrections: readonly { readonly word: string; readonly found: string }[];
  /** Null where not wanted, and from a driver that reads all documents. */
  readonly work: SearchWork | null;
}

/** What was read for a page. It is bounded, whatever is asked and however large the index. */
export interface SearchWork {
  /**
   * Entries of words' lists of documents, at most: some may have been skipped. Words of the
   * vocabulary that are looked at, and other rows, count as several.
   */
  readonly postings: number;
  /** Documents that were read and compared. */
  readonly documents: number;
  /** Characters of texts that were compared; more for more words of the query. */
  readonly text: number;
  /** CPU time of the searching thread, in microseconds, as exact as the kernel's ticks. */
  readonly cpuMicros: number;
}

/** All hits of a query as of one moment, in the order of pages. */
export interface SearchStream {
  /**
   * The next hits, at most `STREAM_CHUNK_HITS`; null at the end. None where hits are far apart and
   * the next one is not found soon: the caller asks again. One call at a time. It goes on when the
   * index is replaced by a rebuilt one. Errors: `stream-expired` after `STREAM_MS_MAX`, where the
   * moment holds more than `STREAM_LOG_BYTES_MAX` of changes back, or was lost;
   * `store-unavailable`.
   */
  next(): Promise<readonly SearchHit[] | null>;
  /** Lets the moment go. Idempotent, and needed only before the end. */
  close(): Promise<void>;
}

export interface Suggestion extends SearchKey {
  /** A name that completes what was typed. */
  readonly name: readonly TextPart[];
}

export interface SearchSize {
  /** Documents that can be found. */
  readonly listed: number;
  /** All documents. */
  readonly stored: number;
  /** Different words. */
  readonly words: number;
  /** Of the index's file; 0 in memory. */
  readonly bytes: number;
}

/** An index that is made anew while the present one serves, with positions of its own. */
export interface SearchRebuild {
  /** What was applied before a crash is still there, with its positions. */
  readonly feed: SearchFeed;
  size(): Promise<SearchSize>;
  /**
   * One step of what is left to be done once it is filled, so that it is quick to search; it can be
   * fed between two steps. False where nothing is left. Errors: `store-unavailable`.
   */
  finish(): Promise<boolean>;
  /**
   * Makes this the index that serves, in place of the present one, which is deleted. Durable when
   * it resolves. Searches and changes that come meanwhile wait for it. Cursors of the old index
   * stay valid. Errors: `store-unavailable`: the old index serves on.
   */
  swapIn(): Promise<void>;
  /** Deletes what was built. */
  abandon(): Promise<void>;
}

/** As in the first moments of a node whose index is made, or made anew for another format. */
export class IndexNotThereError extends Error {
  readonly code = 'index-not-there';
}

/**
 * What asks an index. All calls raise `index-not-there`, after some seconds in which none came.
 */
export interface SearchReader {
  /** Errors: `invalid-cursor`, also of another query; `store-unavailable`. */
  search(request: SearchRequest): Promise<SearchPage>;
  /**
   * Names that complete a text, the best first, each name once; at most `SUGGESTIONS_MAX`. Errors:
   * `store-unavailable`.
   */
  suggest(text: string, type: SearchType | null, limit: number): Promise<readonly Suggestion[]>;
  /**
   * Null: as many streams as `STREAMS_MAX` are open. Errors: `store-unavailable`.
   */
  stream(query: SearchFilter): Promise<SearchStream | null>;
  close(): Promise<void>;
}

/** What fills an index, and makes it anew. One at a time; readers follow it by themselves. */
export interface SearchWriter {
  readonly feed: SearchFeed;
  /** Errors: `store-unavailable`. */
  size(): Promise<SearchSize>;
  /**
   * Begins a rebuild with an empty index, or continues the one that was under way when the process
   * ended: `isResumed`. One at a time: while one is under way, the same one. Errors:
   * `store-unavailable`.
   */
  rebuild(): Promise<SearchRebuild & { readonly isResumed: boolean }>;
  /** Whether a rebuild is under way, or was when the process ended. */
  isRebuilding(): Promise<boolean>;
  close(): Promise<void>;
}

export class StreamExpiredError extends Error {
  readonly code = 'stream-expired';
}

/** Documents and keys of one change. */
export const CHANGE_DOCUMENTS_MAX = 4096;
/** Typos are looked for below this many hits. */
export const FEW_HITS = 10;
/** Words of a query that are looked for; further ones are passed over. */
export const QUERY_WORDS_MAX = 12;
/** Characters of a description whose words are found. */
export const DESCRIPTION_SEARCHED_MAX = 2000;
/** Characters of a highlighted piece of a description. */
export const SNIPPET_LENGTH_MAX = 160;
/** Counts by status are exact up to this. */
export const COUNTED_MAX = 1000;
export const STREAMS_MAX = 8;
export const STREAM_CHUNK_HITS = 256;
export const STREAM_MS_MAX = 10 * 60_000;
/** A moment that is read keeps all changes since in the log of the index's file. */
export const STREAM_LOG_BYTES_MAX = 128 << 20;
