// The words of a query, as they are looked for.

import { SEARCH_TEXT_LENGTH_MAX } from '../../contracts/bounds.ts';
import { QUERY_WORDS_MAX } from '../ports/search-index.ts';
import { editsAllowed } from './edits.ts';
import { type Chunk, chunksOf, endsInWord } from './words.ts';

export interface QueryTerm {
  /** Folded, and written as one. */
  readonly text: string;
  /** What a document may have in its place, all of it in one field; one part: none but `text`. */
  readonly parts: readonly string[];
  /** A piece of a script without spaces: it matches wherever it is in a run. */
  readonly isRun: boolean;
  /** The last word of the query, which may not be finished. */
  readonly mayBeginWord: boolean;
  /** Edits that a word may be away; 0 for what is no word of letters. */
  readonly edits: 0 | 1 | 2;
  /** Whether it may be the end of a longer word; whether it may be anywhere in one. */
  readonly mayEndWord: boolean;
  readonly mayBeInside: boolean;
}

const LETTERS_ONLY = /^[\p{L}\p{M}]+$/u;
/** Shorter ones are in too many words by chance. */
const END_LENGTH_MIN = 3;
const INSIDE_LENGTH_MIN = 5;

export function queryTerms(query: string): QueryTerm[] {
  const read = query.slice(0, SEARCH_TEXT_LENGTH_MAX);
  const chunks = chunksOf(read);
  const isOpen = endsInWord(read);
  const terms = new Map<string, QueryTerm>();
  for (const [index, chunk] of chunks.entries()) {
    const { joined: text, parts } = chunk;
    const isRun = parts[0]!.isRun;
    const isWord = !isRun && isOfLetters(text);
    const mayBeginWord = !isRun && isOpen && index === chunks.length - 1;
    if (terms.get(text)?.mayBeginWord === false && !mayBeginWord) continue;
    if (terms.size === QUERY_WORDS_MAX) break;
    terms.set(text, {
      text,
      parts: parts.map((part) => part.text),
      isRun,
      mayBeginWord,
      edits: isWord ? editsAllowed(text) : 0,
      mayEndWord: isWord && text.length >= END_LENGTH_MIN,
      mayBeInside: isWord && text.length >= INSIDE_LENGTH_MIN,
    });
  }
  return [...terms.values()];
}

/** Only such words match by a piece of them or mistyped: of two numbers neither is meant. */
export function isOfLetters(text: string): boolean {
  return LETTERS_ONLY.test(text);
}

/** Equal for texts that are written alike but for spaces, hyphens, case and marks. */
export function wholeNameOf(text: string): string {
  return wholeOf(chunksOf(text));
}

export function wholeOf(chunks: readonly Chunk[]): string {
  let whole = '';
  for (const { joined } of chunks) whole += whole === '' ? joined : ` ${joined}`;
  return whole;
}
